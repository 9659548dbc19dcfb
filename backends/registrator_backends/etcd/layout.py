"""How services lie in etcd: what a registry of services adds to plain keys.

`store.EtcdStore` writes, finds and watches; a layout only says what stands where.
"""

from dataclasses import dataclass
from typing import Protocol

from registrator.model import Instance, Service, ServiceId

Entries = tuple[tuple[str, bytes], ...]
"""Keys and their values; everything that etcd holds for one service."""


class Layout(Protocol):
    """One way to keep services in etcd; pure, and the same after every restart.

    Keys are text. No two services ever share a key.
    """

    @property
    def kind(self) -> str:
        """The layout's name: with `prefix`, what tells two registries apart."""

    @property
    def prefix(self) -> str:
        """How the key of every service starts, and no key of another registry."""

    @property
    def has_status(self) -> bool:
        """Whether an entry says of a service how fit it is."""

    def entries(self, service: Service) -> Entries:
        """Say what etcd keeps for *service*; raise `Rejected` where nothing can be."""

    def identify(self, key: str, value: bytes) -> ServiceId | None:
        """Say whose entry this is; None where no service of this layout has it."""

    def readers_prefix(self, name: str) -> str:
        """Say how the keys start that a reader of *name* sees; "" for all names."""

    def read(self, key: str, value: bytes) -> Instance | None:
        """Read an entry that such a reader sees, whoever wrote it; None for junk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdRecord:
    """What etcd holds for one service."""

    entries: Entries
    """In the order of their keys."""
    ttl: float | None
    """Seconds that they outlive us; 0: for ever; None: they carry no mark of ours."""


def range_end(prefix: bytes) -> bytes:
    """Say where the keys end that start with *prefix* (etcd's API, "range_end")."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else b"\0"
