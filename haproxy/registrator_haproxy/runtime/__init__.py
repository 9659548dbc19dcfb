"""A running HAProxy: what it has, what it can, and changes to its servers.

Nothing here decides. The caller compares a layout with what runs (`look`), and says
which servers of which backend come, change, and go (`RunningBackend`, `remove`).
"""

from registrator_haproxy.runtime.answers import Reason, Refusal
from registrator_haproxy.runtime.capabilities import Capabilities, discover
from registrator_haproxy.runtime.console import Console
from registrator_haproxy.runtime.live import (
    Admin,
    Figures,
    Key,
    LiveServer,
    Load,
    State,
)
from registrator_haproxy.runtime.removal import remove
from registrator_haproxy.runtime.running import (
    NoBackend,
    Refusals,
    RunningBackend,
    RunningPlaces,
    by_backend,
    figures,
    glance,
    look,
)

__all__ = [
    "Admin",
    "Capabilities",
    "Console",
    "Figures",
    "Key",
    "LiveServer",
    "Load",
    "NoBackend",
    "Reason",
    "Refusal",
    "Refusals",
    "RunningBackend",
    "RunningPlaces",
    "State",
    "by_backend",
    "discover",
    "figures",
    "glance",
    "look",
    "remove",
]
