"""One full round and out: -once writes it, -dry-run prints it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from registrator.errors import BackendError, SourceError, Unavailable
from registrator.model import Service, endpoint
from registrator.output import written
from registrator.reconciler import Reconciler
from registrator.snapshot import Snapshot
from registrator.source import Source

log = logging.getLogger(__name__)

DEADLINE = 120.0
"""Seconds that the engine may take to tell everything, and so may checks."""
_PAUSE = 0.02
"""Seconds between two looks whether they have."""


Heard = Callable[[Snapshot], bool]
"""Says whether all checks of the snapshot's services have said something."""


async def write(
    source: Source,
    snapshot: Snapshot,
    reconcilers: Sequence[Reconciler[Any]],
    heard: Heard,
) -> int:
    """Bring every store into agreement; exit code 1 if one is not.

    Raise `SourceError` if the engine does not tell everything in time.
    """
    async with _listings(source, snapshot) as listing:
        await listing()
        await _checked(snapshot, heard)
        return 0 if all([await _write(each, listing) for each in reconcilers]) else 1


async def preview(
    source: Source,
    snapshot: Snapshot,
    reconcilers: Sequence[Reconciler[Any]],
    heard: Heard,
) -> int:
    """Print what `write` would do; exit code 1 if some of it cannot be done.

    Raise `SourceError` if the engine does not tell everything in time.
    """
    async with _listings(source, snapshot) as listing:
        await listing()
        await _checked(snapshot, heard)
        return 0 if all([await _print(each, snapshot) for each in reconcilers]) else 1


async def _checked(snapshot: Snapshot, heard: Heard) -> None:
    """Wait until what is registered was proved, or was not; but not for ever."""
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                if heard(snapshot):
                    return
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        log.warning(
            "some checks have not ended in %g s: their services count as critical",
            DEADLINE,
        )


@asynccontextmanager
async def _listings(
    source: Source, snapshot: Snapshot
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Keep the source at work; what is yielded waits for a whole listing."""
    inbox = snapshot.subscribe()

    async def listing() -> None:
        before = snapshot.listings
        try:
            async with asyncio.timeout(DEADLINE):
                while snapshot.listings == before:
                    await inbox.wait()
                    inbox.take()
        except TimeoutError:
            report = source.report()
            why = report.error or f"{report.waiting} containers were not looked at"
            raise SourceError(
                f"{report.endpoint}: no whole listing in {DEADLINE:g} s: {why}"
            ) from None

    async with asyncio.TaskGroup() as rooms:
        work = [
            rooms.create_task(each, name=name) for name, each in source.tasks().items()
        ]
        try:
            yield listing
        finally:
            for task in work:
                task.cancel()


async def _write(
    reconciler: Reconciler[Any], listing: Callable[[], Awaitable[None]]
) -> bool:
    try:
        right = await reconciler.step()
        if reconciler.report().held:
            await listing()
            right = await reconciler.step()
    except Unavailable:
        return False
    if not right:
        log.error("%s: not everything could be written", reconciler.uri)
    return right


async def _print(reconciler: Reconciler[Any], snapshot: Snapshot) -> bool:
    try:
        steps, refused = await reconciler.preview()
    except BackendError as error:
        log.error("%s", error)  # noqa: TRY400  the sentence says it all
        return False
    lines = [
        f"  {'+' if change.present is None else '~'} {change.id}"
        f"{_shown(snapshot.services.get(change.id))}"
        for change in steps.puts
    ]
    lines += [f"  - {change.id}" for change in steps.drops]
    lines += [f"  ! {key}: {why}" for key, why in sorted(refused.items())]
    with written():
        print(f"{reconciler.uri}:", *(lines or ["  nothing to do"]), sep="\n")  # noqa: T201  the plan is what was asked for
    return not refused


def _shown(service: Service | None) -> str:
    if service is None:
        return ""
    return f"  {service.name} at {endpoint(service.address, service.port)}"
