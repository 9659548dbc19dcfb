"""The interface of a service store, and what a store is told about this host."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

from registrator.errors import BackendError
from registrator.model import Instance, Service, ServiceId
from registrator.planner import Change

R = TypeVar("R")

Failures = Mapping[ServiceId, BackendError]
"""Why some records could not be written; empty when all of them were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a store must know about the host it is written from."""

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
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables that the store's own tools read, such as CONSUL_HTTP_TOKEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a registry holds at one moment: all of it, or all of one name."""

    instances: Mapping[str, Instance]
    """By a key that is the entry's own for as long as it exists."""
    skipped: int = 0
    """Entries that no known format fits."""


class Backend(ABC, Generic[R]):
    """A service store; R is what the store keeps of one service, comparable by value.

    Every coroutine is idempotent and safe to cancel, raises only `BackendError`
    kinds, and bounds its own waiting. Nothing here retries: the reconciler does.
    """

    refresh_every: float | None = None
    """Seconds between calls of `refresh`; None where nothing expires."""
    schemes: ClassVar[tuple[str, ...]]
    local: ClassVar[bool] = False
    """Whether what it holds ends with the daemon, and no other can read it.

    -dry-run does not open such a store; it then owns nothing.
    """

    @classmethod
    @abstractmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read *uri* without connecting; raise `ConfigError` with every mistake."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """The store's address for people: without user, password or token."""

    @property
    def identity(self) -> str:
        """What no other backend has that would write the same records: `uri`."""
        return self.uri

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Open what is needed; a store that is away is not an error here."""

    @abstractmethod
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; nothing is written."""

    @abstractmethod
    def record(self, service: Service) -> R | None:
        """Say what this store keeps for *service*; None where it keeps nothing.

        Pure. Raise `Rejected` where the store could not represent it. A store
        without a status keeps nothing for a service that is not passing.
        """

    @abstractmethod
    async def owned(self) -> Mapping[ServiceId, R]:
        """Read everything in the store that carries our owner mark; never a part."""

    @abstractmethod
    async def put(self, changes: Sequence[Change[R]]) -> Failures:
        """Write every wanted record; the errors of those that were not written.

        Raise `Unavailable` where the store as a whole does not answer: then
        nobody knows which records were written.
        """

    @abstractmethod
    async def drop(self, changes: Sequence[Change[R]]) -> Failures:
        """Remove records; one that is not there is a success. Errors as in `put`."""

    @abstractmethod
    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield all instances, or those of *name*: now, and after each change.

        Whoever wrote them. A reading is consistent and never a part; what changes
        while one is looked at comes with the next. Raise `Unavailable` where the
        store does not answer (again, soon after it fell silent): a new watch then
        begins anew. To be closed by its reader (`watcher.opened`).
        """

    async def refresh(self, records: Mapping[ServiceId, R]) -> None:
        """Keep alive what expires; *records* is all that the store holds of ours."""

    async def run(self) -> None:
        """Do what goes on by itself while it is open, until cancelled, if anything."""
