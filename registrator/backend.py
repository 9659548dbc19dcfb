"""The interface of a service store: what is read, written and kept alive there."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from registrator.check import Check
from registrator.errors import BackendError
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator.readable import Readable, Reading, Site

__all__ = ["Backend", "Failures", "Reading", "Site"]

R = TypeVar("R")

Failures = Mapping[ServiceId, BackendError]
"""Why some records could not be written; empty when all of them were."""


class Backend(Readable, Generic[R]):
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

    @property
    def identity(self) -> str:
        """What no other backend has that would write the same records: `uri`."""
        return self.uri

    def runs(self, check: Check) -> bool:
        """Whether the store runs *check* itself: then the daemon need not. Pure.

        Checks of a service that must be healthy are run by the daemon all the same.
        """
        del check
        return False

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

    async def refresh(self, records: Mapping[ServiceId, R]) -> None:
        """Keep alive what expires; *records* is all that the store holds of ours."""

    async def run(self) -> None:
        """Do what goes on by itself while it is open, until cancelled, if anything."""
