"""An engine's containers as instances, against a stand-in for what a real one can't."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.relay import relay
from registrator import stores
from registrator.fitness import Status
from registrator.readable import Readable, Site
from standin import Fake, StandIn, numbered
from waiting import eventually
from watching import Watched, watching

WEB = Fake(name="web.1", image="web:1", ports={"80/tcp": 8000})
OTHER = Fake(name="web.2", image="web:1", ports={"80/tcp": 8001})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


def source(path: Path, query: str = "address=10.0.0.9") -> Readable:
    uri = f"docker-unix://{path}?{query}"
    return stores.readable(uri, Site(node="here"))


def places(seen: Watched) -> list[str]:
    return [f"{each.address}:{each.port}" for each in seen.instances]


async def shows(seen: Watched, *ports: int) -> None:
    wanted = [f"10.0.0.9:{port}" for port in ports]
    await seen.until(lambda: places(seen) == wanted, f"{wanted} are shown")


@asynccontextmanager
async def watched(
    path: Path, *fakes: Fake, name: str = "web", query: str = "address=10.0.0.9"
) -> AsyncIterator[tuple[StandIn, Watched]]:
    async with StandIn(path) as engine:
        engine.present(*fakes)
        async with source(path, query) as opened, watching(opened, name) as seen:
            yield engine, seen


async def test_containers_come_and_go(path: Path) -> None:
    async with watched(path, WEB) as (engine, seen):
        await shows(seen, 8000)
        engine.start(OTHER)
        await shows(seen, 8000, 8001)
        engine.die(WEB)
        await shows(seen, 8001)
        engine.remove(OTHER)
        await shows(seen)


async def test_a_container_that_is_being_stopped_is_shown_no_more(path: Path) -> None:
    async with watched(path, WEB, OTHER) as (engine, seen):
        await shows(seen, 8000, 8001)
        engine.kill(WEB, 15)
        await shows(seen, 8001)
        engine.start(replace(WEB, started="2036-11-24T00:00:00.1Z"))
        await shows(seen, 8000, 8001)


async def test_an_instance_is_what_the_daemon_would_register(path: Path) -> None:
    fake = replace(
        WEB,
        health="unhealthy",
        labels={"SERVICE_TAGS": "blue", "SERVICE_NAME": "api", "SERVICE_ZONE": "b"},
    )
    async with watched(path, fake, name="api") as (_, seen):
        await shows(seen, 8000)

    (found,) = seen.instances
    assert (found.id, found.name, found.tags) == ("here:web.1:80", "api", ("blue",))
    assert found.metadata == {"zone": "b"}
    assert (found.node, found.container, found.image) == ("here", "web.1", "web")
    assert found.status is Status.CRITICAL


async def test_without_a_name_it_is_all_of_them(path: Path) -> None:
    async with watched(path, *numbered(0, 300), name="") as (_, seen):
        await seen.until(lambda: len(seen.instances) == 300, "all are shown")

        assert len(seen.readings) == 1


async def test_nothing_is_shown_before_all_were_looked_at(path: Path) -> None:
    async with watched(path, WEB, OTHER) as (engine, seen):
        engine.hold("inspect")
        await engine.asked("inspect", 2)
        assert seen.readings == []

        engine.release("inspect")
        await shows(seen, 8000, 8001)

        assert len(seen.readings) == 1


async def test_that_nothing_runs_is_an_answer(path: Path) -> None:
    async with watched(path) as (_, seen):
        await shows(seen)


async def test_an_engine_that_is_away_is_no_answer(path: Path) -> None:
    async with source(path) as opened, watching(opened, "web") as seen:
        error = await seen.ended()

        assert seen.readings == []
        assert str(error).startswith(f"docker-unix://{path}?address=10.0.0.9: engine ")


async def test_an_engine_that_restarts_is_told_and_then_shown_as_it_is(
    path: Path,
) -> None:
    async with StandIn(path) as engine:
        engine.present(WEB)
        async with source(path) as opened:
            async with watching(opened, "web") as seen:
                await shows(seen, 8000)
                await engine.away()
                await seen.ended()
            engine.lose(WEB)
            engine.present(OTHER)
            await engine.back()

            async def again() -> bool:
                async with watching(opened, "web") as later:
                    await eventually(lambda: later.readings or later.error, "a word")
                # Never what was there before, although nobody has looked yet.
                assert places(later) in ([], ["10.0.0.9:8001"])
                return bool(later.readings)

            await eventually(again, "it is read again")


async def test_an_event_stream_that_breaks_is_told(path: Path) -> None:
    async with watched(path, WEB) as (engine, seen):
        await shows(seen, 8000)
        engine.cut()
        await seen.ended()


async def test_many_watches_cost_one_stream_and_an_event_one_look(path: Path) -> None:
    async with StandIn(path) as engine:
        engine.present(*numbered(0, 50))
        async with (
            source(path) as opened,
            watching(opened, "s01") as one,
            watching(opened, "s02") as two,
            watching(opened, "web") as three,
        ):
            for seen in (one, two, three):
                await seen.until(lambda: True, "it is read")
            looks = engine.counts["inspect"]
            engine.start(WEB)
            await shows(three, 8000)

            assert engine.counts["inspect"] == looks + 1
            assert engine.streams == 1
            assert [len(seen.readings) for seen in (one, two, three)] == [1, 1, 2]


async def test_containers_of_an_image_are_found_under_any_name(path: Path) -> None:
    query = "image=web&port=80&address=10.0.0.9"
    others = (
        Fake(name="x", image="other", ports={"80/tcp": 8002}),
        Fake(name="y", image="host:5000/web:1", ports={"80/tcp": 8003}),
        Fake(name="z", image="web", ports={"81/tcp": 8004}),
    )
    two = replace(OTHER, ports={"80/tcp": 8001, "81/tcp": 8005})
    async with watched(path, WEB, two, *others, name="front", query=query) as (_, seen):
        await shows(seen, 8000, 8001)

        assert {each.name for each in seen.instances} == {"front"}


async def test_it_can_be_entered_again(path: Path) -> None:
    async with StandIn(path) as engine:
        engine.present(WEB)
        again = source(path)
        for _ in range(2):
            async with again, watching(again, "web") as seen:
                await shows(seen, 8000)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_engine_on_the_network_has_its_containers_where_it_is(
    path: Path, host: str
) -> None:
    async with StandIn(path) as engine, relay(path) as port:
        engine.present(WEB)
        opened = stores.readable(f"docker://{host}:{port}", Site(node="here"))
        async with opened, watching(opened, "web") as seen:
            await seen.until(lambda: places(seen) == ["127.0.0.1:8000"], "it is read")

    assert {each.node for each in seen.instances} == {"standin"}


async def test_a_host_that_has_no_address_is_told(path: Path) -> None:
    opened = stores.readable("docker://no-such-host.invalid", Site(node="here"))
    async with opened, watching(opened, "web") as seen:
        error = await seen.ended()

    assert str(error).startswith("docker://no-such-host.invalid: engine tcp://no-such")


async def test_leaving_it_leaves_nothing_behind(path: Path) -> None:
    before = asyncio.all_tasks()
    async with watched(path, WEB) as (engine, seen):
        await shows(seen, 8000)
    await eventually(lambda: asyncio.all_tasks() == before, "no task is left")
    assert engine.streams == 0
