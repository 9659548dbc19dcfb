"""The runtime socket: of a real HAProxy, and of a listener that keeps what it hears."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.haproxy import HaproxyServer, StartHaproxy, on_each_version
from registrator.errors import Unavailable
from registrator_haproxy.runtime.console import LONGEST_LINE, Command, Console
from registrator_haproxy.whitelist import Unfit


class Listener:
    """Takes connections, keeps what comes on each, and answers all the same."""

    def __init__(self, answer: bytes) -> None:
        self.heard: list[bytes] = []
        self._answer = answer

    async def take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.heard.append(await reader.readline())
        with contextlib.suppress(ConnectionError):
            writer.write(self._answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(path: Path, answer: bytes = b"\n") -> AsyncIterator[Listener]:
    listener = Listener(answer)
    server = await asyncio.start_unix_server(listener.take, path)
    async with server:
        yield listener


def additions(count: int) -> list[Command]:
    return [("add", "server", f"b/s{n}", f"10.0.0.1:{n}") for n in range(1, count + 1)]


@pytest.mark.needs_haproxy
async def test_a_question_is_answered(haproxy: HaproxyServer) -> None:
    console = Console(haproxy.socket)

    assert f"Pid: {haproxy.pid}\n" in await console.ask("show", "info")


@pytest.mark.needs_haproxy
async def test_more_commands_than_a_line_holds_are_all_followed(
    haproxy: HaproxyServer,
) -> None:
    await Console(haproxy.socket).tell(additions(1000))

    assert haproxy.ask("show servers state b").count("\n3 b ") == 1000


@pytest.mark.needs_haproxy
@on_each_version
async def test_a_worker_is_asked_through_its_master(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy(master=True)
    console = Console(haproxy.master_socket, via="@1")

    await console.tell(additions(1000))
    listing = await console.ask("show", "servers", "state")

    assert listing.count("\n3 b ") == 1000
    assert listing.endswith("\n\n")
    assert f"Pid: {haproxy.worker}\n" in await console.ask("show", "info")


@pytest.mark.needs_haproxy
async def test_experiments_may_be_welcome(haproxy: HaproxyServer) -> None:
    console = Console(haproxy.socket).experimental()

    await console.tell(additions(2))

    assert (await console.ask("show", "version")).strip()
    assert haproxy.ask("show servers state b").count("\n3 b ") == 2


@pytest.mark.needs_haproxy
async def test_any_number_may_ask_at_once(haproxy: HaproxyServer) -> None:
    console = Console(haproxy.socket, deadline=60.0)
    experimental = console.experimental()
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(each.ask("show", "servers", "state"), name="ask")
            for each in (console, experimental) * 50
        ]

    assert all("srv_admin_state" in each.result() for each in asked)


async def test_several_commands_are_one_line_while_they_fit(tmp_path: Path) -> None:
    async with listening(tmp_path / "s") as listener:
        await Console(tmp_path / "s").tell([("show", "info"), ("show", "version")])

    assert listener.heard == [b"show info; show version\n"]


async def test_no_line_is_longer_than_haproxy_takes(tmp_path: Path) -> None:
    async with listening(tmp_path / "s") as listener:
        await Console(tmp_path / "s").tell(additions(1000))

    assert len(listener.heard) > 4
    assert max(map(len, listener.heard)) <= LONGEST_LINE + 1
    commands = b"; ".join(line.rstrip(b"\n") for line in listener.heard).split(b"; ")
    assert commands == [" ".join(words).encode() for words in additions(1000)]


async def test_nothing_to_say_needs_no_connection(tmp_path: Path) -> None:
    await Console(tmp_path / "nobody").tell([])


async def test_each_command_to_a_worker_is_addressed_and_the_master_let_go(
    tmp_path: Path,
) -> None:
    async with listening(tmp_path / "s") as listener:
        console = Console(tmp_path / "s", via="@!123").experimental()
        await console.tell([("show", "info"), ("show", "version")])

    assert listener.heard == [
        b"@!123 experimental-mode on; @!123 show info; @!123 show version; quit\n"
    ]


async def test_haproxy_away_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        await Console(tmp_path / "nobody").ask("show", "info")

    assert str(refused.value) == (
        f"haproxy {tmp_path}/nobody: no such file or directory"
    )


@pytest.mark.needs_haproxy
async def test_haproxy_dead_is_unavailable(start_haproxy: StartHaproxy) -> None:
    haproxy = start_haproxy()
    haproxy.kill()

    with pytest.raises(Unavailable, match="connection refused"):
        await Console(haproxy.socket).ask("show", "info")


@pytest.mark.needs_haproxy
async def test_haproxy_hanging_is_unavailable_until_it_goes_on(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy()
    console = Console(haproxy.socket, deadline=0.05)

    with haproxy.hanging(), pytest.raises(Unavailable, match=r"no answer in 0\.05 s"):
        await console.ask("show", "info")

    assert await Console(haproxy.socket).ask("show", "info")


@pytest.mark.parametrize("answer", [b"", b"1\n# be_id be_na"])
async def test_an_answer_that_is_cut_off_is_none(tmp_path: Path, answer: bytes) -> None:
    async with listening(tmp_path / "s", answer):
        with pytest.raises(Unavailable, match="before the answer's end"):
            await Console(tmp_path / "s").ask("show", "info")


async def test_an_answer_without_end_is_none(tmp_path: Path) -> None:
    async with listening(tmp_path / "s", bytes(65 << 20)):
        with pytest.raises(Unavailable, match="answers without end"):
            await Console(tmp_path / "s", deadline=30).ask("show", "info")


async def test_a_path_that_no_socket_can_have_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="too long"):
        await Console(tmp_path / ("x" * 200)).ask("show", "info")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("show", ""),
        ("show info",),
        ("show", "info;shutdown"),
        ("show", "info\nquit"),
        ("show", "<<"),
        ("add", *["x"] * 60),
        ("add", *["x" * 400] * 20),
    ],
)
async def test_an_unfit_command_keeps_all_others_from_being_said(
    tmp_path: Path, words: Command
) -> None:
    async with listening(tmp_path / "s") as listener:
        with pytest.raises(Unfit):
            await Console(tmp_path / "s").tell([("show", "info"), words])

    assert listener.heard == []


WORDS = st.text() | st.from_regex(r"[a-z/:@]{1,9}", fullmatch=True)


@given(st.lists(st.lists(WORDS, max_size=5).map(tuple), max_size=4))
def test_what_reaches_the_socket_is_as_many_commands_as_were_meant(
    commands: Iterable[Command],
) -> None:
    meant = list(commands)
    heard = asyncio.run(_heard(meant))

    said = [word for line in heard for word in line.rstrip("\n").split("; ") if line]
    assert said in ([], [" ".join(words) for words in meant])
    for line in heard:
        assert line.isascii()
        assert line.rstrip("\n").isprintable()
        assert not set("\"'\\$#`<>|&*") & set(line)


async def _heard(commands: list[Command]) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "s")
        async with listening(path) as listener:
            with contextlib.suppress(Unfit):
                await Console(path).tell(commands)
    return [line.decode("latin-1") for line in listener.heard]
