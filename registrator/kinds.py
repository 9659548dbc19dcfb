"""The kinds of values that settings take: how each is read, named and published."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)

_DECIMAL = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """One kind of value; *read* raises ValueError with what it wanted instead."""

    read: Callable[[str], T_co]
    placeholder: str
    schema: Mapping[str, object]
    """JSON Schema of the value in a configuration file."""


def _text(given: str) -> str:
    if not given.isprintable():
        raise ValueError("text without control characters")
    return given


def _boolean(given: str) -> bool:
    """Read what Go's strconv.ParseBool reads, in any case, and yes, no, on, off."""
    value = {
        **dict.fromkeys(("1", "t", "true", "yes", "on"), True),
        **dict.fromkeys(("0", "f", "false", "no", "off"), False),
    }.get(given.lower())
    if value is None:
        raise ValueError("true or false")
    return value


def _address(given: str) -> str:
    wanted = "an IP address that clients can reach"
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        raise ValueError(wanted) from None
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified or address.is_multicast or "%" in str(address):
        raise ValueError(wanted)
    return str(address)


def _number(text: str) -> float:
    """Read a decimal number; -1 for the rest, of which float() takes `nan`, `1_0`..."""
    return float(text) if _DECIMAL.fullmatch(text) else -1.0


def _seconds(given: str) -> float:
    seconds = _number(given.removesuffix("s"))
    if not 0.0 <= seconds <= 1e9:
        raise ValueError("a number of seconds, 0 or more")
    return seconds


def _share(given: str) -> float:
    percent = given.endswith("%")
    share = _number(given.removesuffix("%")) / (100 if percent else 1)
    if not 0.0 <= share <= 1.0:
        raise ValueError("a share from 0 to 1, or 0% to 100%")
    return share


def _name(given: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?", given):
        raise ValueError("a host name: letters, digits, dots, dashes, underscores")
    return given


TEXT = Kind(_text, "text", {"type": "string"})
BOOLEAN = Kind(_boolean, "", {"type": "boolean"})
ADDRESS = Kind(_address, "address", {"type": "string"})
SECONDS = Kind(_seconds, "seconds", {"type": "number", "minimum": 0})
SHARE = Kind(_share, "share", {"type": ["number", "string"]})
NAME = Kind(_name, "name", {"type": "string"})
PATH = Kind(_text, "file", {"type": "string"})
DIRECTORY = Kind(_text, "directory", {"type": "string"})
WORDS = Kind(
    lambda given: tuple(given.split()),
    "URI ...",
    {"type": "array", "items": {"type": "string"}},
)


def whole(least: int, placeholder: str = "number") -> Kind[int]:
    """Make the kind of whole numbers from *least* on."""

    def read(given: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", given) or int(given) < least:
            raise ValueError(f"a whole number, {least} or more")
        return int(given)

    return Kind(read, placeholder, {"type": "integer", "minimum": least})


def choice(*words: str) -> Kind[str]:
    """Make the kind of exactly these *words*."""

    def read(given: str) -> str:
        if given not in words:
            raise ValueError(" or ".join(words))
        return given

    return Kind(read, "|".join(words), {"enum": list(words)})
