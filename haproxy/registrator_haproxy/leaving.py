"""A server leaves a running HAProxy: when another serves, and nobody is at it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final

from registrator.errors import Rejected
from registrator_haproxy.runtime import (
    Capabilities,
    Reason,
    RunningBackend,
    State,
    remove,
)

_SUCCESSORS: Final = 10.0
"""Seconds that a server waits for another to serve in its place."""
_PAUSE: Final = 0.05


async def leave(
    running: RunningBackend,
    name: str,
    staying: Collection[str],
    can: Callable[[], Awaitable[Capabilities]],
    *,
    drain: float,
) -> None:
    """Take one server away, and return when it is gone; it may be cancelled.

    For *drain* seconds it may be found by who has a cookie for it, and then by nobody
    new. Raise as `remove` does, and `Rejected` where HAProxy does not let go of it.
    """
    await _another_serves(running, staying)
    while left := await remove(running, [name], await can(), deadline=drain):
        if left[name].reason is not Reason.BUSY:
            raise Rejected(f"{running}: {name}: {left[name].says}")


async def _another_serves(running: RunningBackend, staying: Collection[str]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_SUCCESSORS):
            while staying:
                if await _serves(running, staying):
                    return
                await asyncio.sleep(_PAUSE)


async def _serves(running: RunningBackend, staying: Collection[str]) -> bool:
    lives = await running.look()
    return any(
        each.ready and each.state is State.RUNNING
        for name, each in lives.items()
        if name in staying
    )
