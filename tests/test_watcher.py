import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from fixtures.consul import StartConsul
from registrator.backend import Reading, Site
from registrator.bell import Bell
from registrator.errors import Rejected, Unavailable
from registrator.memory import MemoryBackend
from registrator.model import Instance
from registrator.watcher import Sighting, Watcher, opened
from registrator_backends.consul import ConsulBackend
from samples import drop, put, web
from waiting import eventually

AWAY = Unavailable("memory://: away")
A, B = web("a"), web("b")


class Pages(MemoryBackend):
    """A registry that says, page by page, what it is told to; then it waits."""

    def __init__(self, *pages: Reading | Exception) -> None:
        super().__init__()
        self.pages = list(pages)
        self.watches = 0

    async def watch(self, _: str = "") -> AsyncIterator[Reading]:
        self.watches += 1
        while self.pages:
            page = self.pages.pop(0)
            if isinstance(page, Exception):
                raise page
            yield page
        await asyncio.Event().wait()


class Ending(MemoryBackend):
    """A registry whose watches end, without a word."""

    watches = 0

    async def watch(self, _: str = "") -> AsyncIterator[Reading]:
        self.watches += 1
        yield Reading(instances={})


@asynccontextmanager
async def following(*watchers: Watcher) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(watcher.run()) for watcher in watchers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def sighted(
    watcher: Watcher, fits: Callable[[Sighting], object], deadline: float = 60.0
) -> Sighting:
    """Read on, as its readers do, until a sighting fits."""
    async with asyncio.timeout(deadline):
        while True:
            count = watcher.changes.count
            if fits(watcher.latest):
                return watcher.latest
            await watcher.changes.after(count)


def ids(sighting: Sighting) -> set[str]:
    return {each.id for each in sighting.instances.values()}


def instances(*names: str) -> Mapping[str, Instance]:
    return {name: Instance.of(web(name)) for name in names}


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_before_the_first_reading_nothing_is_known() -> None:
    watcher = Watcher(MemoryBackend())

    assert not watcher.latest.known
    assert not watcher.latest.current
    assert watcher.latest.age(watcher.latest.since + 3) == 3
    assert watcher.uri == "memory://"


async def test_what_the_registry_holds_is_seen_and_then_each_change() -> None:
    store = MemoryBackend()
    await put(store, A)
    watcher = Watcher(store)
    async with following(watcher):
        first = await sighted(watcher, lambda it: it.known)
        await put(store, B)
        second = await sighted(watcher, lambda it: len(it.instances) == 2)
        await drop(store, A.id)
        third = await sighted(watcher, lambda it: len(it.instances) == 1)

    assert [ids(each) for each in (first, second, third)] == [{"a"}, {"a", "b"}, {"b"}]
    assert all(each.current and not each.error for each in (first, second, third))
    assert first.since == third.since
    assert third.age(now() + 1000) == 0


async def test_an_empty_registry_is_known_to_be_empty() -> None:
    watcher = Watcher(MemoryBackend())
    async with following(watcher):
        found = await sighted(watcher, lambda it: it.current)

    assert found.known
    assert found.instances == {}


async def test_one_name_can_be_followed() -> None:
    store = MemoryBackend()
    await put(store, A, web("c", name="shop"))
    watcher = Watcher(store, "shop")
    async with following(watcher):
        assert ids(await sighted(watcher, lambda it: it.known)) == {"c"}


async def test_a_registry_that_goes_away_leaves_the_last_sighting_with_its_age() -> (
    None
):
    store = MemoryBackend()
    await put(store, A)
    watcher = Watcher(store)
    async with following(watcher):
        before = await sighted(watcher, lambda it: it.known)
        store.outage = AWAY
        stale = await sighted(watcher, lambda it: not it.current)

        assert stale.instances == before.instances
        assert stale.known
        assert stale.error == "memory://: away"
        assert stale.age(stale.since + 7) == 7

        await eventually_retried(watcher, store)
        assert watcher.latest == stale


async def eventually_retried(watcher: Watcher, store: MemoryBackend) -> None:
    """Wait until the registry was tried again: it then says something else."""
    store.outage = Unavailable("memory://: still away")
    await sighted(watcher, lambda it: "still" in it.error)
    store.outage = AWAY
    await sighted(watcher, lambda it: "still" not in it.error)


async def test_a_registry_that_comes_back_is_read_anew() -> None:
    store = MemoryBackend()
    await put(store, A)
    watcher = Watcher(store)
    async with following(watcher):
        await sighted(watcher, lambda it: it.known)
        store.outage = AWAY
        away = await sighted(watcher, lambda it: not it.current)
        store.records = {B.id: B}
        store.outage = None
        back = await sighted(watcher, lambda it: it.current)

    assert ids(back) == {"b"}
    assert back.error == ""
    assert back.since > away.since


