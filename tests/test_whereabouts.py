"""What is known of the host before, and after, its engine answers."""

import asyncio
import socket
from pathlib import Path

import pytest

from registrator.engine import Engine, resolve
from registrator.errors import SourceError
from registrator.whereabouts import Whereabouts
from standins import standin
from waiting import eventually


def of(address: str, node: str = "") -> tuple[Engine, Whereabouts]:
    engine = Engine(resolve({}, address))
    return engine, Whereabouts(engine, node=node, ip="")


def nowhere(directory: Path) -> str:
    return f"unix://{directory}/nobody.sock"


def test_before_anything_was_asked_nothing_is_known(tmp_path: Path) -> None:
    _, where = of(nowhere(tmp_path), node="h1")

    assert where.node == "h1"
    assert where.addresses() == ("", "")


async def test_an_engine_that_is_there_says_the_hosts_name(tmp_path: Path) -> None:
    with standin(1) as there:
        engine, where = of(there.uri)
        async with engine:
            await where.hurry(lambda _: None)
            await where.wait(lambda _: None)

    assert where.node == "standin"


async def test_one_that_has_to_be_there_is_missed(tmp_path: Path) -> None:
    engine, where = of(nowhere(tmp_path))

    async with engine:
        with pytest.raises(SourceError):
            await where.ask()


async def test_without_an_engine_the_host_says_its_name_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "engine.sock"
    engine = Engine(resolve({}, f"unix://{path}"))
    where = Whereabouts(engine, node="", ip="", contained=lambda: False)

    async with engine:
        await where.hurry(lambda _: None)
        assert where.node == socket.gethostname()
        with standin(1) as there:
            path.symlink_to(there.uri.removeprefix("unix://"))
            await where.wait(lambda _: None)

    assert where.node == socket.gethostname()
    assert "the engine calls this host standin" in caplog.text


async def test_a_container_waits_for_the_engine_unless_it_has_a_name(
    tmp_path: Path,
) -> None:
    path = tmp_path / "engine.sock"
    engine = Engine(resolve({}, f"unix://{path}"))
    where = Whereabouts(engine, node="", ip="", contained=lambda: True)
    named = Whereabouts(engine, node="h1", ip="", contained=lambda: True)
    told: list[str] = []

    async with engine:
        await named.hurry(told.append)
        assert (named.node, named.addresses(), told) == ("h1", ("", ""), [])
        with standin(1) as there:
            waiting = asyncio.ensure_future(where.hurry(told.append))
            await eventually(lambda: told, "it says what is in the way")
            path.symlink_to(there.uri.removeprefix("unix://"))
            await waiting

    assert where.node == "standin"
