"""What a reader sees, and what may happen to its connection meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import pytest

from contract.stores import agree
from etcds import PREFIX, at, opening
from fixtures.clusters import EtcdCluster
from fixtures.etcd import EtcdServer, StartEtcd
from registrator.backend import Reading
from registrator.errors import Unavailable
from registrator.model import Instance
from registrator_backends.etcd import EtcdBackend
from registrator_backends.values import LONGEST
from samples import web
from servers import Server
from tcp_proxy import TcpProxy
from waiting import eventually

pytestmark = pytest.mark.needs_etcd

DEADLINE = 60.0


async def following(backend: EtcdBackend, name: str = "") -> AsyncIterator[Reading]:
    """Watch, with a deadline for each reading."""
    async with aclosing(backend.watch(name)) as readings:  # type: ignore[type-var]
        while True:
            async with asyncio.timeout(DEADLINE):
                reading = await anext(readings, None)
            if reading is None:
                return
            yield reading


def ports(reading: Reading) -> dict[str, int]:
    return {each.id: each.port for each in reading.instances.values()}


async def until_ports(readings: AsyncIterator[Reading], wanted: dict[str, int]) -> None:
    async for reading in readings:
        if ports(reading) == wanted:
            return


WRITTEN: dict[str, tuple[str, Instance | None]] = {
    "/services/web/host:web:80": (
        "10.0.0.1:8000",
        Instance(id="host:web:80", name="web", address="10.0.0.1", port=8000),
    ),
    "/services/web/host:web:81": (
        "[fd00::1]:8000",
        Instance(id="host:web:81", name="web", address="fd00::1", port=8000),
    ),
    "/services/a%2Fb/x%25y": (
        "db.example:5432",
        Instance(id="x%y", name="a/b", address="db.example", port=5432),
    ),
    "/services/web/100%": (
        "10.0.0.1:1",
        Instance(id="100%", name="web", address="10.0.0.1", port=1),
    ),
    "/services/web/whole": (
        '{"id":"lies","name":"lies","address":"10.0.0.1","port":80,"weight":3}',
        Instance(id="whole", name="web", address="10.0.0.1", port=80, weight=3),
    ),
    "/services/config": ("10.0.0.1:1", None),
    "/services/web/deeper/still": ("10.0.0.1:1", None),
    "/services/web/": ("10.0.0.1:1", None),
    "/services//id": ("10.0.0.1:1", None),
    "/services/web/empty": ("", None),
    "/services/web/no-port": ("10.0.0.1", None),
    "/services/web/no-json": ("{", None),
    "/services/web/no-place": ("{}", None),
    "/services/web/deep": ("[" * 100_000, None),
    "/services/web/long": ("x" * (LONGEST + 1), None),
    "/services/web/\udcff": ("10.0.0.1:1", None),
}


async def test_whatever_others_wrote_is_read_or_counted(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    for key, (value, _) in WRITTEN.items():
        etcd.put(key, value)

    reading = await anext(following(backend))

    wanted = {key: each for key, (_, each) in WRITTEN.items() if each is not None}
    assert reading.instances == wanted
    assert reading.skipped == len(WRITTEN) - len(wanted)


async def test_junk_that_comes_and_goes_is_counted(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    readings = following(backend)
    assert (await anext(readings)).skipped == 0
    etcd.put("/services/web/x", "junk")
    assert (await anext(readings)).skipped == 1
    etcd.put("/services/web/x", "10.0.0.1:80")
    assert ports(await anext(readings)) == {"x": 80}
    etcd.put("/services/web/x", "junk again")
    reading = await anext(readings)
    assert (ports(reading), reading.skipped) == ({}, 1)
    etcd.delete("/services/web/x")
    assert (await anext(readings)).skipped == 0


async def test_a_name_is_not_taken_for_another_that_begins_so(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    for key in ("web/1", "web2/2", "we/3", "web%2F/4"):
        etcd.put(f"{PREFIX}{key}", "10.0.0.1:80")

    assert ports(await anext(following(backend, "web"))) == {"1": 80}
    assert ports(await anext(following(backend, "web/"))) == {"4": 80}
    assert ports(await anext(following(backend, "\ud800"))) == {}


async def test_more_entries_than_one_request_brings_are_of_one_moment(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    many = [web(f"here:web.{number}:80", port=number + 1) for number in range(2500)]
    await agree(backend, *many)

    reading = await anext(following(backend))

    assert ports(reading) == {each.id: each.port for each in many}


async def test_changes_of_any_size_come_through(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    readings = following(backend)
    await anext(readings)

    etcd.put("/services/web/x", b"\0" * 1_400_000)

    assert (await anext(readings)).skipped == 1
    etcd.put("/services/web/x", "10.0.0.1:80")
    assert ports(await anext(readings)) == {"x": 80}


async def test_ten_megabytes_are_passed_over_and_counted(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd({"max-request-bytes": 16 * 1024 * 1024})
    server.put("/services/web/x", b"\0" * 10_000_000)
    server.put("/services/web/y", "10.0.0.1:80")
    async with opening(at(server)) as backend:
        readings = following(backend)
        reading = await anext(readings)
        assert (ports(reading), reading.skipped) == ({"y": 80}, 1)

        server.put("/services/web/z", b"\0" * 10_000_000)
        assert (await anext(readings)).skipped == 2


async def test_a_lease_that_runs_out_is_seen(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web(), web("here:web.2:80"))
    readings = following(backend)
    assert len(ports(await anext(readings))) == 2

    etcd.revoke(etcd.leases()[0])

    assert ports(await anext(readings)) == {}


async def test_a_broken_connection_is_taken_up_behind_the_last_change(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with opening(at(line)) as backend:
        readings = following(backend)
        assert ports(await anext(readings)) == {}
        for port in range(1, 20):
            etcd.put("/services/web/x", f"10.0.0.1:{port}")
            assert ports(await anext(readings)) == {"x": port}
            line.reset()
        received = line.received

        etcd.put("/services/web/y", "10.0.0.1:80")
        assert ports(await anext(readings)) == {"x": 19, "y": 80}

        # Far less than a listing's answer would be, had there been one each time.
        assert line.received - received < 2_000


async def test_a_break_that_lost_changes_to_compaction_lists_again(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    etcd.put("/services/web/gone", "10.0.0.1:1")
    etcd.put("/services/web/stays", "10.0.0.1:2")
    async with opening(at(line)) as backend:
        readings = following(backend)
        assert ports(await anext(readings)) == {"gone": 1, "stays": 2}
        line.mute()
        etcd.delete("/services/web/gone")
        etcd.put("/services/web/new", "10.0.0.1:3")
        etcd.compact()
        line.reset()
        line.heal()

        assert ports(await anext(readings)) == {"stays": 2, "new": 3}
        etcd.delete("/services/web/new")
        assert ports(await anext(readings)) == {"stays": 2}


async def test_compaction_without_a_break_is_not_noticed(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    readings = following(backend)
    await anext(readings)
    for port in range(1, 5):
        etcd.put("/services/web/x", f"10.0.0.1:{port}")
        assert ports(await anext(readings)) == {"x": port}
        etcd.compact()


async def test_a_server_that_comes_back_without_its_data_is_listed_again(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd()
    with TcpProxy(server.port) as line:
        async with opening(at(line)) as backend:
            server.put("/services/web/x", "10.0.0.1:1")
            readings = following(backend)
            assert ports(await anext(readings)) == {"x": 1}
            line.freeze()
            server.kill()
            server.forget()
            server.start()
            server.put("/services/web/y", "10.0.0.1:2")
            line.reset()
            line.heal()

            assert ports(await anext(readings)) == {"y": 2}


async def test_a_connection_that_breaks_again_and_again_is_told(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with opening(at(line)) as backend:
        readings = following(backend)
        await anext(readings)
        line.cut(0)

        with pytest.raises(Unavailable, match="etcd://127"):
            await anext(readings)


async def silent(server: Server | TcpProxy, readings: AsyncIterator[Reading]) -> str:
    with pytest.raises(Unavailable) as caught:
        await anext(readings)
    return str(caught.value)


async def begun(backend: EtcdBackend) -> AsyncIterator[Reading]:
    """Watch, behind the first reading that came in time."""
    while True:
        readings = following(backend)
        with suppress(Unavailable):
            await anext(readings)
            return readings


async def test_a_connection_that_falls_silent_is_noticed(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with opening(at(line), silence=0.1, deadline=0.5) as backend:
        readings = await begun(backend)
        line.freeze()

        assert "no answer in" in await silent(line, readings)


async def test_a_server_that_hangs_is_noticed(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    async with opening(at(server), silence=0.1, deadline=0.5) as backend:
        readings = await begun(backend)
        with server.hanging():
            assert "no answer in" in await silent(server, readings)


async def test_silence_of_a_server_that_lives_is_no_trouble(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with opening(at(line), silence=0.05) as backend:
        readings = following(backend)
        await anext(readings)
        waiting = asyncio.ensure_future(anext(readings))
        sent = line.sent
        await eventually(lambda: line.sent > sent + 2_000, "it is asked several times")

        etcd.put("/services/web/x", "10.0.0.1:1")

        assert ports(await waiting) == {"x": 1}


async def test_closing_a_watch_closes_its_connection(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with opening(at(line)) as backend:
        etcd.put("/services/web/x", "10.0.0.1:1")
        readings = backend.watch()
        await anext(readings)
        waiting = asyncio.ensure_future(anext(readings))
        etcd.put("/services/web/x", "10.0.0.1:2")
        await waiting
        waiting = asyncio.ensure_future(anext(readings))
        await eventually(lambda: line.open == 1, "the watch is open")
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

        await eventually(lambda: line.open == 0, "the watch is closed")


async def test_a_watch_outlives_the_member_it_was_at(
    etcd_cluster: EtcdCluster,
) -> None:
    cluster = etcd_cluster
    async with opening(f"{cluster.uri}{PREFIX}") as backend:
        cluster.members[1].put("/services/web/x", "10.0.0.1:1")
        readings = following(backend)
        assert ports(await anext(readings)) == {"x": 1}
        with cluster.members[0].outage():
            cluster.leader()
            await eventually(lambda: _put(cluster), "the cluster takes a change")
            await until_ports(readings, {"x": 1, "y": 2})
        await eventually(lambda: _put(cluster, 3), "the cluster takes a change")
        await until_ports(readings, {"x": 1, "y": 3})


async def test_a_watch_leaves_a_member_that_is_cut_off_from_the_others(
    etcd_cluster: EtcdCluster,
) -> None:
    cluster = etcd_cluster
    uri = f"{cluster.uri}{PREFIX}"
    async with opening(uri, silence=0.2, deadline=6.0) as backend:
        readings = following(backend)
        assert ports(await anext(readings)) == {}
        with cluster.members[0].hanging():
            cluster.leader()
            await eventually(lambda: _put(cluster), "the cluster takes a change")
            await until_ports(readings, {"y": 2})


def _put(cluster: EtcdCluster, port: int = 2) -> bool:
    with suppress(OSError):
        cluster.members[1].put("/services/web/y", f"10.0.0.1:{port}")
        return True
    return False
