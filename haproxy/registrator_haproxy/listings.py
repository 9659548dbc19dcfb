"""Follows whole registries for the services that ask for a place."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registrator import stores
from registrator.errors import ConfigError
from registrator.readable import Readable, Site
from registrator.visible import visible
from registrator.watcher import Sighting, Watcher
from registrator_haproxy.auto import (
    SHORTEST_PAUSE,
    Auto,
    Kept,
    Named,
    asking,
    auto,
    pause,
    ports,
    stay,
    together,
)
from registrator_haproxy.configuration.bind import Bind
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.guard import Belief
from registrator_haproxy.process.listening import addresses, taken
from registrator_haproxy.registries import Origin

log = logging.getLogger(__name__)

_AGAIN: Final = 30.0
"""Seconds until all is looked at again: what is gone, and what was busy."""
_TOLD: Final = 10
"""Of how many services at once it is said why they have no place."""
_LOCAL: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the operator says of places that services ask for themselves."""

    sources: tuple[str, ...]
    listen: Bind
    """Where the shared frontend listens, unless the configuration has it."""
    keep: float
    """For how many seconds a service that is gone keeps its place."""


class Listings:
    """All that some registries hold, from one configuration to the next."""

    def __init__(
        self, asked: Asked, site: Site, beliefs: Mapping[Origin, Belief]
    ) -> None:
        """Go on from *beliefs*; raise `ConfigError` for addresses that are none."""
        self._asked = asked
        self._sources = tuple(_sources(asked.sources, site))
        self._watchers: dict[str, Watcher] = {}
        self._kept = {
            each.uri: _remembered(each.uri, beliefs) for each in self._sources
        }
        self._seen: Mapping[str, Sighting] = {}
        self._again = float("-inf")
        self._pause, self._changed = SHORTEST_PAUSE, float("-inf")
        self._not_before = float("-inf")
        self._found: Configuration | None = None
        self._refused: Mapping[str, str] = {}
        self._once: set[int] = set()
        """The ports that are ours, or were: HAProxy may still have them."""

    async def run(self) -> None:
        """Follow all of them until cancelled."""
        async with AsyncExitStack() as opened:
            for source in self._sources:
                await opened.enter_async_context(source)
            async with asyncio.TaskGroup() as rooms:
                for source in self._sources:
                    watcher = Watcher(source)
                    self._watchers[source.uri] = watcher
                    rooms.create_task(watcher.run(), name=f"watch {source.uri}")

    def news(self, now: float) -> bool:
        """Whether it is time to ask for the configuration again."""
        if now < self._not_before:
            return False
        return now >= self._again or self._sightings() != self._seen

    def configuration(self, base: Configuration, now: float) -> Configuration:
        """Add the services to *base*, the operator's own; *now* is the loop's time."""
        self._seen = self._sightings()
        for uri, before in self._kept.items():
            shown = self._shown(uri)
            self._kept[uri] = stay(before, shown, now, self._asked.keep)
        named = together(self._kept.values())
        busy = self._busy(base, named)
        found = auto(base, named, self._asked.sources, self._asked.listen, busy)
        self._tell(found)
        self._again = now + _AGAIN
        if self._found is not None and found.configuration != self._found:
            self._pause = pause(self._pause, now - self._changed)
            self._changed, self._not_before = now, now + self._pause
        self._found = found.configuration
        return found.configuration

    def _sightings(self) -> Mapping[str, Sighting]:
        return {uri: each.latest for uri, each in self._watchers.items()}

    def _shown(self, uri: str) -> Named | None:
        sighting = self._seen.get(uri)
        if sighting is None or not sighting.current:
            return None
        return asking(sighting.instances.values())

    def _busy(self, base: Configuration, named: Named) -> Collection[int]:
        """Find the ports that another program has; HAProxy would not start with one."""
        if base.haproxy.manage != "start":
            return ()  # it may be elsewhere
        ours = self._found or base
        wanted = ports(named) | {self._asked.listen.port}
        held = {each.listen.port for each in ours.services.values() if each.listen}
        for frontend in ours.frontends.values():
            held.update(each.port for each in frontend.listen)
        if self._found is None:
            self._once |= _in_force(Path(base.haproxy.paths[0]))
        self._once |= held
        new = wanted - held - {0}
        busy = (
            *taken((_LOCAL, each) for each in new & self._once),
            *taken(((_LOCAL, each) for each in new - self._once), ours=False),
        )
        return {port for _, port in busy}

    def _tell(self, found: Auto) -> None:
        before = self._refused.items()
        new = [each for each in found.refused.items() if each not in before]
        for name, why in new[:_TOLD]:
            log.warning("%s gets no place: %s", visible(name[:100]), why)
        if len(new) > _TOLD:
            log.warning("%d more services get no place", len(new) - _TOLD)
        self._refused = found.refused


def _sources(uris: Iterable[str], site: Site) -> Iterator[Readable]:
    mistakes: list[str] = []
    for uri in dict.fromkeys(uris):
        try:
            yield stores.readable(uri, site)
        except ConfigError as error:
            mistakes += (f"--auto: {each}" for each in error.problems)
    if mistakes:
        raise ConfigError(*mistakes)


def _in_force(file: Path) -> set[int]:
    """Find where a HAProxy of an earlier life listens; it is found again."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return {port for _, port in addresses(text)}


def _remembered(uri: str, beliefs: Mapping[Origin, Belief]) -> Mapping[str, Kept]:
    instances = (
        each
        for (_, registry), belief in beliefs.items()
        if registry == uri
        for each in belief.believed.values()
    )
    return {name: Kept(instances=each) for name, each in asking(instances).items()}
