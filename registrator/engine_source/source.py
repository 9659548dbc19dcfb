"""Follows the containers of one engine, by the rules that the daemon has for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from registrator.backoff import delays
from registrator.bell import Bell
from registrator.engine import Engine
from registrator.engine_source.choice import Choice
from registrator.engine_source.place import Place, read_place
from registrator.engine_source.tables import Table, Tables
from registrator.engine_source.whereabouts import Whereabouts
from registrator.errors import SourceError, Unavailable
from registrator.health.orders import Orders
from registrator.health.stops import Stops
from registrator.labels import Rules
from registrator.readable import Readable, Reading, Site
from registrator.snapshot import Snapshot
from registrator.source import Source

RESYNC: Final = 15.0
"""Seconds between listings: so soon an engine is missed that fell silent."""

PATIENCE: Final = 10.0
"""Seconds that may pass until all containers were looked at."""


class EngineSource(Readable):
    """One engine, followed once for all that watch it."""

    def __init__(self, place: Place, node: str) -> None:
        self._place = place
        self._node = node
        self._changes = Bell()
        self._opened = AsyncExitStack()
        self._tables: Tables | None = None
        self._source: Source | None = None
        self._error = ""

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``docker://``, ``docker-tls://HOST`` or ``docker-unix:///SOCKET``."""
        return cls(read_place(uri, site.environment), site.node)

    @property
    def uri(self) -> str:
        """Its address for people."""
        return self._place.uri

    async def __aenter__(self) -> Self:
        """Begin to follow the engine, as soon as it answers."""
        self._source, self._tables, self._error = None, None, ""
        async with AsyncExitStack() as opened:
            engine = await opened.enter_async_context(Engine(self._place.endpoint))
            group = await opened.enter_async_context(asyncio.TaskGroup())
            task = group.create_task(self._follow(engine), name=self.uri)
            opened.callback(task.cancel)
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the engine."""
        await self._opened.__aexit__(kind, error, trace)

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what runs there, with every change; by image: under any *name*."""
        before: Table | None = None
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            count = self._changes.count
            if error := self._trouble():
                raise Unavailable(f"{self.uri}: {error}")
            if (tables := self._whole()) is None:
                await self._within(until, count)
                continue
            found = tables.of("" if self._place.image else name)
            until = loop.time() + PATIENCE
            if found is before:
                await self._changes.after(count)
                continue
            before = found
            yield Reading(instances=self._called(found, name))

    def _called(self, found: Table, name: str) -> Table:
        if not name or self._place.image is None:
            return found
        return {key: replace(each, name=name) for key, each in found.items()}

    async def _within(self, until: float, count: int) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._changes.after(count)
        except TimeoutError as error:
            raise Unavailable(
                f"{self.uri}: not all containers could be looked at in {PATIENCE:g} s"
            ) from error

    def _trouble(self) -> str:
        return self._error if self._source is None else self._source.report().error

    def _whole(self) -> Tables | None:
        """Return what is there, if that is all."""
        if self._source is None or not self._source.report().current:
            return None
        return self._tables

    async def _follow(self, engine: Engine) -> None:
        place = self._place
        whereabouts = Whereabouts(place.host, node=self._node, address=place.address)
        await self._find(whereabouts, engine)
        # What an operator orders of the daemon is not known here; a stop is heard.
        orders = Orders()
        snapshot = Snapshot(orders.judge)
        stops = Stops(orders, snapshot)
        self._tables = tables = Tables(snapshot, whereabouts.node)
        self._source = source = Source(
            engine,
            snapshot,
            lambda: self._rules(whereabouts),
            endpoint=place.endpoint.description,
            resync=RESYNC,
            decide=Choice(image=place.image, port=place.port, far=whereabouts.far),
            lives=stops,
        )
        work = {
            "stops": stops.run(),
            **source.tasks(),
            "tables": tables.follow(self._changes),
            "lost": self._tell_of(source.lost),
            "whereabouts": whereabouts.follow(),
        }
        async with asyncio.TaskGroup() as rooms:
            for name, each in work.items():
                rooms.create_task(each, name=f"{self.uri} {name}")

    async def _tell_of(self, lost: Bell) -> None:
        count = lost.count
        while True:
            count = await lost.after(count)
            self._changes.ring()

    async def _find(self, whereabouts: Whereabouts, engine: Engine) -> None:
        """Return when it is known where the engine is."""
        waits = delays(first=0.2, cap=5.0)
        while True:
            try:
                await whereabouts.find(engine)
            except SourceError as error:
                self._error = str(error)
            else:
                return
            self._changes.ring()
            await asyncio.sleep(next(waits))

    def _rules(self, whereabouts: Whereabouts) -> Rules:
        ipv4, ipv6 = whereabouts.addresses()
        return Rules(
            node=whereabouts.node,
            host_ipv4=ipv4,
            host_ipv6=ipv6,
            ip=self._place.address,
        )
