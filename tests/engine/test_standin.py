"""The stand-in engine as a process of its own, as the benchmark runs it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from registrator.engine import Engine, resolve
from registrator.errors import SourceError
from registrator.model import ContainerId, State
from standin import numbered
from standins import StandInProcess, standin
from waiting import eventually


@pytest.fixture
def process() -> Iterator[StandInProcess]:
    with standin(20) as running:
        yield running


@pytest.fixture
async def engine(process: StandInProcess) -> AsyncIterator[Engine]:
    async with Engine(resolve({}, process.uri)) as opened:
        yield opened


async def test_it_has_as_many_containers_as_it_is_told(engine: Engine) -> None:
    assert len(await engine.list()) == 20


async def test_containers_start_die_and_vanish_as_it_is_told(
    process: StandInProcess, engine: Engine
) -> None:
    (fake,) = numbered(20, 1)
    key = ContainerId(fake.id)
    async with asyncio.timeout(20), engine.events() as hints:
        process.tell("start?first=20&count=1")
        assert (await anext(hints)).container == key
        assert (await engine.inspect(key)).state == State.RUNNING
        process.tell("die?first=20&count=1")
        assert (await anext(hints)).container == key
        assert (await engine.inspect(key)).state == State.EXITED
        process.tell("remove?first=20&count=1")
        assert (await anext(hints)).container == key


async def test_it_fails_and_recovers_as_it_is_told(
    process: StandInProcess, engine: Engine
) -> None:
    process.tell("fail?kind=list&status=500&times=1")

    with pytest.raises(SourceError, match="500 no"):
        await engine.list()

    assert len(await engine.list()) == 20


async def test_it_keeps_answers_back_as_it_is_told(
    process: StandInProcess, engine: Engine
) -> None:
    process.tell("hold?kind=list")
    async with asyncio.TaskGroup() as tasks:
        listing = tasks.create_task(engine.list())
        await eventually(lambda: process.counts()["list"], "the list is asked for")
        process.tell("release?kind=list")

    assert len(await listing) == 20


@pytest.mark.parametrize("word", ["cut", "end"])
async def test_it_breaks_event_streams_as_it_is_told(
    process: StandInProcess, engine: Engine, word: str
) -> None:
    async with asyncio.timeout(20), engine.events() as hints:
        process.tell(word)

        with pytest.raises(SourceError):
            await anext(hints)


async def test_it_is_away_for_as_long_as_it_is_told(
    process: StandInProcess, engine: Engine
) -> None:
    async with asyncio.timeout(20), engine.events() as hints:
        process.tell("away?seconds=0.2")
        with pytest.raises(SourceError):
            await anext(hints)

    socket = Path(process.uri.removeprefix("unix://"))
    await eventually(socket.is_socket, "it is back")
    assert len(await engine.list()) == 20
