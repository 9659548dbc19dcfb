"""Servers and networks that fail: which error, and what is left in the end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from fixtures.clusters import ZooKeeperEnsemble
from fixtures.zookeeper import StartZooKeeper, ZooKeeper
from registrator.backend import Site
from registrator.errors import Unavailable
from registrator_backends.zookeeper import ZooKeeperBackend
from registrator_backends.zookeeper.uri import read_address
from samples import drop, put, web
from servers import free_ports
from tcp_proxy import TcpProxy
from waiting import eventually, until
from zookeepers import agree, at, at_last, until_lost

pytestmark = pytest.mark.needs_zookeeper

A = web("here:web.1:80")
B = web("here:web.2:80", address="10.0.0.2")
MANY = [web(f"here:many.{n}:80", port=n) for n in range(1, 301)]

Step = Callable[[ZooKeeperBackend], Awaitable[object]]


async def read(backend: ZooKeeperBackend) -> None:
    await backend.owned()


async def follow(backend: ZooKeeperBackend) -> None:
    await anext(backend.watch())


STEPS: dict[str, Step] = {
    "read": read,
    "put": lambda backend: put(backend, B),
    "drop": lambda backend: drop(backend, A.id),
    "watch": follow,
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


async def fails(backend: ZooKeeperBackend, step: Step) -> str:
    with pytest.raises(Unavailable) as raised:
        await step(backend)
    return str(raised.value)


class Nowhere:
    """A port that nobody listens on."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)


@every_step
async def test_a_server_that_is_not_there_is_away(step: Step) -> None:
    async with at(Nowhere()) as backend:
        told = await fails(backend, step)

    assert told == f"{backend.uri}: no connection: Connection refused"


@every_step
async def test_a_server_that_never_answers_is_away(line: TcpProxy, step: Step) -> None:
    line.freeze()
    async with at(line, deadline=0.3) as backend:
        assert await fails(backend, step) == f"{backend.uri}: no answer in 0.3 s"


@every_step
async def test_a_server_that_falls_silent_is_away_and_comes_back(
    line: TcpProxy, zookeeper: ZooKeeper, step: Step
) -> None:
    async with at(line, deadline=0.5) as backend:
        await at_last(backend, A)
        before = zookeeper.tree()
        line.freeze()
        assert "no answer in 0.5 s" in await fails(backend, step)
        assert "no answer in 0.5 s" in await fails(backend, step)

        line.heal()
        await at_last(backend, A)

        assert zookeeper.tree().keys() == before.keys()
        # One that was begun too slowly to be ours goes when its time is over.
        await eventually(lambda: len(zookeeper.sessions()) == 1, "no other session")


@every_step
async def test_a_name_without_an_address_is_away(step: Step) -> None:
    address = read_address("zookeeper://nowhere.invalid/www", {})
    async with ZooKeeperBackend(address, Site(node="here")) as backend:
        assert "no connection: " in await fails(backend, step)


@pytest.mark.parametrize("octets", [0, 1, 20, 41, 45, 70])
async def test_a_connection_that_is_cut_in_the_middle_of_an_answer_is_told(
    line: TcpProxy, zookeeper: ZooKeeper, octets: int
) -> None:
    line.cut(octets)
    async with at(line) as backend:
        with pytest.raises(Unavailable, match="the connection broke off"):
            await agree(backend, *MANY)
        line.heal()

        await at_last(backend, A)

        assert zookeeper.children("/www/web") == ["10.0.0.1:8000"]


@pytest.mark.parametrize("octets", [1, 17, 300, 2000, 9000])
async def test_no_write_is_lost_or_left_over_by_connections_that_are_cut(
    line: TcpProxy, zookeeper: ZooKeeper, octets: int
) -> None:
    async with at(line) as backend:
        await agree(backend, *MANY[:50])
        line.cut(octets)
        with suppress(Unavailable):
            await agree(backend, *MANY[50:])
        line.heal()

        await at_last(backend, *MANY[100:])

        wanted = sorted(f"10.0.0.1:{each.port}" for each in MANY[100:])
        assert zookeeper.children("/www/web") == wanted
        assert len(zookeeper.children(marks(zookeeper))) == len(wanted)


def marks(zookeeper: ZooKeeper) -> str:
    root = "/registrator.owners/here"
    (scope,) = zookeeper.children(root)
    return f"{root}/{scope}"


@pytest.mark.parametrize("kind", ["registrator", "nerve"])
async def test_what_is_on_its_way_when_the_line_breaks_never_appears_unwanted(
    line: TcpProxy, zookeeper: ZooKeeper, kind: str
) -> None:
    async with at(line, f"/www?format={kind}", deadline=0.5) as backend:
        await at_last(backend, A)
        line.freeze()
        sent = asyncio.ensure_future(put(backend, B))
        with pytest.raises(Unavailable, match="no answer"):
            await sent
        with pytest.raises(Unavailable):
            await drop(backend, B.id)
        line.heal()

        await at_last(backend, A)
        # Whatever may have been kept back by anybody has its turn before this.
        await at_last(backend, A, MANY[7])

        assert len(zookeeper.children("/www/web")) == 2
        assert {each.port for each in (A, MANY[7])} == await ports(backend)


async def ports(backend: ZooKeeperBackend) -> set[int]:
    """Read what is there, as soon as it is answered in time."""

    async def read() -> set[int] | None:
        with suppress(Unavailable):
            reading = await anext(backend.watch())
            return {each.port for each in reading.instances.values()}
        return None

    found = await eventually(read, "a reading")
    assert found is not None
    return found


