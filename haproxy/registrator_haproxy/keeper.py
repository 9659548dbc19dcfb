"""Keeps a running HAProxy and its file in agreement with what is believed.

An event only says that there may be something new: each time everything is laid out
anew, compared with what runs, and the least is done that makes the two agree.
"""

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from registrator.backoff import delays
from registrator.errors import BackendError, ConfigError, Unavailable
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.difference import Difference, changes, difference
from registrator_haproxy.journal import Journal
from registrator_haproxy.layout import Layout
from registrator_haproxy.memory import Remember
from registrator_haproxy.pace import Settled, settle
from registrator_haproxy.plan import Planner
from registrator_haproxy.process import Application
from registrator_haproxy.registries import Registries
from registrator_haproxy.render import render
from registrator_haproxy.runtime import (
    Console,
    RunningBackend,
    by_backend,
    glance,
    look,
)
from registrator_haproxy.scribe import Scribe
from registrator_haproxy.servers import Servers
from registrator_haproxy.slots import Slots

log = logging.getLogger(__name__)

DRIFT: Final = 10.0
"""Seconds until what runs is looked at again, although nothing may have changed."""


@dataclass(slots=True, kw_only=True)
class Known:
    """What is known of the HAProxy that runs, whatever the configuration is."""

    loaded: Layout | None = None
    """What it runs with, but for its servers; None: nobody knows."""
    slots: Slots = field(default_factory=Slots)
    """Who has which prepared place."""


