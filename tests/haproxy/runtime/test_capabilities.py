"""What HAProxy says it can do; recorded answers for versions that are not here."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fixtures.haproxy import HaproxyServer, StartHaproxy, on_each_version
from registrator.errors import ConfigError, Unavailable
from registrator_haproxy.runtime.capabilities import Capabilities, discover
from registrator_haproxy.runtime.console import Console

INFO = "Name: HAProxy\nVersion: 2.4.22\nPid: 17\nUptime: 0d 0h00m01s\n\n"
UNKNOWN = "Unknown command, but maybe one of the following is a better match:\n\n"


@asynccontextmanager
async def answering(path: Path, answers: Mapping[str, str]) -> AsyncIterator[Console]:
    """Have a socket that says what was recorded, and knows no other command."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readline()).decode().strip()
        with contextlib.suppress(ConnectionError):
            writer.write(answers.get(asked, UNKNOWN).encode())
            await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(take, path):
        yield Console(path)


@pytest.mark.needs_haproxy
async def test_a_real_one_tells_what_it_can(haproxy: HaproxyServer) -> None:
    version = haproxy.ask("show version").strip()
    major, minor = (int(part) for part in version.split(".")[:2])

    found = await discover(Console(haproxy.socket))

    assert found == Capabilities(
        version=version,
        pid=haproxy.pid,
        adds=True,
        experimental=False,
        waits=(major, minor) >= (3, 0),
        options=found.options,
    )
    assert (found.options is not None) == ((major, minor) >= (3, 2))
    assert found.options is None or {"check", "cookie", "weight"} <= found.options


@pytest.mark.needs_haproxy
async def test_asking_changes_nothing(haproxy: HaproxyServer) -> None:
    before = haproxy.ask("show servers state")

    await discover(Console(haproxy.socket))

    assert haproxy.ask("show servers state") == before


@on_each_version
@pytest.mark.needs_haproxy
async def test_a_socket_that_allows_no_changes_is_said_to_be_one(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy(level="operator")

    with pytest.raises(ConfigError, match="not of level admin"):
        await discover(Console(haproxy.socket))


async def test_one_that_calls_adding_an_experiment_adds(tmp_path: Path) -> None:
    said = "This command is restricted to experimental mode only.\n\n"
    recorded = {
        "show info": INFO,
        "add server": said,
        "add server help": said,
    }

    async with answering(tmp_path / "s", recorded) as console:
        found = await discover(console)

    assert found == Capabilities(
        version="2.4.22",
        pid=17,
        adds=True,
        experimental=True,
        waits=False,
        options=None,
    )


async def test_one_that_does_not_know_of_adding_does_not_add(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", {"show info": INFO}) as console:
        found = await discover(console)

    assert not found.adds
    assert not found.experimental


async def test_one_that_does_not_say_who_it_is_is_not_taken_for_one(
    tmp_path: Path,
) -> None:
    async with answering(tmp_path / "s", {}) as console:
        with pytest.raises(Unavailable, match="what it says of itself is not all"):
            await discover(console)


@pytest.mark.parametrize(("waits", "grace"), [(True, 0.0), (False, 1.0)])
def test_a_server_is_left_alone_for_a_while_where_nobody_tells_that_it_is_free(
    waits: bool, grace: float
) -> None:
    found = Capabilities(
        version="x", pid=1, adds=True, experimental=False, waits=waits, options=None
    )

    assert found.grace == grace
