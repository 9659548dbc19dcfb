"""A real HAProxy that follows only a part of what it is told, or answers in part."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fixtures.haproxy import HaproxyServer, StartHaproxy
from registrator.errors import Unavailable
from registrator_haproxy.layout import Server
from registrator_haproxy.runtime.answers import Reason, Refusal
from registrator_haproxy.runtime.console import Console
from registrator_haproxy.runtime.running import RunningBackend, look

pytestmark = pytest.mark.needs_haproxy

SERVERS = [
    Server(name=f"s{n}", address="127.0.0.1", port=n, options=("check", "inter", "9s"))
    for n in (1, 2, 3)
]


@asynccontextmanager
async def relayed(
    haproxy: HaproxyServer,
    path: Path,
    *,
    said: Callable[[str], str] = str,
    heard: Callable[[str, str], str] = lambda _, answer: answer,
) -> AsyncIterator[Console]:
    """Have a socket before HAProxy's that changes lines and answers on their way."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode().strip()
        passed = said(line)
        answer = await asyncio.to_thread(haproxy.ask, passed) if passed else "\n"
        writer.write(heard(line, answer).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(relay, path):
        yield Console(path)


@pytest.mark.parametrize("followed", range(1, 9))
async def test_what_was_followed_in_part_is_completed(
    haproxy: HaproxyServer, tmp_path: Path, followed: int
) -> None:
    def part(line: str) -> str:
        return "; ".join(line.split("; ")[:followed])

    async with relayed(haproxy, tmp_path / "s", said=part) as console:
        refused = await RunningBackend(console, "b").add(SERVERS)

    found = await look(Console(haproxy.socket))
    assert refused == {}
    assert sorted(found) == [("b", each.name) for each in SERVERS]
    assert all(each.ready and each.checked for each in found.values())


async def test_what_is_said_to_be_done_and_not_seen_is_refused(
    haproxy: HaproxyServer, tmp_path: Path
) -> None:
    def deaf(line: str) -> str:
        return line if line.startswith("show") else ""

    haproxy.ask("add server b/s1 127.0.0.1:1")
    async with relayed(haproxy, tmp_path / "s", said=deaf) as console:
        refused = await RunningBackend(console, "b").ready(["s1"])

    unseen = "said to be done, and not seen"
    assert refused == {"s1": Refusal(reason=Reason.OTHER, says=unseen)}


@pytest.mark.parametrize(
    "cut", ["show servers state b", "show servers conn b", "show stat b 4 -1"]
)
async def test_a_listing_that_is_cut_off_is_not_taken_for_one_of_fewer_servers(
    start_haproxy: StartHaproxy, tmp_path: Path, cut: str
) -> None:
    haproxy = start_haproxy()
    haproxy.ask("add server b/s1 127.0.0.1:1; add server b/s2 127.0.0.1:2")

    def until_the_last(line: str, answer: str) -> str:
        whole, _, _ = answer.strip().rpartition("\n")
        return f"{whole}\n" if line == cut else answer

    async with relayed(haproxy, tmp_path / "s", heard=until_the_last) as console:
        with pytest.raises(Unavailable):
            await RunningBackend(console, "b").look_closely()
