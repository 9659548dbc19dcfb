"""What whoever follows containers tells of their lives, before it shows them."""

from collections.abc import Collection
from typing import Protocol

from registrator.model import Container, ContainerId, Service


class Lives(Protocol):
    """Is told as it happens; each call is short and waits for nothing."""

    def signalled(self, container: ContainerId, signal: int, moment: int) -> None:
        """Hear that one was sent a signal at *moment*, ns since 1970, by the engine.

        It may end soon, or not at all: it is looked at next.
        """

    def seen(self, container: Container, services: Collection[Service]) -> None:
        """See how one is, and what it offers, before that is in the snapshot."""

    def kept(self, container: ContainerId) -> None:
        """Hear that one has ended, and that its records are to stay all the same."""

    def gone(self, container: ContainerId) -> None:
        """Hear that the engine does not know one any more."""

    def remembered(self) -> Collection[ContainerId]:
        """Name those whose end is of interest, whether they run or not."""


class Untold:
    """Nobody wants to know."""

    def signalled(self, container: ContainerId, signal: int, moment: int) -> None:
        """Hear it, and do nothing."""

    def seen(self, container: Container, services: Collection[Service]) -> None:
        """See it, and do nothing."""

    def kept(self, container: ContainerId) -> None:
        """Hear it, and do nothing."""

    def gone(self, container: ContainerId) -> None:
        """Hear it, and do nothing."""

    def remembered(self) -> Collection[ContainerId]:
        """Name none."""
        return ()
