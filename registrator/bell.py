"""Tells any number of waiting readers that something changed; keeps no queue."""

import asyncio


class Bell:
    """Counts changes, and wakes whoever waits for the next one.

    Who was busy meanwhile hears of all that happened at once: the latest wins.
    """

    def __init__(self) -> None:
        self.count = 0
        """How often it rang."""
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self.count += 1
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    async def after(self, count: int) -> int:
        """Return the present count as soon as it is another than *count*."""
        while self.count == count:
            await self._next.wait()
        return self.count
