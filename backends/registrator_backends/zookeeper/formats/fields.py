"""JSON objects: read without trust, written compactly."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from registrator.errors import Rejected
from registrator.uri import is_host

_HALVES: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a znode is called, and what it holds."""

    leaf: str
    """Its name; without the number that the server adds, where it does."""
    data: bytes


class Fields:
    """The fields of an object, each as what it should be or not at all."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found

    def text(self, key: str) -> str | None:
        """Read text that can be written again: JSON may hold half a character."""
        value = self._found.get(key)
        fits = isinstance(value, str) and value and not _HALVES.search(value)
        return value if fits else None

    def host(self, key: str) -> str | None:
        """Read a host name or an address."""
        value = self.text(key)
        return value if value is not None and is_host(value) else None

    def number(self, key: str) -> int | None:
        """Read what fits a port or a weight; nerve may have it as text."""
        value = self._found.get(key)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value) if len(value) < 6 else None
        return value if type(value) is int and 0 <= value < 65536 else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts, without what is none."""
        value = self._found.get(key)
        each = value if isinstance(value, list) else []
        return tuple(t for t in each if isinstance(t, str) and not _HALVES.search(t))

    def map(self, key: str) -> Mapping[str, str]:
        """Read an object of texts, without what is none."""
        value = self._found.get(key)
        pairs = value.items() if isinstance(value, dict) else ()
        return {
            name: text
            for name, text in pairs
            if isinstance(text, str) and not _HALVES.search(name + text)
        }

    def fields(self, key: str) -> "Fields":
        """Read an object; an empty one where there is none."""
        value = self._found.get(key)
        return Fields(value if isinstance(value, dict) else {})

    @property
    def names(self) -> tuple[str, ...]:
        """The keys that can be written again."""
        return tuple(name for name in self._found if not _HALVES.search(name))


def written(value: object) -> bytes:
    """Write compact JSON; raise `Rejected` where it holds what is no text."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError as error:
        raise Rejected("its metadata or tags hold what is no text") from error
