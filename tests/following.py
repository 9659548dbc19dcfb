"""A source followed as the daemon does, which a slow machine's deadlines do not end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from registrator.model import Instance
from registrator.readable import Readable
from registrator.watcher import Watcher
from waiting import eventually


class Followed:
    """What is known of a source at present."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    @property
    def instances(self) -> list[Instance]:
        """What stands, sorted by id."""
        found = self._watcher.latest.instances.values()
        return sorted(found, key=lambda each: each.id)

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.instances]

    @property
    def skipped(self) -> int:
        return self._watcher.latest.skipped

    @property
    def current(self) -> bool:
        return self._watcher.latest.current

    @property
    def error(self) -> str:
        return self._watcher.latest.error if not self.current else ""

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until it has been read, and the condition holds."""
        known = self._watcher
        await eventually(lambda: known.latest.known and condition(), what)

    async def doubted(self) -> str:
        """Wait until it is away; why."""
        await eventually(lambda: self.error, "it is away")
        return self.error


@asynccontextmanager
async def following(source: Readable, name: str = "") -> AsyncIterator[Followed]:
    """Follow *source*, which is opened, or one name in it."""
    watcher = Watcher(source, name)
    async with asyncio.TaskGroup() as rooms:
        running = rooms.create_task(watcher.run(), name="follow")
        try:
            yield Followed(watcher)
        finally:
            running.cancel()
