"""Waits for conditions, never for time to pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

DEADLINE = 30.0
PAUSE = 0.005


def until(condition: Callable[[], T], what: str, deadline: float = DEADLINE) -> T:
    """Return the first true value of *condition*; fail after *deadline* seconds."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what}")
        time.sleep(PAUSE)
    return value


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
        found = condition()
        value = await found if isinstance(found, Awaitable) else found
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what}")
        await asyncio.sleep(PAUSE)
