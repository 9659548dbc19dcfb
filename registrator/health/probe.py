"""The interface of a kind of check that runs here; a new one is a module and an entry.

The entry points are in the group `registrator.checks`: the kind's name, which is what
stands after `SERVICE_CHECK_`, and the class.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from registrator.check import Check
from registrator.fitness import Status
from registrator.health import guard
from registrator.health.guard import Place
from registrator.model import ContainerId


class Failed(Exception):
    """The check is critical; the sentence says why, for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What trying once came to."""

    status: Status
    output: str
    """One line for people, that holds no secret of the check's."""


class Executor(Protocol):
    """What runs a command in a container, and never anywhere else."""

    async def execute(
        self, container: ContainerId, command: tuple[str, ...]
    ) -> tuple[int, str]:
        """Return its exit status and the beginning of what it printed.

        Raise `SourceError` where that cannot be.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the operator lets checks have."""

    executor: Executor | None = None
    """None: there is no container engine."""
    authorities: Path | None = None
    """Certificates that are trusted beside the system's."""
    allowed: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that may be reached although they are link-local."""
    own: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    """Where the daemon and the engine listen themselves: never to be reached."""


class Probe(ABC):
    """One kind of check, opened once for all checks of that kind."""

    def __init__(self, means: Means) -> None:
        self.means = means

    async def __aenter__(self) -> Self:
        """Open what all of its checks share."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Close it."""
        return None

    def place(self, target: str) -> Place:
        """Read address:port; raise `Failed` where no check may go there."""
        try:
            return guard.place(target, allowed=self.means.allowed, own=self.means.own)
        except guard.Barred as barred:
            raise Failed(str(barred)) from barred

    @abstractmethod
    async def run(self, check: Check) -> Outcome:
        """Try once; the caller sees to the deadline, by cancelling.

        Raise `Failed`, which is the same as a critical outcome. Whatever it does, it
        reads no more of an answer than it needs, and leaves nothing open.
        """
