"""Writes down what is known, beside what is done at work, which waits for no disk."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from registrator.backoff import delays
from registrator.errors import ConfigError
from registrator_haproxy.guard import Belief
from registrator_haproxy.layout import Layout
from registrator_haproxy.memory import Remember
from registrator_haproxy.process import Application
from registrator_haproxy.registries import Origin
from registrator_haproxy.render import render

log = logging.getLogger(__name__)

_LATER: Final = 0.5
"""Seconds that what is known may be newer than what is written down of it."""


class Scribe:
    """Keeps HAProxy's file, and what is believed, as what was noted last.

    After a crash the next start compares what is written with what runs.
    """

    def __init__(self, application: Application, remember: Remember) -> None:
        self._application = application
        self._remember = remember
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._layout: Layout | None = None
        self._written: Layout | None = None
        self._beliefs: Mapping[Origin, Belief] = {}
        self._believed: Mapping[Origin, object] = {}

    def note(self, layout: Layout, beliefs: Mapping[Origin, Belief]) -> None:
        """Have both written down soon, where they are others than before.

        *layout* is what runs, to the last server.
        """
        self._layout = layout
        believed = {origin: each.believed for origin, each in beliefs.items()}
        if layout != self._written or believed != self._believed:
            self._beliefs, self._believed = beliefs, believed
            self._news.set()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Leave the file to somebody else, who puts another text into force."""
        async with self._writing:
            self._layout = self._written = None
            yield

    async def run(self) -> None:
        """Write until cancelled."""
        waits, trouble = delays(first=1.0), ""
        while True:
            await self._news.wait()
            await asyncio.sleep(_LATER)  # what comes meanwhile is written with it
            self._news.clear()
            try:
                await self._write()
            except ConfigError as error:
                if trouble != str(error):
                    trouble = str(error)
                    log.warning("%s; trying again", trouble)
                self._news.set()
                await asyncio.sleep(next(waits))
            else:
                waits, trouble = delays(first=1.0), ""

    async def _write(self) -> None:
        async with self._writing:
            layout = self._layout
            if layout is not None and layout != self._written:
                text = await asyncio.to_thread(render, layout)
                await self._application.note(text)
                self._written = layout
        await asyncio.to_thread(self._remember, self._beliefs)