async def test_a_registry_that_was_never_there_is_waited_for() -> None:
    store = MemoryBackend()
    store.outage = Rejected("memory://: permission denied")
    watcher = Watcher(store)
    async with following(watcher):
        away = await sighted(watcher, lambda it: it.error)
        store.outage = None
        await put(store, A)
        found = await sighted(watcher, lambda it: it.known and it.instances)

    assert not away.known
    assert ids(found) == {"a"}


async def test_a_watch_that_just_ends_is_begun_anew() -> None:
    store = Ending()
    watcher = Watcher(store)
    async with following(watcher):
        ended = await sighted(watcher, lambda it: it.error)
        await eventually(lambda: store.watches > 2, "it is tried again and again")

    assert ended.error == "memory://: the watch ended"
    assert ended.known


async def test_many_readers_see_the_latest_whenever_they_look() -> None:
    store = MemoryBackend()
    watcher = Watcher(store)
    async with following(watcher):
        await sighted(watcher, lambda it: it.known)
        readers = [
            asyncio.ensure_future(sighted(watcher, lambda it: len(it.instances) == 50))
            for _ in range(5)
        ]
        for number in range(50):
            await put(store, web(f"n{number}"))
        found = await asyncio.gather(*readers)

    assert all(each == watcher.latest for each in found)


async def test_a_reader_can_wait_for_several_registries_at_once() -> None:
    stores = [MemoryBackend(), MemoryBackend(), MemoryBackend()]
    changes = Bell()
    watchers = [Watcher(store, changes=changes) for store in stores]

    def union(_: Sighting) -> bool:
        seen = set[str]().union(*(ids(watcher.latest) for watcher in watchers))
        return seen == {"0", "1"} and bool(watchers[2].latest.error)

    stores[2].outage = AWAY
    async with following(*watchers):
        for number, store in enumerate(stores):
            await put(store, web(str(number))) if store.outage is None else None
        await sighted(watchers[0], union)


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(each.levelname, each.getMessage()) for each in caplog.records]


async def test_going_away_and_coming_back_are_told_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    store = MemoryBackend()
    watcher = Watcher(store)
    async with following(watcher):
        await sighted(watcher, lambda it: it.known)
        store.outage = AWAY
        await sighted(watcher, lambda it: not it.current)
        await eventually_retried(watcher, store)
        store.outage = None
        await sighted(watcher, lambda it: it.current)

    (gone, back) = told(caplog)
    assert gone == (
        "WARNING",
        "memory://: away; what it held stands, trying again",
    )
    assert back[0] == "INFO"
    assert back[1].startswith("memory://: read again after ")


async def test_a_registry_that_was_never_read_is_told_as_such(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryBackend()
    store.outage = AWAY
    watcher = Watcher(store)
    async with following(watcher):
        await sighted(watcher, lambda it: it.error)

    assert told(caplog) == [
        ("WARNING", "memory://: away; nothing is known of it, trying again")
    ]


async def test_entries_that_are_skipped_are_told_once_for_each_number_of_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    numbers = (2, 2, 0, 2, 3, 3)
    pages = [
        Reading(instances=instances(*"abcdef"[: at + 1]), skipped=number)
        for at, number in enumerate(numbers)
    ]
    watcher = Watcher(Pages(*pages))
    async with following(watcher):
        last = await sighted(watcher, lambda it: len(it.instances) == len(pages))

    assert last.skipped == 3
    assert [text.split()[1] for _, text in told(caplog)] == ["2", "2", "3"]


async def test_a_reading_that_says_nothing_new_wakes_nobody() -> None:
    same = Reading(instances=instances("a"))
    watcher = Watcher(Pages(same, same, same, Reading(instances=instances("b"))))
    async with following(watcher):
        await sighted(watcher, lambda it: ids(it) == {"b"})

    assert watcher.changes.count == 2


async def test_what_is_a_bug_is_not_taken_for_a_registry_that_is_away() -> None:
    watcher = Watcher(Pages(ValueError("a bug")))

    with pytest.raises(ValueError, match="a bug"):
        await watcher.run()


async def test_a_watch_that_is_left_is_closed() -> None:
    closed = asyncio.Event()

    class Closing(MemoryBackend):
        async def watch(self, _: str = "") -> AsyncIterator[Reading]:
            try:
                yield Reading(instances={})
            finally:
                closed.set()

    async with opened(Closing()) as stream:
        await anext(stream)
        assert not closed.is_set()

    assert closed.is_set()


@pytest.mark.needs_consul
async def test_an_outage_of_a_real_consul_is_sat_out(start_consul: StartConsul) -> None:
    agent = start_consul({})
    backend = ConsulBackend.from_uri(agent.uri, Site(node="here"))
    async with backend:
        await put(backend, A)
        watcher = Watcher(backend, A.name)
        async with following(watcher):
            await sighted(watcher, lambda it: ids(it) == {"a"})
            with agent.outage():
                stale = await sighted(watcher, lambda it: it.error)
            await put_at_last(backend)
            await sighted(watcher, lambda it: it.current and ids(it) == {"a", "b"})

    assert ids(stale) == {"a"}


async def put_at_last(backend: ConsulBackend) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                assert not await put(backend, A, B)
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                return
