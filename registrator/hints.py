"""Which containers to look at again: a set, so that no burst can overflow it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from registrator.model import ContainerId


@dataclass(frozen=True, slots=True)
class Look:
    """One container to look at, and since when somebody waits for it."""

    container: ContainerId
    at: float
    """The loop's time when the first of the hints was heard."""
    fingerprint: int | None = None
    """What a listing said of it; None if an event asked for the look."""


class Hints:
    """Containers to look at, each at most once, those of events before the rest.

    Several takers may share it: a container is never with two of them at a time,
    and one that is hinted at while it is looked at comes up again.
    """

    def __init__(self) -> None:
        self._urgent: dict[ContainerId, Look] = {}
        self._routine: dict[ContainerId, Look] = {}
        self._taken: set[ContainerId] = set()
        self._waiting = asyncio.Event()

    def add(self, container: ContainerId, at: float) -> None:
        """Note that an event named *container*."""
        self._routine.pop(container, None)
        self._urgent.setdefault(container, Look(container, at))
        self._waiting.set()

    def listed(self, fingerprints: Mapping[ContainerId, int], at: float) -> None:
        """Note what a listing found new or changed."""
        for container, fingerprint in fingerprints.items():
            if container not in self._urgent:
                self._routine[container] = Look(container, at, fingerprint)
        self._waiting.set()

    def __contains__(self, container: ContainerId) -> bool:
        return (
            container in self._urgent
            or container in self._routine
            or container in self._taken
        )

    def __len__(self) -> int:
        return len(self._urgent) + len(self._routine) + len(self._taken)

    async def take(self) -> Look:
        """Wait for a container that nobody is looking at, and take it."""
        while True:
            for hints in (self._urgent, self._routine):
                for container, look in hints.items():
                    if container not in self._taken:
                        del hints[container]
                        self._taken.add(container)
                        return look
            self._waiting.clear()
            await self._waiting.wait()

    def done(self, look: Look) -> bool:
        """Give a container back; whether nothing new was heard of it meanwhile."""
        self._taken.discard(look.container)
        if again := look.container in self._urgent or look.container in self._routine:
            self._waiting.set()
        return not again
