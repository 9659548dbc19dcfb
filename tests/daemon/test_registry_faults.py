"""The whole daemon while its registries die, hang, forget and lose their quorum.

During every fault containers start and stop; in the end each registry equals the
truth, without anything missing or left behind, and the daemon never ended.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from fixtures.clusters import StartCluster
from fixtures.disk import SmallDisk, StartDisk
from fixtures.network import FarHost
from registries import (
    CLUSTERS,
    AnyCluster,
    Kind,
    against,
    every_kind,
    having,
    is_unwell,
    of_all,
    of_one,
    reader,
    shift,
    traces,
)
from servers import Server
from standins import StandInProcess, standin
from tcp_proxy import TcpProxy
from waiting import eventually, until


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(10) as running:
        yield running


@pytest.fixture
def server(kind: Kind, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"start_{kind.server}")({})


@pytest.fixture
def cluster(kind: Kind, start_cluster: StartCluster) -> AnyCluster:
    made: AnyCluster = start_cluster(CLUSTERS[kind.server])
    return made


_SHORT = 6.0
"""Seconds of a time to live that is to be waited for."""
_LEAST = 10.0
"""The same for every kind: Consul takes no less."""

FAULTS: Mapping[str, Callable[[Server], AbstractContextManager[None]]] = {
    "killed": lambda server: server.outage(),
    "hanging": lambda server: server.hanging(),
}


@every_kind
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_starts_and_dies_while_the_server_is_away_is_right_afterwards(
    engine: StandInProcess,
    kind: Kind,
    server: Any,
    fault: Callable[[Server], AbstractContextManager[None]],
) -> None:
    uri = of_one(kind, server)
    with against(engine, uri) as daemon:
        with fault(server):
            shift(engine, 0)
            until(is_unwell(daemon), "the fault is noticed")
            shift(engine, 5)
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

        assert daemon.alive


@contextmanager
def refusing(link: TcpProxy) -> Iterator[None]:
    link.refuse()
    yield
    link.listen()


@contextmanager
def healing(link: TcpProxy, fault: Callable[[], None]) -> Iterator[None]:
    fault()
    yield
    link.heal()


LINKS: Mapping[str, Callable[[TcpProxy], AbstractContextManager[None]]] = {
    "refuses": refusing,
    "accepts and passes nothing on": lambda link: healing(link, link.freeze),
    "keeps answers back": lambda link: healing(link, link.mute),
    "breaks answers off": lambda link: healing(link, lambda: link.cut(150)),
}


@every_kind
@pytest.mark.parametrize("fault", LINKS.values(), ids=LINKS)
async def test_a_network_that_fails_loses_nothing(
    engine: StandInProcess,
    kind: Kind,
    server: Any,
    fault: Callable[[TcpProxy], AbstractContextManager[None]],
) -> None:
    with (
        TcpProxy(server.port) as link,
        against(engine, of_one(kind, link)) as daemon,
    ):
        with fault(link):
            shift(engine, 0)
            until(is_unwell(daemon), "the fault is noticed")
            shift(engine, 5)
        async with reader(of_one(kind, server)) as holds:
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

        assert daemon.alive


@every_kind
async def test_a_slow_network_delays_and_loses_nothing(
    engine: StandInProcess, kind: Kind, server: Any
) -> None:
    with (
        TcpProxy(server.port) as link,
        against(engine, of_one(kind, link)) as daemon,
    ):
        link.delay(0.3)
        shift(engine, 0)
        shift(engine, 5)
        async with reader(of_one(kind, server)) as holds:
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

        assert daemon.alive


@every_kind
async def test_a_host_that_is_cut_off_expires_on_the_far_side_and_comes_back(
    engine: StandInProcess,
    kind: Kind,
    server: Any,
    far_host: FarHost,
) -> None:
    link = far_host.reach(server.port)
    there = f"{far_host.near}:{link.port}"
    uri = kind.uri.format(one=there, all=there)
    async with reader(of_one(kind, server)) as holds:
        with against(engine, uri, ttl=_LEAST, under=far_host.under) as daemon:
            assert await holds(range(10))
            with far_host.partition():
                shift(engine, 0)
                if kind.expires:
                    await eventually(lambda: holds(range(0)), "the lease runs out", 90)
                else:
                    until(is_unwell(daemon), "the cut is noticed")
                    assert await holds(range(10))
                shift(engine, 5)
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

            assert daemon.alive


@contextmanager
def full(kind: Kind, disk: SmallDisk, server: Any) -> Iterator[None]:
    """Have no room left; a server that ends of it is started when there is some."""
    if kind.server == "etcd":  # which keeps room for its log, and looks at a quota
        with server.full():
            yield
        return
    with disk.full():
        yield
        if kind.server == "zookeeper":
            until(lambda: not server.runs, "zookeeper ends, as it does then")
        if kind.server == "consul":
            until(lambda: not server.leads(), "consul has no leader, as it does then")
    if not server.runs:
        server.start()


@pytest.mark.parametrize("kind", having(lambda kind: kind.disk))
async def test_a_full_disk_of_the_server_loses_nothing(
    engine: StandInProcess,
    kind: Kind,
    request: pytest.FixtureRequest,
    start_disk: StartDisk,
) -> None:
    disk = start_disk(32)
    start = request.getfixturevalue(f"start_{kind.server}")
    server = start({kind.disk: str(disk.path / "data")} if kind.disk != "-" else {})
    uri = of_one(kind, server)
    async with reader(uri) as holds:
        with against(engine, uri, ttl=_SHORT if kind.disk == "-" else 15) as daemon:
            with full(kind, disk, server):
                # What is removed first would leave room for the others; what is
                # little may still find some at the end of a file.
                engine.tell("start?first=10&count=40")
                until(is_unwell(daemon), "the fault is noticed")
                engine.tell("die?first=15&count=35")
                engine.tell("die?first=0&count=5")
                if kind.disk == "-":
                    await stand_without_writing(kind, server, holds)
                shift(engine, 5)
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

            assert daemon.alive


async def stand_without_writing(
    kind: Kind, server: Any, holds: Callable[[Iterable[int]], Any]
) -> None:
    """See the dead go and the others stand, for longer than their time to live."""
    await eventually(lambda: holds(range(5, 10)), "the dead go, nothing new comes")
    stood, began = traces(kind, server, range(5, 10)), time.monotonic()
    assert stood
    until(lambda: time.monotonic() > began + 1.5 * _SHORT, "their time to live passes")
    assert traces(kind, server, range(5, 10)) == stood


@every_kind
async def test_a_server_that_comes_back_empty_is_filled_again(
    engine: StandInProcess, kind: Kind, server: Any
) -> None:
    uri = of_one(kind, server)
    with against(engine, uri) as daemon:
        server.kill()
        server.forget()
        shift(engine, 0)
        server.start()
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(5, 15)), "all are registered again")

        assert daemon.alive


@every_kind
async def test_the_death_of_the_leader_loses_nothing(
    engine: StandInProcess, kind: Kind, cluster: AnyCluster
) -> None:
    uri = of_all(kind, cluster)
    with against(engine, uri) as daemon:
        with cluster.leader().outage():
            shift(engine, 0)
            async with reader(uri) as holds:
                await eventually(lambda: holds(range(5, 15)), "two are enough")
            shift(engine, 5)
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

        assert daemon.alive


@every_kind
async def test_more_than_a_time_to_live_without_a_quorum_loses_nothing(
    engine: StandInProcess, kind: Kind, cluster: AnyCluster
) -> None:
    uri = of_all(kind, cluster)
    with against(engine, uri, ttl=_LEAST) as daemon:
        with cluster.quorum_lost():
            began = time.monotonic()
            shift(engine, 0)
            until(is_unwell(daemon), "the loss is noticed")
            enough = began + 1.3 * _LEAST
            until(lambda: time.monotonic() > enough, "their time to live passes")
            shift(engine, 5)
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

        assert daemon.alive


@every_kind
async def test_a_cluster_that_comes_back_empty_is_filled_again(
    engine: StandInProcess, kind: Kind, cluster: AnyCluster
) -> None:
    uri = of_all(kind, cluster)
    with against(engine, uri) as daemon:
        cluster.kill()
        cluster.forget()
        shift(engine, 0)
        cluster.start()
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(5, 15)), "all are registered again")

        assert daemon.alive
