"""Where HAProxy listens, as a configuration says it and as HAProxy does. Pure."""

import re
from dataclasses import dataclass
from typing import Final

_LOCAL: Final = "127.0.0.1"
_UNIX: Final = re.compile(r"unix@(/[A-Za-z0-9_./-]{1,100})")
_PLACE: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z_.*-]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Bind:
    """One address that HAProxy listens on."""

    address: str
    """An IP address, a host's name, `*`, or a path for a unix socket."""
    port: int = 0
    """0 for a unix socket."""

    def __str__(self) -> str:
        if not self.port:
            return f"unix@{self.address}"
        # HAProxy takes what follows the last colon for the port.
        return f"{self.address}:{self.port}"


def read_bind(said: object) -> Bind:
    """Read `8080`, `10.0.0.1:8080`, `[::1]:8080` or `unix@/path`; raise ValueError.

    A port alone is on loopback: nothing listens beyond it unless somebody says so.
    """
    if isinstance(said, bool) or not isinstance(said, int | str):
        raise ValueError("a place to listen on is a port, or text")  # noqa: TRY004  a value's
    text = str(said)
    if text.isdecimal():
        return Bind(_LOCAL, _port(text))
    if found := _UNIX.fullmatch(text):
        return Bind(found[1])
    if found := _PLACE.fullmatch(text):
        return Bind(found[1] or found[2], _port(found[3]))
    raise ValueError(
        f"{text[:60]!r} is no place to listen on: 8080, 10.0.0.1:8080, [::1]:8080 or"
        " unix@/run/web.sock"
    )


def _port(said: str) -> int:
    number = int(said)
    if not 1 <= number <= 65535:
        raise ValueError(f"{number} is no port")
    return number