async def test_what_was_written_and_not_answered_is_removed_when_it_is_unwanted(
    line: TcpProxy, zookeeper: ZooKeeper
) -> None:
    async with at(line, deadline=0.5) as backend:
        await at_last(backend, A)
        line.mute()
        with pytest.raises(Unavailable):
            await put(backend, B)
        until(lambda: len(zookeeper.children("/www/web")) == 2, "it has arrived")
        line.heal()

        await at_last(backend, A)

        assert zookeeper.children("/www/web") == ["10.0.0.1:8000"]
        assert len(zookeeper.children(marks(zookeeper))) == 1


async def test_a_write_that_is_cancelled_is_known_afterwards(
    line: TcpProxy, zookeeper: ZooKeeper
) -> None:
    async with at(line) as backend:
        await agree(backend, A)
        line.mute()
        writing = asyncio.ensure_future(put(backend, B))
        await eventually(
            lambda: len(zookeeper.children("/www/web")) == 2, "it has arrived"
        )
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        line.heal()

        assert await drop(backend, B.id) == {}

        assert zookeeper.children("/www/web") == ["10.0.0.1:8000"]


async def test_a_connection_that_breaks_is_noticed_without_asking(
    line: TcpProxy, zookeeper: ZooKeeper
) -> None:
    async with at(line) as backend:
        await agree(backend, A)
        line.reset()
        await until_lost(backend)
        sessions = zookeeper.sessions()

        await at_last(backend, A)

        assert zookeeper.sessions() == sessions


async def test_a_watch_says_that_the_connection_is_lost(line: TcpProxy) -> None:
    async with at(line) as backend:
        stream = backend.watch()
        await anext(stream)
        line.reset()

        with pytest.raises(Unavailable, match="the connection broke off"):
            await anext(stream)


async def test_a_watch_notices_a_server_that_falls_silent(line: TcpProxy) -> None:
    async with at(line, ttl=1.5) as backend:
        stream = backend.watch()
        await anext(stream)
        line.freeze()

        with pytest.raises(Unavailable, match="the connection broke off"):
            await anext(stream)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64, b"\xff" * 64, b"\x00"]
)
async def test_something_that_is_no_zookeeper_is_away(said: bytes) -> None:
    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(1)
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    here = Nowhere()
    here.port = server.sockets[0].getsockname()[1]
    async with server, at(here, deadline=1.0) as backend:
        await fails(backend, read)


async def test_a_killed_server_comes_back_with_everything(
    start_zookeeper: StartZooKeeper,
) -> None:
    server = start_zookeeper()
    async with at(server) as backend:
        await agree(backend, A)
        before = server.tree()
        with server.outage():
            for step in STEPS.values():
                await fails(backend, step)
            await until_lost(backend)

        await at_last(backend, A)

        assert server.tree() == before


async def test_a_server_that_lost_everything_gets_everything_again(
    start_zookeeper: StartZooKeeper,
) -> None:
    server = start_zookeeper()
    async with at(server) as backend:
        await agree(backend, A, B)
        with server.outage():
            server.forget()

        await at_last(backend, A, B)

        assert server.children("/www/web") == ["10.0.0.1:8000", "10.0.0.2:8000"]


async def test_a_hanging_server_is_waited_for_no_longer_than_told(
    start_zookeeper: StartZooKeeper,
) -> None:
    server = start_zookeeper()
    async with at(server, deadline=0.5) as backend:
        await at_last(backend, A)
        before = server.tree()
        with server.hanging():
            for step in STEPS.values():
                assert "no answer in 0.5 s" in await fails(backend, step)

        await at_last(backend, A)
        assert server.tree() == before


def over(ensemble: ZooKeeperEnsemble, *, deadline: float = 10.0) -> ZooKeeperBackend:
    address = read_address(f"{ensemble.uri}/www", {})
    return ZooKeeperBackend(address, Site(node="here"), deadline)


async def test_the_loss_of_the_leader_changes_no_record(
    zookeeper_ensemble: ZooKeeperEnsemble,
) -> None:
    async with over(zookeeper_ensemble) as backend:
        await agree(backend, A, B)
        with zookeeper_ensemble.leader().outage():
            await at_last(backend, A, MANY[0])
            other = zookeeper_ensemble.leader()
            await eventually(
                lambda: other.children("/www/web") == ["10.0.0.1:1", "10.0.0.1:8000"],
                "the others know",
            )

        await at_last(backend, A)
        assert len(await backend.owned()) == 1


async def test_what_changes_while_the_quorum_is_lost_is_right_afterwards(
    zookeeper_ensemble: ZooKeeperEnsemble,
) -> None:
    async with over(zookeeper_ensemble) as backend:
        await agree(backend, A, B)
        with zookeeper_ensemble.quorum_lost():
            assert await fails(backend, lambda each: put(each, MANY[0]))
            assert await fails(backend, lambda each: drop(each, A.id))

        await at_last(backend, B, MANY[1])

        member = zookeeper_ensemble.leader()
        assert member.children("/www/web") == ["10.0.0.1:2", "10.0.0.2:8000"]


async def test_another_server_is_asked_where_one_never_answers(
    zookeeper_ensemble: ZooKeeperEnsemble,
) -> None:
    follower = zookeeper_ensemble.followers()[0]
    with follower.hanging():
        for _ in range(5):
            async with over(zookeeper_ensemble, deadline=3.0) as backend:
                await at_last(backend, A)
