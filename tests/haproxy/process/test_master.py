"""What masters of different versions say, recorded, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from registrator.errors import Unavailable
from registrator_haproxy.process.master import Master

OLD = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
29968           master          {reloads} [failed: {failed}]   0d00h00m01s     2.6.12
# workers
29998           worker          {age}               0d00h00m00s     2.6.12
# programs

"""
NEW = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
25123           master          {reloads} [failed: {failed}]   0d00h00m10s     3.2.26-1
# workers
# old workers
25418           worker          {age}               0d00h00m05s     3.2.26-1

"""
Says = Callable[..., AbstractAsyncContextManager[Master]]


@pytest.fixture
def says(tmp_path: Path) -> Says:
    """Have a master that answers so, one connection after the other."""

    @asynccontextmanager
    async def made(*answers: str, deadline: float = 20.0) -> AsyncIterator[Master]:
        left = list(answers)

        async def answer(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await reader.read()
            writer.write(left.pop(0).encode())
            writer.close()
            await writer.wait_closed()

        place = tmp_path / "master.sock"
        async with await asyncio.start_unix_server(answer, place):
            yield Master(place, deadline)

    return made


@pytest.mark.parametrize("text", [OLD, NEW])
async def test_after_a_reload_that_failed_the_old_workers_are_what_serves(
    says: Says, text: str
) -> None:
    async with says(text.format(reloads=4, failed=1, age=1)) as master:
        found = await master.processes()

    assert (found.reloads, found.failed) == (4, 1)
    assert len(found.workers) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("", ()),
        (
            "Success=0\n--\n[ALERT]    (1) : config : no\n\n",
            ("[ALERT]    (1) : config : no",),
        ),
    ],
)
async def test_a_reload_that_failed_is_told_with_haproxys_words(
    says: Says, answer: str, told: tuple[str, ...]
) -> None:
    before = OLD.format(reloads=3, failed=0, age=0)
    after = OLD.format(reloads=4, failed=1, age=1)

    async with says(before, answer, after) as master:
        assert await master.reload() == told


async def test_an_answer_that_was_cut_off_is_asked_for_again(says: Says) -> None:
    before = OLD.format(reloads=3, failed=0, age=0)
    after = OLD.format(reloads=4, failed=0, age=0).replace("29998", "30001")

    serves = (after, "Name: HAProxy\nVersion: 2.6.12\n")
    async with says(before, "", "", before, after, *serves) as master:
        assert await master.reload() is None


async def test_something_else_at_the_socket_is_no_master(says: Says) -> None:
    async with says("Unknown command\n") as master:
        with pytest.raises(Unavailable, match="says nothing of its processes"):
            await master.processes()


async def test_an_answer_without_end_is_given_up(says: Says) -> None:
    async with says("x" * 1_000_000) as master:
        with pytest.raises(Unavailable, match="more than 262144 octets"):
            await master.processes()


async def test_nobody_listens_where_there_is_no_socket(tmp_path: Path) -> None:
    master = Master(tmp_path / "none.sock", 20.0)

    assert await master.listener() is None
    with pytest.raises(Unavailable, match="no such file or directory"):
        await master.processes()
