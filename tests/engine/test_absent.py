"""A host without an engine."""

import asyncio
import socket

import pytest

from registrator.engine import NOWHERE, Engine, engine_at, resolve
from registrator.errors import Gone
from registrator.model import ContainerId


async def test_it_runs_nothing_and_is_called_as_the_host() -> None:
    async with engine_at(NOWHERE) as engine:
        info, listed = await engine.info(), await engine.list()
        with pytest.raises(Gone, match="there is no engine"):
            await engine.inspect(ContainerId("x"))

    assert info.name == socket.gethostname()
    assert listed == ()


async def test_nothing_ever_happens_there() -> None:
    async with engine_at(NOWHERE) as engine, engine.events() as hints:
        waiting = asyncio.ensure_future(anext(hints))
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_any_other_address_is_that_of_an_engine() -> None:
    engine = engine_at(resolve({}, "tcp://127.0.0.1:1"))

    assert type(engine) is Engine
