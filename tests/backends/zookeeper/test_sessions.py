"""What lives with a session, and how a restarted daemon goes on with it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.zookeeper import StartZooKeeper, ZooKeeper
from registrator_backends.zookeeper import ZooKeeperBackend
from samples import drop, put, web
from waiting import eventually, until
from zookeepers import agree, at, until_lost

pytestmark = pytest.mark.needs_zookeeper

A = web("here:web.1:80")
B = web("here:web.2:80", address="10.0.0.2")
FORMATS = ("registrator", "nerve", "serverset", "curator")
every_format = pytest.mark.parametrize("kind", FORMATS)


def made(zookeeper: ZooKeeper) -> dict[str, int]:
    """In which transaction each znode was made."""
    return {path: node.created for path, node in zookeeper.tree().items()}


def owners(zookeeper: ZooKeeper, path: str = "/www") -> set[int]:
    """The sessions that the records below a path end with."""
    nodes = zookeeper.tree(path)
    depth = path.count("/") + 2
    return {node.owner for at, node in nodes.items() if at.count("/") == depth}


async def test_records_and_their_marks_live_with_one_session(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A, B)

    (session,) = zookeeper.sessions()
    living = [path for path, node in zookeeper.tree().items() if node.owner == session]
    assert len(living) == 4
    assert owners(zookeeper) == {session}


async def test_a_session_that_holds_nothing_is_ended_with_the_daemon(
    zookeeper: ZooKeeper,
) -> None:
    async with at(zookeeper) as backend:
        await backend.owned()
        assert len(zookeeper.sessions()) == 1

    assert zookeeper.sessions() == []


async def test_the_end_of_the_daemon_leaves_everything_standing(
    zookeeper: ZooKeeper,
) -> None:
    async with at(zookeeper) as backend:
        await agree(backend, A)
        before = made(zookeeper)

    assert made(zookeeper) == before
    assert len(zookeeper.sessions()) == 1


@every_format
async def test_a_restarted_daemon_goes_on_with_its_session(
    zookeeper: ZooKeeper, tmp_path: Path, kind: str
) -> None:
    path = f"/www?format={kind}"
    async with at(zookeeper, path, state=tmp_path) as first:
        await agree(first, A, B)
        before = made(zookeeper)
        sessions = zookeeper.sessions()

    async with at(zookeeper, path, state=tmp_path) as second:
        await agree(second, A, B)

        assert made(zookeeper) == before
        assert zookeeper.sessions() == sessions
        assert await agree(second, B) == {}
        assert len(await second.owned()) == 1


@every_format
async def test_without_its_session_a_restarted_daemon_takes_everything_over(
    zookeeper: ZooKeeper, kind: str
) -> None:
    path = f"/www?format={kind}"
    async with at(zookeeper, path) as first:
        await agree(first, A, B)
    (before,) = zookeeper.sessions()

    async with at(zookeeper, path) as second:
        await agree(second, A, B)

        (after,) = set(zookeeper.sessions()) - {before}
        assert owners(zookeeper) == {after}
        zookeeper.expire(before)
        assert len(await second.owned()) == 2
        assert len(zookeeper.children("/www/web")) == 2


async def test_readers_never_miss_what_is_taken_over(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper) as first:
        await agree(first, A)
    async with at(zookeeper, node="reader") as reader, at(zookeeper) as second:
        stream = reader.watch()
        shown = [await anext(stream)]
        await agree(second, A)
        await agree(second, A, B)
        while len(shown[-1].instances) < 2:
            shown.append(await anext(stream))

    assert all(len(reading.instances) for reading in shown)


async def test_looking_at_the_store_takes_nothing_over(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper) as first:
        await agree(first, A)
    before = made(zookeeper)

    async with at(zookeeper) as second:
        assert len(await second.owned()) == 1

        assert made(zookeeper) == before


WRITE = """
import asyncio, sys
from pathlib import Path
from registrator.backend import Site
from registrator_backends.zookeeper import ZooKeeperBackend
from samples import put, web

