"""Fields that others wrote: each as what it should be, or not at all. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from registrator.uri import is_host

_HALVES: Final = re.compile("[\ud800-\udfff]")


def text(found: Mapping[str, Any], key: str) -> str:
    """Read text that can be written again, "" where there is none."""
    value = found.get(key)
    return value if isinstance(value, str) and not _HALVES.search(value) else ""


def host(found: Mapping[str, Any], key: str) -> str:
    """Read a host name or an address, "" where there is none."""
    value = text(found, key)
    return value if value and is_host(value) else ""


def number(value: object) -> int | None:
    """Read what fits a port or a weight; it may be written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < 6 else None
    return value if type(value) is int and 0 <= value < 65536 else None


def texts(value: object) -> dict[str, str]:
    """Read an object of texts, without what is none."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {
        name: said
        for name, said in pairs
        if isinstance(name, str)
        and isinstance(said, str)
        and not _HALVES.search(name + said)
    }


def objects(value: object) -> list[Mapping[str, Any]] | None:
    """Read a list of objects, one that is none as an empty one; None: no list."""
    if not isinstance(value, list):
        return None
    return [each if isinstance(each, dict) else {} for each in value]
