"""Follows what a registry holds, for as long as the daemon runs.

Whoever reads here never waits for a registry, and is never left with nothing because
one went away: the last reading stands, marked with its age and with what is wrong.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from registrator.backoff import delays
from registrator.bell import Bell
from registrator.errors import BackendError, Unavailable
from registrator.model import Instance
from registrator.readable import Readable, Reading
from registrator.voice import Voice

log = logging.getLogger(__name__)

CAP: Final = 5.0
"""Seconds between two attempts, at most; a watch that stood for longer is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is known of a registry, and how good that knowledge is."""

    since: float
    """The loop's time at which it became current, or ceased to be."""
    known: bool = False
    """Whether the registry was ever read; if not, no instances says nothing."""
    current: bool = False
    """Whether this is what it holds now, as far as anybody can tell."""
    instances: Mapping[str, Instance] = field(
        default_factory=lambda: MappingProxyType({})
    )
    skipped: int = 0
    """Entries that no known format fits."""
    error: str = ""
    """Why it is not current; "" also before the first answer."""

    def age(self, now: float) -> float:
        """Return the seconds that this has not been confirmed for; 0: current."""
        return 0.0 if self.current else now - self.since


class Watcher:
    """Keeps the latest sighting of one registry, or of one name in it.

    Any number of readers look at `latest` and wait for *changes*, which several
    watchers may share: then whoever reads them all waits for whichever is first::

        while True:
            count = changes.count
            look(watcher.latest for watcher in watchers)
            await changes.after(count)

    Those of one registry may share a *voice* as well, and tell the log once of what
    happens to all of them.
    """

    def __init__(
        self,
        source: Readable,
        name: str = "",
        changes: Bell | None = None,
        voice: Voice | None = None,
    ) -> None:
        self.changes = Bell() if changes is None else changes
        self.latest = Sighting(since=_now())
        """A new value with every change, never one that changes."""
        self._source = source
        self._name = name
        self._voice = Voice(source.uri) if voice is None else voice
        self._told = 0

    @property
    def uri(self) -> str:
        """The registry's address for people."""
        return self._source.uri

    async def run(self) -> None:
        """Follow the registry until cancelled; one that is away is tried again."""
        waits = delays(first=0.5, cap=CAP)
        while True:
            begun = _now()
            try:
                await self._follow()
            except BackendError as error:
                self._lose(error)
            if _now() - begun > CAP:
                waits = delays(first=0.5, cap=CAP)
            await asyncio.sleep(next(waits))

    async def _follow(self) -> None:
        async with opened(self._source, self._name) as stream:
            async for reading in stream:
                self._find(reading)
        raise Unavailable(f"{self.uri}: the watch ended")

    def _find(self, reading: Reading) -> None:
        before = self.latest
        now = _now()
        if before.error and self._voice.finds(self):
            log.info(
                "%s: read again after %.0f s%s",
                self._voice.registry,
                before.age(now),
                self._voice.readers(),
            )
        if reading.skipped not in {0, self._told}:
            log.warning(
                "%s: %d entries are in no format known here, and left out",
                self.uri,
                reading.skipped,
            )
        self._told = reading.skipped
        self._show(
            Sighting(
                since=before.since if before.current else now,
                known=True,
                current=True,
                instances=reading.instances,
                skipped=reading.skipped,
            )
        )

    def _lose(self, error: BackendError) -> None:
        before, now, readers = self.latest, _now(), self._voice.readers()
        if not before.error and self._voice.loses(self, error, now):
            known = before.known or self._voice.remembers
            stands = "what it held stands" if known else "nothing is known of it"
            log.warning("%s; %s, trying again%s", error, stands, readers)
        since = now if before.current else before.since
        self._show(replace(before, current=False, since=since, error=str(error)))

    def _show(self, sighting: Sighting) -> None:
        if sighting != self.latest:
            self.latest = sighting
            self.changes.ring()


@asynccontextmanager
async def opened(
    source: Readable, name: str = ""
) -> AsyncIterator[AsyncIterator[Reading]]:
    """Watch *source* for as long as the block lasts; nothing is left at work."""
    stream = source.watch(name)
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def _now() -> float:
    return asyncio.get_running_loop().time()
