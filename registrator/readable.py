"""What can be followed for the instances it shows: a registry or another source."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from registrator.fitness import Status
from registrator.model import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a store must know about the host it is written or read from."""

    node: str
    """The owner mark: the host's name, the same after every restart."""
    address: str = ""
    """The host's own address where it is known."""
    ttl: float = 60.0
    """Seconds after which records of a dead host expire; 0: never."""
    ttl_refresh: float = 20.0
    """Seconds between two refreshes of what expires."""
    cleanup: bool = False
    """Whether records left by gliderlabs/registrator for this host are ours too."""
    state: Path | None = None
    """A directory of ours that outlives the daemon; None: nothing is to be kept."""
    runtime: Path | None = None
    """What the names of sockets of this one daemon begin with; None: it has none."""
    keeps_unhealthy: bool = False
    """Whether what is not passing stays, with its status, where a format has one."""
    local_checks: bool = False
    """Whether the daemon runs all checks, also those that a store could run itself."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables that the store's own tools read, such as CONSUL_HTTP_TOKEN."""

    def shows(self, status: Status, *, has_status: bool) -> bool:
        """Whether a service of that *status* stays where a format *has_status*."""
        return status is Status.PASSING or (has_status and self.keeps_unhealthy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a registry holds at one moment: all of it, or all of one name."""

    instances: Mapping[str, Instance]
    """By a key that is the entry's own for as long as it exists."""
    skipped: int = 0
    """Entries that no known format fits."""


class Readable(ABC):
    """A source of instances. Nothing here retries: its `Watcher` does."""

    @classmethod
    @abstractmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read *uri* without connecting; raise `ConfigError` with every mistake."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """Its address for people: without user, password or token."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Open what is needed; that it is away is not an error here."""

    @abstractmethod
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; nothing is written."""

    @abstractmethod
    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield all instances, or those of *name*: now, and after each change.

        Whoever wrote them. A reading is consistent and never a part; what changes
        while one is looked at comes with the next. Raise `Unavailable` where it
        does not answer (again, soon after it fell silent): a new watch then
        begins anew. To be closed by its reader (`watcher.opened`).
        """
