"""Calls that block: on threads, within a deadline, and only a few at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from registrator.errors import Unavailable

T = TypeVar("T")

_COUNT: Final = 4


class Threads:
    """A few threads of one source.

    A call that is given up goes on, and has its thread until it ends: whoever comes
    meanwhile takes another, and once all hang nothing more is begun.
    """

    def __init__(self, uri: str, deadline: float) -> None:
        """*deadline* is for waiting for a thread, and for the call; in seconds."""
        self._uri = uri
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(_COUNT, "source")
        self._free = asyncio.Semaphore(_COUNT)

    async def call(self, function: Callable[[], T]) -> T:
        """Call it; raise `Unavailable` where it has not ended within the deadline."""
        try:
            async with asyncio.timeout(self._deadline):
                await self._free.acquire()
                return await asyncio.wrap_future(self._begun(function))
        except TimeoutError as error:
            raise Unavailable(
                f"{self._uri}: no answer in {self._deadline:g} s"
            ) from error

    def close(self) -> None:
        """Begin nothing more; what still hangs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begun(self, function: Callable[[], T]) -> Future[T]:
        loop = asyncio.get_running_loop()

        def ended(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop may have ended before the call
                loop.call_soon_threadsafe(self._free.release)

        call = self._pool.submit(function)
        call.add_done_callback(ended)
        return call
