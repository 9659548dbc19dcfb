"""The layout of ``etcd://``: ``/prefix/name/id``, as gliderlabs/registrator has it."""

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from registrator.errors import Rejected
from registrator.model import Instance, Service, ServiceId
from registrator_backends.etcd.layout import Entries
from registrator_backends.values import HAS_STATUS, RENDER, Format, read_value

_SEPARATORS: Final = "/%"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesLayout:
    """One key a service.

    In names and ids, slashes, percent signs and what cannot be seen stand as %XX.
    """

    path: str
    """Without slashes around it; "" for the root."""
    node: str
    format: Format = "plain"

    @property
    def kind(self) -> str:
        """The format does not matter to whose a record is."""
        return "etcd"

    @property
    def has_status(self) -> bool:
        """An address alone says nothing of the kind."""
        return self.format in HAS_STATUS

    @property
    def prefix(self) -> str:
        """The path between slashes."""
        return f"/{self.path}/" if self.path else "/"

    def entries(self, service: Service) -> Entries:
        """Write one entry; raise `Rejected` for an id or a name that makes no key."""
        for what, said in (("id", service.id), ("name", service.name)):
            if not said or not _is_text(said):
                raise Rejected(f"{what} {said[:128]!r} makes no key")
        key = f"{self.readers_prefix(service.name)}{_escaped(service.id)}"
        return ((key, RENDER[self.format](service, self.node)),)

    def identify(self, key: str, value: bytes) -> ServiceId | None:
        """Read the id at the end of the key."""
        del value
        found = self._split(key)
        return ServiceId(found[1]) if found else None

    def readers_prefix(self, name: str) -> str:
        """All keys of a name lie under it."""
        return f"{self.prefix}{_escaped(name)}/" if name else self.prefix

    def read(self, key: str, value: bytes) -> Instance | None:
        """Read either format; the key says whose it is, whatever the value says."""
        found = self._split(key)
        if found is None:
            return None
        name, own = found
        instance = read_value(value, key_id=own, key_name=name)
        return None if instance is None else replace(instance, id=own, name=name)

    def _split(self, key: str) -> tuple[str, str] | None:
        parts = key.removeprefix(self.prefix).split("/")
        if not key.startswith(self.prefix) or len(parts) != 2 or not all(parts):
            return None
        return unquote(parts[0]), unquote(parts[1])


def _escaped(part: str) -> str:
    return "".join(map(_escaped_character, part))


def _escaped_character(character: str) -> str:
    plain = character.isprintable() and character not in _SEPARATORS
    return character if plain else quote(character, safe="", errors="replace")


def _is_text(said: str) -> bool:
    return not re.search("[\ud800-\udfff]", said)
