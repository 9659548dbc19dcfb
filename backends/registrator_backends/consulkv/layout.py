"""Which keys there are: a service's own, and the one by which we find it again.

``<prefix>/<name>/<id>`` holds the service, as gliderlabs/registrator writes it, and
``<index>/<node>/<prefix>/<id>`` the name of that key: finding what is ours costs
nothing for what is not. Our mark is a number, in the flags of both. Pure.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from registrator.errors import Rejected
from registrator.model import Service, ServiceId

_LONGEST_KEY: Final = 1024  # octets; so that 64 of them fit into one request


@dataclass(frozen=True, slots=True, kw_only=True)
class KvRecord:
    """What Consul keeps of one service."""

    key: str
    value: bytes
    marked: bool = True
    """Whether all of it is as we write it: marks, index and session."""
    strays: tuple[str, ...] = ()
    """Further keys of the same id, which should not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The places of one node's keys; *prefix* and *index* have no slashes around."""

    prefix: str
    """May be empty."""
    index: str
    node: str
    tree: str = field(init=False)
    """What the key of every service starts with."""
    index_tree: str = field(init=False)
    """What the keys start with that only we have."""
    mark: int = field(init=False)
    """The flags of all keys of ours; never 0, which others have."""

    def __post_init__(self) -> None:
        tree = f"{self.prefix}/" if self.prefix else ""
        place = f"{self.index}/{_segment(self.node)}/{_segment(f'{self.prefix}/')}/"
        digest = hashlib.blake2b(self.node.encode(), digest_size=8).digest()
        object.__setattr__(self, "tree", tree)
        object.__setattr__(self, "index_tree", place)
        object.__setattr__(self, "mark", int.from_bytes(digest) | 1)

    def key(self, service: Service) -> str:
        """Name the key of *service*; raise `Rejected` where nobody could read it."""
        name, id_ = service.name, service.id
        key = f"{self.tree}{name}/{id_}"
        if "/" in name or not is_path(name):
            raise Rejected(f"name {name[:128]!r} cannot be a part of a key")
        if not is_path(id_):
            raise Rejected(f"id {id_[:128]!r} cannot stand in the path of a URL")
        if len(key.encode()) > _LONGEST_KEY:
            raise Rejected(f"key {key[:64]!r}...: longer than {_LONGEST_KEY} octets")
        if self.is_index(key):
            raise Rejected(f"key {key!r} lies in the index {self.index!r}")
        return key

    def identify(self, key: str) -> tuple[str, ServiceId] | None:
        """Read name and id off a service's key; None where it is none."""
        if not key.startswith(self.tree) or self.is_index(key):
            return None
        name, _, id_ = key.removeprefix(self.tree).partition("/")
        return (name, ServiceId(id_)) if name and id_ else None

    def index_key(self, service: ServiceId) -> str:
        """Name the key that says where the service's own is."""
        return f"{self.index_tree}{_segment(service)}"

    def indexed(self, key: str, value: bytes) -> tuple[ServiceId, str] | None:
        """Read an entry of the index; None where it makes no sense."""
        service = ServiceId(unquote(key.removeprefix(self.index_tree)))
        named = value.decode(errors="replace")
        found = self.identify(named)
        if found is None or found[1] != service or self.index_key(service) != key:
            return None
        return service, named

    def is_index(self, key: str) -> bool:
        """Whether *key* belongs to anybody's index, and to no service."""
        return key.startswith(f"{self.index}/")

    def is_of_the_anchors(self, service: ServiceId) -> bool:
        """Whether gliderlabs/registrator would give a service of this host that id."""
        rest = r":[a-zA-Z0-9][a-zA-Z0-9_.-]+:[0-9]+(:(udp|sctp))?"
        return re.fullmatch(re.escape(self.node) + rest, service) is not None


def is_path(text: str) -> bool:
    """Whether every part of *text* can stand in the path of a URL, and stays there."""
    segments = text.split("/")
    return text.isprintable() and not {"", ".", ".."} & set(segments)


def _segment(text: str) -> str:
    """Make one part of a key of any text; no two give the same."""
    quoted = quote(text, safe=":")
    return f"%{ord(quoted[0]):X}{quoted[1:]}" if quoted in {".", ".."} else quoted
