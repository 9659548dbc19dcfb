"""What a running HAProxy can do, found by asking it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registrator.errors import ConfigError, Unavailable
from registrator_haproxy.runtime.answers import Reason, refusal
from registrator_haproxy.runtime.console import Console

# For 2.6: see `Capabilities.grace`.
_GRACE: Final = 1.0
_KEYWORD: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one worker can do; another one, after a reload, may be another version."""

    version: str
    pid: int
    adds: bool
    """Whether servers can come and go without a reload at all: since 2.4."""
    experimental: bool
    """Whether that has to be called an experiment first: 2.4 and 2.5."""
    waits: bool
    """Whether it tells when a server can be deleted: since 3.0."""
    options: frozenset[str] | None
    """Those that an added server may have; None: it tells only when one is added."""

    @property
    def grace(self) -> float:
        """Seconds that a server is left alone before it is deleted.

        Before 3.0, which tells when it is safe, a request may still refer to a server
        of which no count knows: HAProxy 95c4d2482 and 1b8c5abee, haproxy#2298, not in
        Debian's 2.6.12.
        """
        return 0.0 if self.waits else _GRACE


async def discover(console: Console) -> Capabilities:
    """Ask what it can do; nothing is changed by that.

    Raises `ConfigError` if the socket's level does not allow changes.
    """
    process = _process(await console.ask("show", "info"))
    adding = await console.ask("add", "server")
    if "permission denied" in adding.lower():
        raise ConfigError(f"{console}: not of level admin")
    said = refusal(adding)
    experimental = "experimental mode only" in adding.lower()
    waiting = await console.ask("wait", "-h")
    listing = await console.ask("add", "server", "help")
    try:
        return Capabilities(
            version=process["Version"],
            pid=int(process["Pid"]),
            adds=experimental or said is None or said.reason is not Reason.UNABLE,
            experimental=experimental,
            waits="srv-removable" in waiting,
            options=_keywords(listing),
        )
    except (KeyError, ValueError) as error:
        raise Unavailable(f"{console}: what it says of itself is not all") from error


def _process(listing: str) -> Mapping[str, str]:
    lines = (line.partition(": ") for line in listing.splitlines())
    return {name: value for name, _, value in lines}


def _keywords(listing: str) -> frozenset[str] | None:
    """Read `add server help`, which 3.2 answers with a keyword a line."""
    words = (line.split()[0] for line in listing.splitlines() if line.strip())
    found = frozenset(word for word in words if _KEYWORD.fullmatch(word))
    return found if {"weight", "check"} <= found else None
