"""One open watch, read in the background for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from registrator.errors import BackendError
from registrator.model import Instance
from registrator.readable import Readable, Reading
from registrator.watcher import opened
from waiting import eventually


class Watched:
    """All that a watch has said so far, and what ended it."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.error: BackendError | None = None

    @property
    def instances(self) -> list[Instance]:
        """What the latest reading shows, sorted by id."""
        latest = self.readings[-1].instances.values() if self.readings else ()
        return sorted(latest, key=lambda each: (each.id, each.node))

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.instances]

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Read on until the condition holds; fail where the watch ends before."""

        def holds() -> bool:
            assert self.error is None, self.error
            return bool(self.readings and condition())

        await eventually(holds, what)

    async def ended(self) -> BackendError:
        """Read on until the watch says why it can no longer."""
        await eventually(lambda: self.error is not None, "the watch ends")
        assert self.error is not None
        return self.error


@asynccontextmanager
async def watching(backend: Readable, name: str = "") -> AsyncIterator[Watched]:
    """Watch *backend*, or one name in it."""
    seen = Watched()

    async def read() -> None:
        try:
            async with opened(backend, name) as readings:
                async for reading in readings:
                    seen.readings.append(reading)
        except BackendError as error:
            seen.error = error

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read(), name="watch")
        try:
            yield seen
        finally:
            task.cancel()
