"""Runs the HAProxy side: reads its configuration, and does so anew when it changes."""

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

from registrator import haproxy_api, local_api
from registrator.errors import ConfigError, RegistratorError, Unavailable, leaves
from registrator_haproxy import memory
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.guard import Belief
from registrator_haproxy.journal import Journal
from registrator_haproxy.keeper import Keeper, Known
from registrator_haproxy.numbering import Numbers
from registrator_haproxy.outputs import Outputs
from registrator_haproxy.overview import Accepted, Current, Overview
from registrator_haproxy.place import Place
from registrator_haproxy.plan import Planner
from registrator_haproxy.process import Application
from registrator_haproxy.quarantine import sound
from registrator_haproxy.registries import Origin, Registries
from registrator_haproxy.runtime import Console
from registrator_haproxy.slots import Slots
from registrator_haproxy.start import Start, load, loaded
from registrator_haproxy.wanted import Wanted

if TYPE_CHECKING:
    from registrator_haproxy.listings import Listings

log = logging.getLogger(__name__)


_LOOK: Final = 1.0
"""Seconds between two looks whether the configuration has changed."""


class _Stopped(Exception):
    """A signal asked us to end."""


class _Changed(Exception):
    """There is another configuration, and HAProxy takes it."""

    def __init__(self, accepted: Accepted) -> None:
        super().__init__()
        self.accepted = accepted


async def run(start: Start, configuration: Configuration) -> None:
    """Keep HAProxy as it is to be until a signal comes; raise `ConfigError`."""
    failures: list[RegistratorError] = []
    try:
        async with asyncio.TaskGroup() as rooms:
            rooms.create_task(_until_signal(), name="signals")
            keeping = _Keeping(start, configuration).run()
            rooms.create_task(keeping, name="haproxy")
    except* _Stopped:
        log.info("stopping")
    except* RegistratorError as group:
        failures += leaves(group)
    if failures:
        raise failures[0]


class _Keeping:
    """One configuration after the other, for one HAProxy."""

    def __init__(self, start: Start, base: Configuration) -> None:
        self._start = start
        self._base = base
        self._name = "--auto" if start.file is None else str(start.file)
        self._place = Place(base.haproxy)
        self._journal = Journal(time.time)
        self._overview = Overview(
            self._name, self._place, self._journal, start.site(), self._judge
        )
        self._hangup = asyncio.Event()
        self._numbers = Numbers()
        self._remember: memory.Remember = lambda _: None
        self._listings: Listings | None = None

    async def run(self) -> None:
        """Do so until cancelled; raise `ConfigError` where it cannot begin."""
        # First: whoever hangs up early would end the program.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hangup.set)
        async with AsyncExitStack() as opened:
            control = self._start.control or self._place.make_control()
            if control is not None:
                asked = haproxy_api.application(self._overview)
                await opened.enter_async_context(local_api.serve(control, asked))
            beliefs = await self._remembered()
            start, self._listings = self._start, self._start.listings(beliefs)
            wanted = Wanted(
                start.file, lambda: load(start), self._base, self._listings, start.seen
            )
            application = await self._place.application(opened)
            accepted = await self._accept(wanted.configuration(loop.time()))
            self._start.ready(self._base)
            await self._follow(application, wanted, accepted, beliefs)

    async def _follow(
        self,
        application: Application | None,
        wanted: Wanted,
        accepted: Accepted,
        beliefs: Mapping[Origin, Belief],
    ) -> None:
        known = Known(slots=Slots(await application.text() if application else ""))
        while True:
            configuration = accepted.configuration
            # HAProxy may not take a service that others are told of all the same.
            registries = Registries(configuration, self._start.site(), beliefs)
            outputs = Outputs(configuration, registries, self._start.node)
            rooms = {"registries": registries.run(), "outputs": outputs.run()}
            if self._listings is not None:
                rooms["listings"] = self._listings.run()
            keeper = None
            if application is None:
                rooms["memory"] = memory.follow(registries, self._remember)
            else:
                keeper = self._keeper(accepted, registries, application, known)
                rooms["keeper"] = keeper.run()
            self._overview.show(Current(accepted, registries, keeper, self._numbers))
            try:
                await self._until_changed(rooms, wanted, configuration)
            except* _Changed as changed:
                [change] = leaves(changed)
                accepted = change.accepted
            beliefs = _of(accepted.configuration, registries.beliefs)
            log.info("%s: the new configuration is in use", self._name)
            self._journal.configured(self._name)

    def _keeper(
        self,
        accepted: Accepted,
        registries: Registries,
        application: Application,
        known: Known,
    ) -> Keeper:
        served = accepted.served
        return Keeper(
            served,
            registries,
            application,
            Console(self._place.socket),
            planner=Planner(served, self._place.lines(), self._numbers),
            known=known,
            remember=self._remember,
            journal=self._journal,
        )

    async def _until_changed(
        self,
        rooms: Mapping[str, Coroutine[Any, Any, None]],
        wanted: Wanted,
        configuration: Configuration,
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for name, room in rooms.items():
                group.create_task(room, name=name)
            await self._await_change(wanted, configuration)

    async def _await_change(self, wanted: Wanted, before: Configuration) -> None:
        """Raise `_Changed` when there is another configuration that is right."""
        told = ""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._hangup.wait()
            asked = self._hangup.is_set()
            self._hangup.clear()
            try:
                now = asyncio.get_running_loop().time()
                configuration = wanted.anew(before, now, asked=asked)
                if configuration is None:
                    continue
                accepted = await self._accept(configuration)
            except (ConfigError, Unavailable) as error:
                said = str(error).replace("\n", "; ")
                if asked or said != told:
                    log.error("the configuration stays as it was: %s", said)  # noqa: TRY400  no bug
                    self._journal.unconfigured(self._name, said)
                told = said
                continue
            raise _Changed(accepted)

    async def _accept(self, configuration: Configuration) -> Accepted:
        """Have HAProxy look at it; what it does not take is told, and left out."""
        accepted = await self._judged(configuration)
        for name, sentences in accepted.quarantined.items():
            log.error("%s is left out: %s", name, "; ".join(sentences))
        self._journal.quarantined(accepted.quarantined)
        return accepted

    async def _judge(self, proposed: haproxy_api.Proposed) -> Accepted:
        """Do the same with what is not in use, and tell nobody."""
        if self._start.auto is not None:
            raise Unavailable("with --auto no other configuration is compared")
        configuration = loaded(self._start, proposed.text, proposed.name)
        if configuration.haproxy != self._place.process:
            raise ConfigError(f"{proposed.name}: haproxy: takes a restart to change")
        return await self._judged(configuration)

    async def _judged(self, configuration: Configuration) -> Accepted:
        if configuration.haproxy.manage == "nothing":
            return Accepted(configuration, configuration, {})
        found = await sound(configuration, self._place.check)
        return Accepted(configuration, found.configuration, found.quarantined)

    async def _remembered(self) -> Mapping[Origin, Belief]:
        state = self._start.state
        kept = state / "haproxy.json" if state is not None else None
        known = await asyncio.to_thread(memory.load, kept) if kept else memory.Memory()
        self._numbers = Numbers(known.ids)
        self._remember = memory.keeping(kept, self._numbers)
        return known.beliefs


def _of(
    configuration: Configuration, beliefs: Mapping[Origin, Belief]
) -> Mapping[Origin, Belief]:
    """Forget services that are no more: any number of them may come and go."""
    names = configuration.services
    return {origin: each for origin, each in beliefs.items() if origin[0] in names}


async def _until_signal() -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
    raise _Stopped
