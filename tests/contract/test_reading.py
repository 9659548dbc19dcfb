"""What every backend promises its readers, on the real store of each.

A reading is what the registry holds at one moment, as its readers see it. Registries
differ in how much they write at one moment: a row's `together` says how many changes
of one `put` are seen at once or not at all. Beyond that a reading may show some of
the changes under way, each of them whole; it never lacks what nobody removed.

For whoever adds a registry: let `Row.carries` name all fields that its format keeps,
`Row.together` the size of its transactions, and `Row.itself` the name under which it
shows itself. `start_<server>` must give servers of one's own for the outages.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from contract.conftest import opening
from contract.stores import (
    AnyBackend,
    Row,
    Store,
    agree,
    by_id,
    keeping,
    outliving,
    parameters,
)
from registrator.backend import Reading
from registrator.errors import Unavailable
from registrator.fitness import Health, Status
from registrator.model import Instance, Service, endpoint
from registrator.watcher import opened
from samples import web
from servers import Server
from waiting import PAUSE, eventually

DEADLINE = 60.0

A = web("here:web.1:80")
B = web("here:web.2:80", address="10.0.0.2", port=8002)
OTHER = web("here:shop.1:80", name="shop", port=9000)

served = pytest.mark.parametrize(
    "row", parameters(lambda row: row.server), indirect=True
)


class Watch:
    """One open watch, and all that it has said so far."""

    def __init__(self, stream: AsyncIterator[Reading], row: Row) -> None:
        self._stream = stream
        self._row = row
        self.readings: list[Reading] = []

    async def next(self) -> Reading:
        async with asyncio.timeout(DEADLINE):
            reading = await anext(self._stream)
        self.readings.append(reading)
        return reading

    async def until(self, *services: Service) -> Reading:
        """Read on until exactly *services* are there."""
        wanted = written(services, self._row)
        while (seen := read(await self.next(), self._row)) != wanted:
            assert len(self.readings) < 10_000, (seen, wanted)
        return self.readings[-1]


@asynccontextmanager
async def watching(
    backend: AnyBackend, row: Row, name: str = ""
) -> AsyncIterator[Watch]:
    async with opened(backend, name) as stream:
        yield Watch(stream, row)


@asynccontextmanager
async def two(row: Row, store: Store) -> AsyncIterator[tuple[AnyBackend, AnyBackend]]:
    """Open a writer and a reader: two objects where the store is shared."""
    async with store("here") as writer:
        if not row.outlives:
            yield writer, writer
            return
        async with store("reader") as reader:
            yield writer, reader


@pytest.fixture
async def writer_and_reader(
    row: Row, store: Store
) -> AsyncIterator[tuple[AnyBackend, AnyBackend]]:
    async with two(row, store) as pair:
        yield pair


@pytest.fixture
def writer(writer_and_reader: tuple[AnyBackend, AnyBackend]) -> AnyBackend:
    return writer_and_reader[0]


@pytest.fixture
def reader(writer_and_reader: tuple[AnyBackend, AnyBackend]) -> AnyBackend:
    return writer_and_reader[1]


Fields = Mapping[str, Any]


def read(reading: Reading, row: Row) -> dict[str, Fields]:
    """Show what a reading promises of each instance, by what tells them apart."""
    shown = [each for each in reading.instances.values() if each.name != row.itself]
    found = {key(each, row): promised(each, row) for each in shown}
    assert len(found) == len(shown), "none stands twice"
    return found


def written(
    services: Iterable[Service], row: Row, node: str = "here"
) -> dict[str, Fields]:
    every = [Instance.of(each, node=node) for each in services]
    return {key(each, row): promised(each, row) for each in every}


def key(instance: Instance, row: Row) -> str:
    """Say what tells an instance from others: its id, or where it is."""
    place = f"{instance.name} {endpoint(instance.address, instance.port)}"
    return instance.id if row.by_id else place


def promised(instance: Instance, row: Row) -> Fields:
    own = {"id"} if row.by_id else set()
    fields = {"name", "address", "port"} | own | row.carries
    return {field: getattr(instance, field) for field in fields}


async def shows(backend: AnyBackend, row: Row, *services: Service) -> None:
    """Wait until the registry's readers see exactly *services*."""
    async with watching(backend, row) as watch:
        await watch.until(*services)


async def test_a_registry_that_holds_nothing_is_read_as_such(
    reader: AnyBackend, row: Row
) -> None:
    async with watching(reader, row) as watch:
        assert read(await watch.next(), row) == {}


