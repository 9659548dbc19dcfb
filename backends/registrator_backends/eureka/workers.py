"""Many requests, a few of them at once, until the servers turn out to be away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from registrator.backend import Failures
from registrator.errors import BackendError, NotOwner, Rejected, Unavailable
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.eureka.client import CONNECTIONS, Refused
from registrator_backends.eureka.record import EurekaRecord

T = TypeVar("T")

_ENOUGH: Final = 16  # refusals without one success, after which the rest is not tried


async def each(
    write: Callable[[Change[EurekaRecord]], Awaitable[None]],
    changes: Sequence[Change[EurekaRecord]],
) -> Failures:
    """Do all writes; the errors of those that failed for what they are."""
    failures = dict[ServiceId, BackendError]()
    written = refused = 0

    async def one(change: Change[EurekaRecord]) -> None:
        nonlocal written, refused
        try:
            await write(change)
            written += 1
        except Refused as error:
            failures[change.id] = error
            refused += 1
            if refused >= _ENOUGH and not written:
                raise
        except (Rejected, NotOwner) as error:
            failures[change.id] = error

    await for_all(one, changes)
    return failures


async def for_all(do: Callable[[T], Awaitable[None]], items: Sequence[T]) -> None:
    """Do something for all items; stop at the first `Unavailable`, and raise it."""
    away: list[Unavailable] = []
    queue = iter(items)

    async def work() -> None:
        while not away and (item := next(queue, None)) is not None:
            try:
                await do(item)
            except Unavailable as error:
                away.append(error)

    async with asyncio.TaskGroup() as workers:
        for number in range(min(CONNECTIONS, len(items))):
            workers.create_task(work(), name=f"eureka worker {number}")
    if away:
        raise away[0]
