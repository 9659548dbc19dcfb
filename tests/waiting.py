"""Waits for conditions, never for time to pass.

A condition that raises OSError does not hold yet: what it asks is still starting,
electing or out of reach. The last such error is the cause of the failure.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

DEADLINE = 60.0
"""Seconds that no condition needs, not even where all processors are taken."""

PAUSE = 0.005


def until(
    condition: Callable[[], T],
    what: str,
    deadline: float = DEADLINE,
    pause: float = PAUSE,
) -> T:
    """Return the first true value of *condition*; fail after *deadline* seconds."""
    end = time.monotonic() + deadline
    while True:
        error = None
        try:
            if value := condition():
                return value
        except OSError as refused:
            error = refused
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what}") from error
        time.sleep(pause)


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], what: str, deadline: float = DEADLINE
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T], what: str, deadline: float = DEADLINE
) -> T: ...


async def eventually(
    condition: Callable[[], T | Awaitable[T]], what: str, deadline: float = DEADLINE
) -> T:
    """Do the same on an event loop; the condition may be a coroutine function."""
    end = time.monotonic() + deadline
    while True:
        error = None
        try:
            found = condition()
            if value := await found if isinstance(found, Awaitable) else found:
                return value
        except OSError as refused:
            error = refused
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what}") from error
        await asyncio.sleep(PAUSE)
