"""How much clients may have: the options of the responder's URI that bound them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registrator_dns import wire

NAMES: Final[Mapping[str, str]] = {
    "connections": "256",
    "idle": "10",
    "udp-size": str(wire.OWN_UDP),
    "rate-limit": "0",
    "cookie-secret-file": "",
}
"""The options, with their defaults."""

_RANGES: Mapping[str, tuple[int, int]] = {
    "connections": (1, 65_535),
    "idle": (1, 86_400),
    "udp-size": (wire.PLAIN_UDP, 4096),
    "rate-limit": (0, 1_000_000),
}
_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What clients may have of this responder."""

    connections: int
    """TCP connections at one time, of all clients together."""
    idle: float
    """Seconds after which a silent TCP connection is closed."""
    udp_size: int
    """Octets of the largest answer over UDP."""
    rate: int
    """Answers of one kind a second for one network over UDP; 0: any number."""
    secret: bytes
    """What cookies are made with; empty: the process makes one for itself."""


def read(pairs: Mapping[str, str], mistakes: list[str]) -> Limits:
    """Read the options, defaults included; note every mistake."""
    numbers = {name: _number(name, pairs[name], mistakes) for name in _RANGES}
    return Limits(
        connections=numbers["connections"],
        idle=float(numbers["idle"]),
        udp_size=numbers["udp-size"],
        rate=numbers["rate-limit"],
        secret=_secret(pairs["cookie-secret-file"], mistakes),
    )


def _number(name: str, text: str, mistakes: list[str]) -> int:
    least, most = _RANGES[name]
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)):
        number = int(text)
        if least <= number <= most:
            return number
    mistakes.append(f"{name} {text!r} is not a number from {least} to {most}")
    return least


def _secret(path: str, mistakes: list[str]) -> bytes:
    """Read a file of 32 hexadecimal digits; what it holds is never told."""
    if not path:
        return b""
    try:
        text = Path(path).read_text(encoding="ascii").strip()
        secret = bytes.fromhex(text)
    except OSError as error:
        mistakes.append(f"cookie-secret-file {path!r}: {error.strerror}")
    except ValueError:
        mistakes.append(f"cookie-secret-file {path!r} does not hold hexadecimal digits")
    else:
        if len(secret) == _SECRET:
            return secret
        mistakes.append(f"cookie-secret-file {path!r} does not hold {_SECRET} octets")
    return b""
