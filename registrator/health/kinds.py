"""The kinds of checks that there are here: each is opened when it is first wanted."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from registrator.health.foreign import foreign
from registrator.health.probe import Failed, Means, Probe

log = logging.getLogger(__name__)

GROUP: Final = "registrator.checks"
"""The entry points through which a distribution offers kinds, named as they are."""

CLOSING: Final = 5.0
"""Seconds that closing one kind may take."""


class Kinds:
    """Opens one `Probe` of a kind for all checks of it, and closes it at the end."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._opened: dict[str, Probe] = {}
        self._opening: dict[str, asyncio.Future[Probe]] = {}
        self._rooms: asyncio.TaskGroup | None = None
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Keep open what was opened, until cancelled."""
        async with asyncio.TaskGroup() as self._rooms:
            self._begun.set()
            # A group ends when its tasks have ended, and there may be none yet.
            await asyncio.Event().wait()

    async def probe(self, kind: str) -> Probe:
        """Return the one of this kind; raise `Failed` where there is none.

        It waits until `run` has begun.
        """
        if (opened := self._opened.get(kind)) is not None:
            return opened
        await self._begun.wait()
        if kind not in self._opening and self._rooms is not None:
            self._opening[kind] = asyncio.get_running_loop().create_future()
            self._rooms.create_task(self._keep(kind), name=f"checks of kind {kind}")
        # Others may be waiting for it, though this one gives up.
        return await asyncio.shield(self._opening[kind])

    @cached_property
    def _offered(self) -> Mapping[str, EntryPoint]:
        return {each.name: each for each in entry_points(group=GROUP)}

    async def _keep(self, kind: str) -> None:
        """Open it and, at the end, close it, both in this one task."""
        opening = self._opening[kind]
        try:
            probe = await foreign(self._open(kind))
        except Failed as error:
            # The next check of this kind tries anew.
            del self._opening[kind]
            opening.set_exception(Failed(f"no {kind} checks here: {error}"))
            opening.exception()
            return
        self._opened[kind] = probe
        opening.set_result(probe)
        try:
            await asyncio.Event().wait()
        finally:
            with _complaining(kind):
                async with asyncio.timeout(CLOSING):
                    await foreign(probe.__aexit__(None, None, None))

    async def _open(self, kind: str) -> Probe:
        if kind not in self._offered:
            raise Failed(
                f"none of the installed packages has a kind {kind!r} among its"
                f" entry points {GROUP}: install one that does"
            )
        try:
            made: type[Probe] = self._offered[kind].load()
        except ImportError as error:
            distribution = self._offered[kind].dist
            package = "?" if distribution is None else distribution.name
            raise Failed(f"package {package} cannot be loaded: {error}") from error
        return await made(self._means).__aenter__()


@contextmanager
def _complaining(kind: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        log.warning("checks of kind %s were not closed in %g s", kind, CLOSING)
    except Failed as error:
        log.warning("checks of kind %s were not closed: %s", kind, error)
