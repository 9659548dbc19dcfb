"""What a reader has of a registry that goes away, on the real servers."""

import asyncio
from pathlib import Path

import pytest

from contract.conftest import opening
from contract.stores import Row, agree, parameters
from registrator.watcher import Watcher
from samples import web
from waiting import eventually

one_of_each = pytest.mark.parametrize(
    "row", parameters(lambda row: row.server and "?format=" not in row.uri)
)


@one_of_each
async def test_what_was_seen_stands_with_its_age_until_the_registry_is_back(
    row: Row, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue(f"start_{row.server}")({})
    store = opening(row, server, tmp_path)
    async with store("here") as writer, store("reader") as backend:
        await agree(writer, web())
        watcher = Watcher(backend, "web")
        work = asyncio.ensure_future(watcher.run())
        await eventually(lambda: watcher.latest.instances, "it is seen")
        seen = watcher.latest.instances

        with server.outage():
            await eventually(lambda: not watcher.latest.current, "the loss is noticed")
            now = asyncio.get_running_loop().time
            away = watcher.latest
            await eventually(lambda: away.age(now()) > 0.1, "it grows old")
            assert away.instances == watcher.latest.instances == seen
            assert away.error

        await eventually(lambda: watcher.latest.current, "it is read again")
        assert watcher.latest.age(now()) == 0
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
