"""Keeps what others' code does to itself: whatever it raises is a check that failed."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from registrator.health.probe import Failed

T = TypeVar("T")


class Broken(Failed):
    """The check is critical because its own code does not work."""


async def foreign(work: Awaitable[T]) -> T:
    """Return what *work* of a plug-in comes to.

    Raise `Broken` for all that it raises but `Failed`: also where it cancels itself, or
    would end the whole process.
    """
    task = asyncio.current_task()
    try:
        return await work
    except Failed:
        raise
    except asyncio.CancelledError as error:
        if task is not None and task.cancelling():
            raise
        raise Broken("the check gave itself up") from error
    except (Exception, SystemExit) as error:
        said = f": {error}" if str(error) else ""
        raise Broken(f"{type(error).__name__}{said}") from error