async def main():
    site = Site(node="here", state=Path(sys.argv[2]))
    async with ZooKeeperBackend.from_uri(sys.argv[1], site) as backend:
        await put(backend, web("here:web.1:80"))
        print("written", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def writing(zookeeper: ZooKeeper, state: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Have another process that has written a record, and does nothing more."""
    command = [sys.executable, "-c", WRITE, f"{zookeeper.uri}/www", str(state)]
    tests = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=tests) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        try:
            yield process
        finally:
            process.kill()


async def test_kill_9_and_a_restart_change_no_znode(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    with writing(zookeeper, tmp_path) as process:
        before = made(zookeeper)
        process.kill()

    async with at(zookeeper, state=tmp_path) as backend:
        await agree(backend, A)

    assert made(zookeeper) == before
    assert len(zookeeper.sessions()) == 1


async def test_what_died_with_the_daemon_is_removed_by_the_next(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    async with at(zookeeper, state=tmp_path) as first:
        await agree(first, A, B)
        kept = zookeeper.tree()["/www/web/10.0.0.2:8000"]

    async with at(zookeeper, state=tmp_path) as second:
        await agree(second, B)

    assert zookeeper.children("/www/web") == ["10.0.0.2:8000"]
    assert zookeeper.tree()["/www/web/10.0.0.2:8000"] == kept


@every_format
async def test_an_expired_session_is_told_and_everything_comes_again(
    zookeeper: ZooKeeper, kind: str
) -> None:
    async with at(zookeeper, f"/www?format={kind}") as backend:
        await agree(backend, A, B)
        (before,) = zookeeper.sessions()
        zookeeper.expire(before)
        await until_lost(backend)

        assert await backend.owned() == {}
        assert await agree(backend, A, B) == {}

        assert len(zookeeper.children("/www/web")) == 2
        assert owners(zookeeper) == set(zookeeper.sessions())
        assert owners(zookeeper) != {before}


async def test_a_session_that_ended_meanwhile_is_followed_by_another(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    async with at(zookeeper, state=tmp_path) as first:
        await agree(first, A)
    (before,) = zookeeper.sessions()
    zookeeper.expire(before)

    async with at(zookeeper, state=tmp_path) as second:
        await agree(second, A)
        (after,) = zookeeper.sessions()

    async with at(zookeeper, state=tmp_path) as third:
        await agree(third, A)
        assert zookeeper.sessions() == [after] != [before]


async def test_looking_at_the_session_asks_nothing(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A)

    async def looked_at() -> bool:
        before = packets(zookeeper)
        for _ in range(100):
            await backend.refresh({})
        return packets(zookeeper) == before

    await eventually(looked_at, "no more was sent, and no ping fell due meanwhile")


async def test_records_without_a_ttl_stay_for_ever(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper, ttl=0) as first:
        await agree(first, A)
        before = made(zookeeper)
        for session in zookeeper.sessions():
            zookeeper.expire(session)

    async with at(zookeeper, ttl=0) as second:
        await agree(second, A)
        assert made(zookeeper) == before
        await agree(second)

    assert zookeeper.children("/www") == []


async def test_a_ttl_that_is_given_up_makes_records_stay(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper) as first:
        await agree(first, A)
    async with at(zookeeper, ttl=0) as second:
        await agree(second, A)
        for session in zookeeper.sessions():
            zookeeper.expire(session)

    assert owners(zookeeper) == {0}


async def test_a_timeout_that_the_server_does_not_grant_is_told(
    start_zookeeper: StartZooKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_zookeeper({"maxSessionTimeout": 5000})
    async with at(server, ttl=60) as backend:
        await backend.owned()

    assert f"{backend.uri}: the servers keep a session for 5 s" in caplog.text


@pytest.mark.parametrize("held", [b"", b"junk", b"[]", b'{"session": "x"}', b"\xff"])
async def test_a_session_file_of_junk_is_told_and_passed_over(
    zookeeper: ZooKeeper,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    held: bytes,
) -> None:
    async with at(zookeeper, state=tmp_path) as first:
        await agree(first, A)
    file = only_file(tmp_path)
    file.write_bytes(held)

    async with at(zookeeper, state=tmp_path) as second:
        assert await agree(second, A) == {}

    assert "a new session begins" in caplog.text
    assert json.loads(file.read_text())["session"].startswith("0x")


async def test_a_session_of_somebody_else_is_not_entered(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    async with at(zookeeper, state=tmp_path) as first:
        await agree(first, A)
    file = only_file(tmp_path)
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "password": "00" * 16}))

    async with at(zookeeper, state=tmp_path) as second:
        assert await agree(second, A) == {}
        assert int(known["session"], 16) not in owners(zookeeper)


async def test_the_session_file_is_for_its_owner_alone(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    directory = tmp_path / "state"
    async with at(zookeeper, state=directory) as backend:
        await put(backend, A)
        await drop(backend, A.id)

    file = only_file(directory)
    assert file.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


async def test_a_state_directory_that_cannot_be_is_told_and_done_without(
    zookeeper: ZooKeeper, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "file"
    file.touch()

    async with at(zookeeper, state=file / "state") as backend:
        assert await agree(backend, A) == {}

    assert "after a restart a new session begins" in caplog.text


async def test_each_node_and_place_has_a_session_of_its_own(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    async with (
        at(zookeeper, state=tmp_path) as one,
        at(zookeeper, "/other", state=tmp_path) as other,
        at(zookeeper, node="there", state=tmp_path) as there,
    ):
        for backend in (one, other, there):
            await backend.owned()
        assert len(files(tmp_path)) == 3
        until(lambda: len(zookeeper.sessions()) == 3, "there are three sessions")


def files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def only_file(directory: Path) -> Path:
    (file,) = files(directory)
    return file


def packets(zookeeper: ZooKeeper) -> int:
    """How many requests the one other session has sent over its connection."""
    (session,) = zookeeper.sessions()
    lines = zookeeper.command("cons").splitlines()
    (own,) = [line for line in lines if f"sid={session:#x}," in line]
    return int(own.partition("recved=")[2].partition(",")[0])


async def test_a_name_that_a_lost_session_left_empty_goes(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper) as backend:
        await agree(backend, A)
        (before,) = zookeeper.sessions()
        zookeeper.expire(before)
        await until_lost(backend)
        assert zookeeper.children("/www/web") == []

        await agree(backend)

    assert zookeeper.children("/www") == []
