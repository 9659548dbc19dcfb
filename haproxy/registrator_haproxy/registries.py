"""What the services of a configuration have in their registries, as is believed."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Final

from registrator import stores
from registrator.bell import Bell
from registrator.errors import ConfigError
from registrator.fitness import Status
from registrator.model import Instance
from registrator.readable import Readable, Site
from registrator.visible import visible
from registrator.voice import Voice
from registrator.watcher import Sighting, Watcher
from registrator_haproxy.configuration.model import Configuration, Service
from registrator_haproxy.damping import Marks
from registrator_haproxy.guard import AWAY, Belief, Instances, believe

log = logging.getLogger(__name__)

_FIRST_ANSWERS: Final = 3.0
"""Seconds that registries have before anybody is told that there are no servers."""

Origin = tuple[str, str]
"""A service, by its name in the configuration, and a registry's address for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is believed of all services at one moment."""

    believed: Mapping[str, tuple[Instance, ...]]
    """By service; what several sources have, as the service chooses."""
    until: float | None
    """When to look again, although nothing may have changed."""


class Registries:
    """Follows them all; one that is away takes nothing from what the others have."""

    def __init__(
        self,
        configuration: Configuration,
        site: Site,
        beliefs: Mapping[Origin, Belief] | None = None,
    ) -> None:
        """Go on from *beliefs*; raise `ConfigError` for addresses that are none."""
        self.changes = Bell()
        """Rings when there may be something else to see."""
        self._services = configuration.services
        self._sources = dict(_sources(configuration, site))
        self._beliefs = dict(beliefs or {})
        self._watchers: dict[Origin, Watcher] = {}
        self._looked_at: dict[Origin, object] = {}
        self._marks: dict[Origin, Marks] = {}
        self._held: dict[Origin, Mapping[str, float]] = {}

    @property
    def beliefs(self) -> Mapping[Origin, Belief]:
        """All that is believed, for whoever comes after."""
        return dict(self._beliefs)

    @property
    def held(self) -> Mapping[Origin, Mapping[str, float]]:
        """The instances that come and go too often to serve, by their keys.

        With each the loop's time at which it will be let in, if it stays.
        """
        return {origin: held for origin, held in self._held.items() if held}

    @property
    def heard(self) -> bool:
        """Whether every registry has said what it has, or that it is away."""
        sightings = [each.latest for each in self._watchers.values()]
        return len(sightings) == len(list(self._origins())) and all(
            each.known or each.error for each in sightings
        )

    @property
    def sightings(self) -> Mapping[Origin, Sighting]:
        """What each registry shows by now, believed or not."""
        return {origin: each.latest for origin, each in self._watchers.items()}

    @property
    def unheard(self) -> frozenset[str]:
        """The services of which nothing is known: not now, and not from before."""
        origins = list(self._origins())
        known = {origin[0] for origin, _, _ in origins if self._is_known(origin)}
        return frozenset(origin[0] for origin, _, _ in origins) - known

    async def hear_first_answers(self) -> None:
        """Wait until every registry was heard, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_ANSWERS):
                while not self.heard:
                    await self.changes.after(self.changes.count)

    async def run(self) -> None:
        """Follow all of them until cancelled."""
        async with AsyncExitStack() as opened:
            for source in self._sources.values():
                await opened.enter_async_context(source)
            voices = self._voices()
            async with asyncio.TaskGroup() as rooms:
                for origin, service, source in self._origins():
                    name = service.name or origin[0]
                    voice = voices[_registry(source.uri)]
                    watcher = Watcher(source, name, self.changes, voice)
                    self._watchers[origin] = watcher
                    rooms.create_task(watcher.run(), name=f"watch {origin}")

    def _voices(self) -> Mapping[str, Voice]:
        """Have a voice for each registry, which is one under whatever paths."""
        readers: dict[str, set[str]] = {}
        remembered: set[str] = set()
        for origin, _, source in self._origins():
            registry = _registry(source.uri)
            readers.setdefault(registry, set()).add(origin[0])
            if self._beliefs.get(origin, Belief()).instances:
                remembered.add(registry)
        return {
            registry: Voice(registry, len(names), remembers=registry in remembered)
            for registry, names in readers.items()
        }

    def look(self, now: float) -> Look:
        """Say what is believed; *now* is the loop's time."""
        found: dict[str, tuple[Instance, ...]] = dict.fromkeys(self._services, ())
        moments: list[float] = []
        for origin, service, _ in self._origins():
            after = self._believe(origin, service, now)
            held = self._hold_out(origin, service, after, now)
            if service.choose == "together" or not found[origin[0]]:
                found[origin[0]] += tuple(
                    each for key, each in after.instances.items() if key not in held
                )
            moments += held.values()
            if after.until is not None:
                moments.append(after.until)
        return Look(believed=found, until=min(moments, default=None))

    def _believe(self, origin: Origin, service: Service, now: float) -> Belief:
        watcher = self._watchers.get(origin)
        sighting = watcher.latest if watcher is not None else None
        before = self._beliefs.get(origin, Belief())
        # What is shown is as it was, and no time is awaited: so is what is believed.
        if before.until is None and self._looked_at.get(origin, self) is sighting:
            return before
        after = believe(before, self._shown(origin, service), service.caution, now)
        self._tell(origin, before, after)
        self._beliefs[origin], self._looked_at[origin] = after, sighting
        gone = before.instances.keys() - after.instances.keys()
        if gone and service.patience is not None:
            marks = self._marks.get(origin, Marks())
            self._marks[origin] = marks.after(gone, service.patience, now)
        return after

    def _hold_out(
        self, origin: Origin, service: Service, belief: Belief, now: float
    ) -> Mapping[str, float]:
        """Say which instances come and go too often, and until when."""
        if (patience := service.patience) is None or origin not in self._marks:
            return {}
        marks = self._marks[origin].after((), patience, now)
        present = [
            key
            for key, each in belief.instances.items()
            if all(wish.lets(each.metadata) for wish in service.filters)
        ]
        held = marks.held(present, service.panic, patience)
        self._tell_held(origin, held, now)
        self._marks[origin], self._held[origin] = marks, held
        return held

    def _is_known(self, origin: Origin) -> bool:
        watcher = self._watchers.get(origin)
        heard = watcher is not None and watcher.latest.known
        return heard or bool(self._beliefs.get(origin, Belief()).instances)

    def _origins(self) -> Iterator[tuple[Origin, Service, Readable]]:
        for name, service in self._services.items():
            for uri in dict.fromkeys(service.source):
                source = self._sources[uri]
                yield (name, source.uri), service, source

    def _shown(self, origin: Origin, service: Service) -> Instances | None:
        watcher = self._watchers.get(origin)
        if watcher is None or not watcher.latest.current:
            return None
        fit = {Status.PASSING, Status(service.only)}
        instances = watcher.latest.instances
        return {key: each for key, each in instances.items() if each.status in fit}

    def _tell_held(self, origin: Origin, held: Mapping[str, float], now: float) -> None:
        name, uri = origin
        before = self._held.get(origin, {})
        for key in held.keys() - before.keys():
            log.warning(
                "%s: %s: %s comes and goes, and is held out for %.0f s at least",
                *(name, uri, visible(key), held[key] - now),
            )
        for key in before.keys() - held.keys():
            log.info("%s: %s: %s is not held out any more", name, uri, visible(key))

    def _tell(self, origin: Origin, before: Belief, after: Belief) -> None:
        """Tell what is the service's own; its watchers tell that a registry is away."""
        if after.why in {before.why, AWAY}:
            return
        name, uri = origin
        if after.why and before.believed:
            log.warning(
                "%s: %s: %s; %d servers stand",
                name,
                uri,
                after.why,
                len(after.instances),
            )
        elif not after.why and before.why != AWAY:
            log.info("%s: %s is believed again", name, uri)


def _registry(uri: str) -> str:
    """Cut the path off an address for people, if there is anything before it."""
    scheme, _, rest = uri.partition("://")
    servers = rest.partition("/")[0]
    return f"{scheme}://{servers}" if servers else uri


def _sources(
    configuration: Configuration, site: Site
) -> Iterator[tuple[str, Readable]]:
    """Make each registry once, whatever number of services it has."""
    mistakes: list[str] = []
    known: set[str] = set()
    for name, service in configuration.services.items():
        for uri in service.source:
            if uri in known:
                continue
            known.add(uri)
            try:
                yield uri, stores.readable(uri, site)
            except ConfigError as error:
                mistakes += (f"services.{name}.from: {each}" for each in error.problems)
    if mistakes:
        raise ConfigError(*mistakes)
