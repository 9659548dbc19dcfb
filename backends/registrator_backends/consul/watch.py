"""Reads services from an agent: all instances, anew whenever something changes.

One blocking query waits for names to come and go, and one for each name's instances.
An agent allows 200 connections to one client, which this need not be alone: names
beyond `POLLS` have no query of their own. They are all read again when the catalog or
any check has changed, for a fifth of the time at most.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing
from itertools import chain
from typing import Final
from urllib.parse import quote

from registrator.backend import Reading
from registrator.errors import BackendError, Rejected
from registrator_backends.consul.agent import DEADLINE, Agent
from registrator_backends.consul.blocking import LATE, SOON, changes, once
from registrator_backends.consul.instances import Shelf, read_shelf
from registrator_backends.consul.uri import ConsulAddress

POLLS: Final = 64
"""Names that have a blocking query of their own."""
READERS: Final = 4
"""Requests at once for the names that have none."""

_NAMES: Final = "/v1/catalog/services"
_CHECKS: Final = "/v1/health/state/any?filter=CheckID==%22%22"  # none, yet an index
_REST: Final = 4  # times as long as the reading before it took


async def watch(
    address: ConsulAddress, name: str = "", *, deadline: float = DEADLINE
) -> AsyncGenerator[Reading, None]:
    """Yield all instances, or those of *name*: now, and after each change."""
    agent = Agent(address, connections=POLLS + READERS + 2, deadline=deadline)
    await agent.open()
    try:
        found = _one(agent, name) if name else _Catalog(agent).readings()
        last = None
        async with aclosing(found) as readings:
            async for reading in readings:
                # An index also moves for what is not shown, as a check's output.
                if reading != last:
                    last = reading
                    yield reading
    finally:
        await agent.close()


async def _one(agent: Agent, name: str) -> AsyncGenerator[Reading, None]:
    if not _is_readable(name):
        raise Rejected(f"name {name[:128]!r} cannot stand in the path of a URL")
    async with aclosing(changes(agent, _path(name), wait=SOON)) as answers:
        async for answer in answers:
            shelf = _shelf(agent, answer)
            yield Reading(instances=shelf.instances, skipped=shelf.skipped)


class _Catalog:
    """All names with their instances, as far as they are known yet."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._group = asyncio.TaskGroup()
        self._names: frozenset[str] | None = None
        self._unreadable = 0
        self._shelves: dict[str, Shelf] = {}
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._others: list[asyncio.Task[None]] = []
        self._stale = asyncio.Event()
        """Set when names without a query of their own must be read."""
        self._news = asyncio.Event()
        self._trouble: BackendError | None = None

    async def readings(self) -> AsyncGenerator[Reading, None]:
        """Yield everything, once all of it is known."""
        async with self._group:
            self._others = [
                self._start("names", self._follow_names()),
                self._start("rest", self._follow_rest()),
            ]
            try:
                while self._trouble is None:
                    await self._news.wait()
                    self._news.clear()
                    if self._names == self._shelves.keys():
                        yield self._reading()
            except GeneratorExit:
                # The group would wrap it, and nobody would know it again.
                return
            finally:
                for task in (*self._others, *self._polls.values()):
                    task.cancel()
        raise self._trouble

    def _reading(self) -> Reading:
        shelves = self._shelves.values()
        entries = chain.from_iterable(shelf.instances.items() for shelf in shelves)
        skipped = sum(shelf.skipped for shelf in shelves)
        return Reading(instances=dict(entries), skipped=skipped + self._unreadable)

    @property
    def _rest(self) -> frozenset[str]:
        """The names without a query of their own."""
        return (self._names or frozenset()) - self._polls.keys()

    async def _follow_names(self) -> None:
        async with aclosing(changes(self._agent, _NAMES, wait=SOON)) as answers:
            async for answer in answers:
                if not isinstance(answer, dict):
                    raise self._agent.stranger()
                self._names = frozenset(filter(_is_readable, answer))
                self._unreadable = len(answer) - len(self._names)
                self._share_out(self._names)
                self._stale.set()
                self._news.set()

    def _share_out(self, names: frozenset[str]) -> None:
        """Give queries of their own to new names while there are any left."""
        for name in self._shelves.keys() - names:
            del self._shelves[name]
        for name in self._polls.keys() - names:
            self._polls.pop(name).cancel()
        for name in sorted(self._rest)[: POLLS - len(self._polls)]:
            self._polls[name] = self._start(name, self._follow(name))

    async def _follow(self, name: str) -> None:
        async with aclosing(changes(self._agent, _path(name), wait=LATE)) as answers:
            async for answer in answers:
                self._shelves[name] = _shelf(self._agent, answer)
                self._news.set()

    async def _follow_rest(self) -> None:
        """Read the rest when anything may have changed, and give the agent peace."""
        loop = asyncio.get_running_loop()
        checks = False
        while True:
            await self._stale.wait()
            self._stale.clear()
            if self._rest and not checks:
                checks = True
                self._others.append(self._start("checks", self._follow_checks()))
            started = loop.time()
            # Names that nobody has read yet hold everything up.
            unread = self._rest - self._shelves.keys()
            await self._read(iter([*sorted(unread), *sorted(self._rest - unread)]))
            await asyncio.sleep(_REST * (loop.time() - started))

    async def _follow_checks(self) -> None:
        async with aclosing(changes(self._agent, _CHECKS, wait=LATE)) as answers:
            async for _ in answers:
                self._stale.set()

    async def _read(self, names: Iterator[str]) -> None:
        """Read what *names* yields, some at once."""
        async with asyncio.TaskGroup() as readers:
            for number in range(READERS):
                readers.create_task(
                    self._guarded(self._read_each(names)), name=f"reader {number}"
                )

    async def _read_each(self, names: Iterator[str]) -> None:
        for name in names:
            answer = await once(self._agent, _path(name))
            if name in self._rest:
                self._shelves[name] = _shelf(self._agent, answer)
                self._news.set()

    def _start(
        self, what: str, work: Coroutine[None, None, None]
    ) -> asyncio.Task[None]:
        name = f"{self._agent.uri} {what}"
        return self._group.create_task(self._guarded(work), name=name)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        """Leave an error to `readings`: the group would end whoever reads them."""
        try:
            await work
        except BackendError as error:
            self._trouble = error
            self._news.set()


def _shelf(agent: Agent, answer: object) -> Shelf:
    if not isinstance(answer, list):
        raise agent.stranger()
    return read_shelf(answer)


def _path(name: str) -> str:
    return f"/v1/health/service/{quote(name, safe='')}"


def _is_readable(name: str) -> bool:
    """Whether an agent finds the name in a path, which it checks and tidies up."""
    segments = name.split("/")
    walks = {".", ".."} & set(segments) or "" in segments[:-1]
    return bool(name) and name.isprintable() and not walks
