"""What a local HAProxy is to be: its sections, and the servers of each backend.

Values only. A name, an address or a word that stands in one of these was looked at
where it came in (`whitelist`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

HEAVIEST: Final = 256
"""The greatest weight that HAProxy knows."""
NOWHERE: Final = ("127.0.0.1", 1)
"""Where a prepared place leads to that no server has: nobody listens there."""
UNUSED: Final = "disabled"
"""The word that such a place has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a backend, as its line in the file has it."""

    name: str
    """Holds address and port, so that what is known of one is never another's."""
    address: str
    """An IP address literal, or a host name."""
    port: int
    id: int = 0
    """HAProxy's number for it; 0: HAProxy chooses."""
    cookie: str = ""
    weight: int | None = None
    """0 to 256; None: what HAProxy's default is."""
    backup: bool = False
    options: tuple[str, ...] = ()
    """The other words of its line, in their order."""

    @property
    def place(self) -> str:
        """Where it is reached, as HAProxy reads it: IPv6 without brackets."""
        return f"{self.address}:{self.port}"

    @property
    def unused(self) -> bool:
        """Whether it is a prepared place that nobody has."""
        return (self.address, self.port) == NOWHERE and UNUSED in self.options

    @property
    def weight_in_force(self) -> int:
        """What its line makes of it: HAProxy's default is 1."""
        if self.weight is not None:
            return self.weight
        said = [value for word, value in pairwise(self.options) if word == "weight"]
        # What is no number HAProxy refuses itself.
        return int(said[-1]) if said and said[-1].isdecimal() else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A frontend, a listen section or any other, with its lines below the title."""

    title: str
    """Its first line, such as `frontend web`."""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A backend: HAProxy's, which has nothing to do with a registry."""

    name: str
    lines: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    """In the order of the file; their names are all different."""
    spare: Server | None = None
    """What a prepared place is while nobody has it; None: it has no such places."""
    slots: int = 0
    """How many of those there are at least."""
    dynamic: bool = True
    """Whether its balancing lets servers come and go without a reload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything that is in the file, section by section in its order."""

    fixed: tuple[Section, ...] = ()
    """global, defaults, and whatever else no registry has a say in."""
    frontends: tuple[Section, ...] = ()
    backends: Mapping[str, Backend] = field(default_factory=dict)
    """By their names, in the order of the file."""