async def test_a_watch_begins_with_all_that_is_there(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    await agree(writer, A, B, OTHER)
    await shows(reader, row, A, B, OTHER)

    async with watching(reader, row) as watch:
        first = await watch.next()

    assert read(first, row) == written([A, B, OTHER], row)
    assert first.skipped == 0


async def test_each_change_comes_with_a_later_reading(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    changed = replace(A, address="10.0.0.9", port=9)
    async with watching(reader, row) as watch:
        await watch.until()
        for services in ([A], [A, B], [changed, B], [B], []):
            await agree(writer, *services)
            await watch.until(*services)


@by_id
async def test_an_entry_keeps_its_key_for_as_long_as_it_exists(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    await agree(writer, A, B)
    async with watching(reader, row) as watch:
        before = await watch.until(A, B)
        await agree(writer, replace(A, port=9), B)
        after = await watch.until(replace(A, port=9), B)

    assert after.instances.keys() == before.instances.keys()


async def test_a_watch_of_a_name_shows_that_name_only(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    await agree(writer, A, OTHER)
    await shows(reader, row, A, OTHER)

    async with watching(reader, row, "web") as watch:
        assert read(await watch.next(), row) == written([A], row)
        await agree(writer, A, B, replace(OTHER, port=9))
        await watch.until(A, B)
        await agree(writer, OTHER)
        await watch.until()

    seen = [each for reading in watch.readings for each in reading.instances.values()]
    assert {each.name for each in seen} == {"web"}


async def test_a_name_that_nobody_has_yet_can_be_watched(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    await agree(writer, A)
    async with watching(reader, row, "shop") as watch:
        assert read(await watch.next(), row) == {}
        await agree(writer, A, OTHER)
        await watch.until(OTHER)


KINDS: dict[str, dict[str, Any]] = {
    "IPv6": {"address": "fd00::1"},
    "UDP": {"transport": "udp"},
    "tags": {"tags": ("b", "a", "büro", "日本", "a b", "a=b")},
    "metadata": {"metadata": {"version": "1", "zone": "eu west", "empty": ""}},
    "priority": {"priority": 7},
    "weight": {"weight": 9},
    "not passing": {"health": Health.UNHEALTHY},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_what_the_store_carries_is_read_as_it_was_written(
    writer: AnyBackend, reader: AnyBackend, row: Row, kind: dict[str, Any]
) -> None:
    service = replace(A, **kind)
    kept = [] if writer.record(service) is None else [service]

    await agree(writer, service, B)

    await shows(reader, row, *kept, B)


@keeping
async def test_what_is_not_passing_can_stay_with_its_status(
    keeper: AnyBackend, row: Row
) -> None:
    for health in (Health.UNHEALTHY, Health.HEALTHY, Health.STARTING):
        service = replace(A, health=health)
        await agree(keeper, service, B)

        def stands(reading: Reading, wanted: Service = service) -> bool:
            own = (e for e in reading.instances.values() if e.name != row.itself)
            found = {each.address: each.status for each in own}
            return found == {A.address: wanted.status, B.address: Status.PASSING}

        async with watching(keeper, row) as watch:
            while not stands(await watch.next()):
                pass


@outliving
async def test_the_services_of_all_hosts_are_seen_each_with_its_node(
    store: Store, row: Row
) -> None:
    theirs = web("there:web.1:80", address="10.0.0.3")
    async with store("here") as ours, store("there") as other:
        await agree(ours, A)
        await agree(other, theirs)

        wanted = written([A], row) | written([theirs], row, node="there")
        async with watching(ours, row) as watch:
            while read(await watch.next(), row) != wanted:
                pass


async def test_two_watches_at_once_see_the_same(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    async with (
        watching(reader, row) as every,
        watching(reader, row, "web") as some,
    ):
        await every.next()
        await some.next()
        await agree(writer, A, OTHER)
        await asyncio.gather(every.until(A, OTHER), some.until(A))
        await agree(writer, B, OTHER)
        await asyncio.gather(every.until(B, OTHER), some.until(B))


async def test_what_changes_while_nobody_reads_comes_with_the_next_readings(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    async with watching(reader, row) as watch:
        await watch.next()
        for port in range(1, 30):
            await agree(writer, replace(A, port=port))
        await watch.until(replace(A, port=29))


async def test_services_that_are_written_together_are_seen_together(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    many = [web(f"here:web.{number}:80", port=number + 1) for number in range(200)]
    batch = many[: row.together]
    async with watching(reader, row) as watch:
        await watch.next()
        await agree(writer, *batch)
        await watch.until(*batch)

    sizes = {len(read(reading, row)) for reading in watch.readings}
    assert sizes <= {0, len(batch)}


async def test_no_reading_lacks_what_nobody_removed(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    many = [web(f"here:web.{number}:80", port=number + 1) for number in range(200)]
    async with watching(reader, row) as watch:
        await watch.next()
        await agree(writer, *many)
        await watch.until(*many)
        await agree(writer, *many[:100])
        await watch.until(*many[:100])

    seen = [read(reading, row).keys() for reading in watch.readings]
    whole = [len(keys) for keys in seen].index(len(many))
    assert all(before <= after for before, after in pairwise(seen[: whole + 1]))
    assert all(before >= after for before, after in pairwise(seen[whole:]))


async def test_a_watch_that_is_closed_early_leaves_nothing_at_work(
    row: Row, store: Store
) -> None:
    sockets = open_sockets()
    async with two(row, store) as (writer, reader):
        await agree(writer, A)
        await shows(reader, row, A)
        tasks = asyncio.all_tasks()
        for _ in range(20):
            async with watching(reader, row) as watch:
                await watch.next()
        await eventually(lambda: asyncio.all_tasks() <= tasks, "no task is left")
    await eventually(lambda: open_sockets() <= sockets, "no connection is left")


async def test_a_watch_can_be_given_up_while_it_waits(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    await agree(writer, A)
    await shows(reader, row, A)
    tasks = asyncio.all_tasks()
    first = asyncio.Event()

    async def follow() -> None:
        async with watching(reader, row) as watch:
            await watch.next()
            first.set()
            await watch.until(B)

    for _ in range(5):
        waiting = asyncio.ensure_future(follow())
        await first.wait()
        first.clear()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    await eventually(lambda: asyncio.all_tasks() <= tasks, "no task is left")
    await agree(writer, B)
    await shows(reader, row, B)


async def test_writing_goes_on_while_somebody_watches(
    writer: AnyBackend, reader: AnyBackend, row: Row
) -> None:
    async with watching(writer, row) as one, watching(reader, row, "web") as other:
        await asyncio.gather(one.next(), other.next())

        await agree(writer, A)
        await writer.refresh(await writer.owned())

        await asyncio.gather(one.until(A), other.until(A))


@served
async def test_after_an_outage_a_new_watch_begins_with_the_whole_truth(
    row: Row, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = start(row, request)
    async with two(row, opening(row, server, tmp_path)) as (writer, reader):
        await agree(writer, A, B)
        async with watching(reader, row) as watch:
            await watch.until(A, B)
            with server.outage():
                await until_unavailable(watch)
                assert await is_away(reader, row)

        await agree_at_last(writer, B, OTHER)
        await show_at_last(reader, row, B, OTHER)

        async with watching(reader, row) as watch:
            assert read(await watch.next(), row) == written([B, OTHER], row)


@served
async def test_a_server_that_falls_silent_is_noticed(
    row: Row, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = start(row, request)
    async with two(row, opening(row, server, tmp_path)) as (writer, reader):
        await agree(writer, A)
        await shows(reader, row, A)
        with server.hanging():
            assert await is_away(reader, row)

        await agree_at_last(writer, A)
        await show_at_last(reader, row, A)


def start(row: Row, request: pytest.FixtureRequest) -> Server:
    started: Server = request.getfixturevalue(f"start_{row.server}")({})
    return started


async def until_unavailable(watch: Watch) -> None:
    """Read on until the watch says that the registry is away."""
    with suppress(Unavailable):
        while True:
            await watch.next()


async def is_away(backend: AnyBackend, row: Row) -> bool:
    """Whether a new watch says so, without one reading."""
    async with watching(backend, row) as watch:
        with pytest.raises(Unavailable):
            await watch.next()
    return True


async def agree_at_last(backend: AnyBackend, *services: Service) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            with suppress(Unavailable):
                if not await agree(backend, *services):
                    return
            await asyncio.sleep(PAUSE)


async def show_at_last(backend: AnyBackend, row: Row, *services: Service) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            with suppress(Unavailable):
                return await shows(backend, row, *services)
            await asyncio.sleep(PAUSE)


def open_sockets() -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return {name for name in found if name.startswith("socket:")}
