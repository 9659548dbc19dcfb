"""Which names, addresses and words may stand in HAProxy's file or go to its sockets.

A list of what is let through: HAProxy reads `;`, a newline and `<<` at its sockets, and
quotes, `$`, `#` and a backslash in its file, as more than they are, and what a registry
holds may have been written by anybody. Each function returns what it was given, or
raises `Unfit`. Nothing is mended: a mended name is another server's.
"""

import ipaddress
import re
from typing import Final

LONGEST_NAME: Final = 200
"""HAProxy has no limit of its own but a line's, in which several names stand."""

_LONGEST_WORD: Final = 500
_SHOWN: Final = 60

# With \Z: before a newline at the end, $ would match as well.
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]+\Z")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:,/@%()=+!-]+\Z")


class Unfit(ValueError):
    """Something HAProxy could take for more, or for something else, than it is."""


def name(text: str) -> str:
    """Let through the name of a backend, a frontend or a server."""
    return _fitting("name", text, _NAME, LONGEST_NAME)


def address(text: str) -> str:
    """Let through an IP address literal without a zone, or a host name (RFC 1123)."""
    return text if is_literal(text) else _fitting("address", text, _HOST, 253)


def word(text: str) -> str:
    """Let through one word of a server's line, such as `check` or `sni` or `2s`."""
    return _fitting("word", text, _WORD, _LONGEST_WORD)


def port(number: int) -> int:
    """Let through a port that can be connected to."""
    return _within("port", number, 1, 65_535)


def weight(number: int) -> int:
    """Let through a server's weight."""
    return _within("weight", number, 0, 256)


def is_literal(text: str) -> bool:
    """Whether this is an IP address and no name that needs resolving."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _fitting(what: str, text: str, allowed: re.Pattern[str], longest: int) -> str:
    if len(text) > longest:
        raise Unfit(f"{what} {_shown(text)}: longer than {longest} characters")
    if not text:
        raise Unfit(f"{what} is empty")
    if not allowed.match(text):
        raise Unfit(f"{what} {_shown(text)}: has a character that none may have")
    return text


def _within(what: str, number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise Unfit(f"{what} {number}: not within {least} and {most}")
    return number


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