class Keeper:
    """One configuration, for as long as it is the one."""

    def __init__(  # noqa: PLR0913  it has many parts
        self,
        configuration: Configuration,
        registries: Registries,
        application: Application,
        console: Console,
        *,
        planner: Planner,
        known: Known | None = None,
        remember: Remember = lambda _: None,
        journal: Journal | None = None,
    ) -> None:
        """*known*: what is known from before of the HAProxy that runs."""
        self._known = Known() if known is None else known
        self._configuration = configuration
        self._registries = registries
        self._application = application
        self._console = console
        self._planner = planner
        self._compared = float("-inf")
        self._starts = application.starts.count
        self._agreed: tuple[Layout, str] | None = None
        self._scribe = Scribe(application, remember)
        self._journal = journal or Journal(time.time)
        self._servers = Servers(
            console, drain=configuration.drain, did=self._journal.did
        )
        self._settle = configuration.settle
        self._settled: Settled[Layout] | None = None
        self._reloads = configuration.reloads
        self._turn: float | None = None
        # Where HAProxy does not run yet, its start waits for no turn.
        self._reloaded = None if self._known.loaded is None else float("-inf")
        self._trouble = ""
        self._refused: Mapping[str, Sequence[str]] = {}

    @property
    def loaded(self) -> Layout | None:
        """What HAProxy runs with, but for its servers; None: nobody knows."""
        known = self._starts == self._application.starts.count
        return self._known.loaded if known else None

    async def run(self) -> None:
        """Have HAProxy follow what is believed, until cancelled.

        Somebody else has the registries followed.
        """
        async with asyncio.TaskGroup() as rooms:
            rooms.create_task(self._scribe.run(), name="scribe")
            rooms.create_task(self._hear_starts(), name="starts of haproxy")
            await self._registries.hear_first_answers()
            if self._known.loaded is None:
                # Where nothing runs yet, what will is what is in the file.
                with suppress(Unavailable):
                    self._known.slots.find(by_backend(await look(self._console)))
            waits, refused = delays(first=0.2, cap=5.0), delays(first=5.0, cap=60.0)
            while True:
                count = self._registries.changes.count
                self._doubt_a_new_one()
                now = asyncio.get_running_loop().time()
                seen = self._registries.look(now)
                self._journal.doubted(self._registries.beliefs)
                planned = self._planner.plan(seen.believed)
                self._tell_refused(planned.refused)
                self._settled = settle(self._settled, planned.layout, self._settle, now)
                moments = (seen.until, self._settled.until)
                pause = min((DRIFT, *(each - now for each in moments if each)))
                try:
                    wanted = self._known.slots.fill(self._settled.value)
                    again = await self._agree(wanted, rooms)
                    if self._known.loaded is not None:
                        self._scribe.note(self._known.loaded, self._registries.beliefs)
                except (BackendError, ConfigError) as error:
                    self._known.loaded = None
                    self._complain(str(error), _cause(error))
                    # To refuse a configuration may cost HAProxy connections.
                    again = next(refused if isinstance(error, ConfigError) else waits)
                else:
                    self._complain("")
                    waits = delays(first=0.2, cap=5.0)
                pause = min(pause, DRIFT if again is None else again)
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(pause, 0.0)):
                        await self._registries.changes.after(count)

    async def _hear_starts(self) -> None:
        """Have a HAProxy that was started anew looked at when it is."""
        count = self._starts
        while True:
            count = await self._application.starts.after(count)
            self._registries.changes.ring()

    def _doubt_a_new_one(self) -> None:
        """Know nothing of a HAProxy that was started anew: its file may be older."""
        if self._starts != (count := self._application.starts.count):
            self._starts = count
            self._known.loaded = self._reloaded = None
            self._servers.forget()

    async def _agree(self, wanted: Layout, rooms: asyncio.TaskGroup) -> float | None:
        """Bring HAProxy and its file into agreement; seconds until it can go on."""
        await self._servers.let_stay(wanted)
        found = await self._compare(wanted)
        reasons = [*found.reasons, *await self._servers.do(found.steps, wanted, rooms)]
        if reasons:
            return await self._reload(wanted, reasons)
        self._known.loaded, self._turn = wanted, None
        return None

    async def _compare(self, wanted: Layout) -> Difference:
        """Compare what has changed with what runs; everything from time to time."""
        now, loaded = asyncio.get_running_loop().time(), self._known.loaded
        if loaded is None:
            return difference(None, wanted, {})
        if self._servers.some_left() or now >= self._compared + DRIFT:
            return await self._compare_all(loaded, wanted, now)
        changed = [
            name
            for name, backend in wanted.backends.items()
            if backend is not loaded.backends.get(name) and name in loaded.backends
        ]
        lives = {n: await RunningBackend(self._console, n).look() for n in changed}
        self._known.slots.see(lives)
        return changes(loaded, wanted, lives)

    async def _compare_all(
        self, loaded: Layout, wanted: Layout, now: float
    ) -> Difference:
        """Compare everything; read what runs only where that has changed."""
        glanced = await glance(self._console)
        seen = wanted, glanced.outline()
        self._compared = now
        if loaded == wanted and seen == self._agreed:
            return Difference()
        lives = glanced.servers()
        self._known.slots.see(by_backend(lives))
        found = difference(loaded, wanted, lives)
        self._agreed = None if found.steps or found.reasons else seen
        return found

    async def _reload(self, wanted: Layout, reasons: Sequence[str]) -> float | None:
        now = asyncio.get_running_loop().time()
        if self._turn is None:
            chance = random.random()  # noqa: S311  spreads load, keeps no secret
            self._turn = self._reloads.due(now, self._reloaded, chance)
        if now < self._turn:
            return self._turn - now
        self._servers.forget()
        async with self._scribe.resting():
            done = await self._application.put(render(wanted))
        self._known.loaded = wanted
        self._turn = None
        if not done:
            # It runs with that already; its servers may be others.
            self._known.slots.see(by_backend(await look(self._console)))
            return 0.0
        self._known.slots.begin_anew()
        self._reloaded = asyncio.get_running_loop().time()
        log.info("reloaded: %s", "; ".join(reasons))
        self._journal.reloaded(reasons)
        return None

    def _complain(self, trouble: str, cause: str = "") -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s; what runs goes on, trying again", trouble)
        self._trouble = trouble
        self._journal.failed(trouble, cause)

    def _tell_refused(self, refused: Mapping[str, Sequence[str]]) -> None:
        for name, sentences in refused.items():
            if sentences != self._refused.get(name):
                log.warning("%s: %d left out: %s", name, len(sentences), sentences[0])
        self._refused = refused
        self._journal.left_out(refused)


def _cause(error: BackendError | ConfigError) -> str:
    return "refused" if isinstance(error, ConfigError) else "unavailable"
