"""What the HAProxy side answers when it is asked; it changes nothing by that."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from registrator.errors import Unavailable
from registrator.haproxy_api import Proposed
from registrator.haproxy_views import (
    HaproxyFileView,
    HaproxyPlanView,
    HaproxyServerView,
    HaproxySourceView,
    HaproxyView,
)
from registrator.readable import Site
from registrator.version import __version__
from registrator_haproxy import views
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.journal import Journal
from registrator_haproxy.keeper import Keeper
from registrator_haproxy.numbering import Numbers
from registrator_haproxy.place import Place
from registrator_haproxy.plan import Planner
from registrator_haproxy.preview import Preview, preview
from registrator_haproxy.process import ConfigurationFile
from registrator_haproxy.registries import Registries
from registrator_haproxy.runtime import Console, figures, look


@dataclass(frozen=True, slots=True)
class Accepted:
    """A configuration, and what of it HAProxy takes."""

    configuration: Configuration
    served: Configuration
    quarantined: Mapping[str, Sequence[str]]
    """By service that is left out: what HAProxy says of it."""


Judge = Callable[[Proposed], Awaitable[Accepted]]
"""Reads a configuration, and has HAProxy look at it; raises `ConfigError`."""


@dataclass(frozen=True, slots=True)
class Current:
    """What is in use."""

    accepted: Accepted
    registries: Registries
    keeper: Keeper | None
    """None: there is to be no HAProxy."""
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a configuration would come to, in use or not."""

    accepted: Accepted
    preview: Preview
    sources: list[HaproxySourceView]


class Overview:
    """Shows one HAProxy, from the moment on at which something is in use."""

    def __init__(
        self, name: str, place: Place, journal: Journal, site: Site, judge: Judge
    ) -> None:
        """*name* is the configuration's."""
        self._name = name
        self._place = place
        self._journal = journal
        self._site = site
        self._judge = judge
        self._current: Current | None = None
        self._proposing = asyncio.Lock()

    def show(self, current: Current) -> None:
        """Show this from now on."""
        self._current = current

    async def describe(self) -> HaproxyView:
        """Show it at a glance; where HAProxy is away, without its figures."""
        current = self._use()
        trouble, servers = self._journal.trouble, list[HaproxyServerView]()
        try:
            servers = await self._servers(current)
        except Unavailable as error:
            trouble = trouble or str(error)
        sources = _sources(current.registries)
        now = asyncio.get_running_loop().time()
        damped = views.damped(current.registries.held, now)
        quarantined = current.accepted.quarantined
        doubtful = [s for s in sources if s["held"] or not s["current"]]
        return HaproxyView(
            version=__version__,
            configuration=self._name,
            file=str(self._place.file),
            well=not (trouble or quarantined or doubtful),
            trouble=trouble,
            servers=servers,
            sources=sources,
            quarantined=views.problems(quarantined),
            refused=views.problems(self._journal.refused),
            damped=damped,
            journal=views.entries(self._journal.entries),
            metrics=views.metrics(self._journal, sources, damped),
        )

    async def plan(self, proposed: Proposed | None) -> HaproxyPlanView:
        """Say what would be done now."""
        asked = await self._ask(proposed)
        return HaproxyPlanView(
            reasons=list(asked.preview.difference.reasons),
            steps=views.steps(asked.preview.difference.steps),
            quarantined=views.problems(asked.accepted.quarantined),
            refused=views.problems(asked.preview.planned.refused),
            held=[each for each in asked.sources if each["held"]],
        )

    async def file(self, proposed: Proposed | None) -> HaproxyFileView:
        """Show the file and what it would be."""
        asked = await self._ask(proposed)
        file = ConfigurationFile(self._place.file)
        return HaproxyFileView(
            file=str(file),
            now=await asyncio.to_thread(lambda: file.text or ""),
            then=asked.preview.text,
        )

    async def _servers(self, current: Current) -> list[HaproxyServerView]:
        if current.keeper is None:
            return []
        console = self._console()
        lives, figured = await look(console), await figures(console)
        layout, configuration = current.keeper.loaded, current.accepted.served
        if layout is None:
            now = asyncio.get_running_loop().time()
            believed = current.registries.look(now).believed
            layout = self._planner(configuration, current).plan(believed).layout
        return views.servers(
            configuration,
            layout,
            current.registries.beliefs,
            lives,
            figured,
        )

    async def _ask(self, proposed: Proposed | None) -> _Asked:
        current = self._use()
        if proposed is None:
            return await self._previewed(current.accepted, current.registries)
        # One at a time: each follows all of its registries anew.
        async with self._proposing:
            accepted = await self._judge(proposed)
            beliefs = current.registries.beliefs
            registries = Registries(accepted.configuration, self._site, beliefs)
            async with asyncio.TaskGroup() as rooms:
                following = rooms.create_task(registries.run(), name="proposed")
                await registries.hear_first_answers()
                asked = await self._previewed(accepted, registries)
                following.cancel()
            return asked

    async def _previewed(self, accepted: Accepted, registries: Registries) -> _Asked:
        current = self._use()
        keeper = current.keeper
        if keeper is None:
            raise Unavailable("haproxy: there is none: the configuration says so")
        now = asyncio.get_running_loop().time()
        seen = await preview(
            registries.look(now).believed,
            keeper.loaded,
            self._console(),
            self._planner(accepted.served, current),
        )
        return _Asked(accepted=accepted, preview=seen, sources=_sources(registries))

    def _planner(self, configuration: Configuration, current: Current) -> Planner:
        """Have one that gives ids as they would be given, and gives none away."""
        numbers = Numbers(current.numbers.known)
        return Planner(configuration, self._place.lines(), numbers)

    def _console(self) -> Console:
        return Console(self._place.socket)

    def _use(self) -> Current:
        if self._current is None:
            raise Unavailable("haproxy: it is being started; ask again in a moment")
        return self._current


def _sources(registries: Registries) -> list[HaproxySourceView]:
    now = asyncio.get_running_loop().time()
    return views.sources(registries.beliefs, registries.sightings, now)
