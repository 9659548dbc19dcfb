"""The whole daemon while its registries die, hang, forget and lose their quorum.

During every fault containers start and stop; in the end each registry equals the
truth, without anything missing or left behind, and the daemon never ended.
"""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from daemons import Daemon
from fixtures.clusters import (
    ConsulCluster,
    EtcdCluster,
    StartCluster,
    ZooKeeperEnsemble,
)
from fixtures.disk import SmallDisk, StartDisk
from fixtures.network import FarHost
from registrator import stores, watcher
from registrator.backend import Backend, Site
from registrator.errors import Unavailable
from servers import Server
from standins import StandInProcess, standin
from tcp_proxy import TcpProxy
from waiting import eventually, until

AnyCluster = ConsulCluster | EtcdCluster | ZooKeeperEnsemble


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One registry: what serves it, and how the daemon is told of it."""

    server: str
    """The fixtures: start_*, and by it the cluster's."""
    expires: bool = True
    """Whether records of a dead host go."""
    disk: str = ""
    """The setting for where data are kept; "-" for a server that has a quota."""
    uri: str
    """`{one}` stands for one server's host and port, `{all}` for everyone's."""


KINDS = {
    "consul": Kind(
        server="consul", uri="consul://{one}", expires=False, disk="data_dir"
    ),
    "consulkv": Kind(server="consul", uri="consulkv://{one}/services"),
    "etcd": Kind(server="etcd", uri="etcd://{all}/services?format=json", disk="-"),
    "skydns": Kind(server="etcd", uri="skydns2://{all}/cluster.local", disk="-"),
    "zookeeper": Kind(
        server="zookeeper", uri="zookeeper://{all}/services", disk="dataDir"
    ),
}
CLUSTERS: Mapping[str, Any] = {
    "consul": ConsulCluster,
    "etcd": EtcdCluster,
    "zookeeper": ZooKeeperEnsemble,
}


def having(wanted: Callable[[Kind], object]) -> list[Any]:
    """List the kinds that are so, for `pytest.mark.parametrize`."""
    return [
        pytest.param(kind, id=name, marks=getattr(pytest.mark, f"needs_{kind.server}"))
        for name, kind in KINDS.items()
        if wanted(kind)
    ]


every_kind = pytest.mark.parametrize("kind", having(lambda _: True))


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


@contextmanager
def against(
    engine: StandInProcess, uri: str, under: Sequence[str] = ()
) -> Iterator[Daemon]:
    """Run a daemon, and wait until the first round is over."""
    with Daemon(
        uri,
        f"-docker-host={engine.uri}",
        "-ip=10.0.0.1",
        "-node-name=h1",
        "-resync=2",
        "-ttl=15",
        under=under,
    ) as daemon:
        until(daemon.settled, "the first round")
        yield daemon


def of_one(kind: Kind, server: Any) -> str:
    here = f"127.0.0.1:{server.port}"
    return kind.uri.format(one=here, all=here)


def of_all(kind: Kind, cluster: AnyCluster) -> str:
    """Speak of the whole cluster; of one that follows, where only one can be named."""
    one = f"127.0.0.1:{cluster.followers()[0].port}"
    everyone = ",".join(f"127.0.0.1:{each.port}" for each in cluster.members)
    return kind.uri.format(one=one, all=everyone)


@asynccontextmanager
async def reader(uri: str) -> AsyncIterator[Callable[[range], Any]]:
    """Read the registry as its users do; whether it holds just these containers."""
    (backend,) = stores.make([uri], Site(node="reader", environment=os.environ))

    async def holds(numbers: range) -> bool:
        return await ports(backend) == {10_000 + number for number in numbers}

    async with backend:
        yield holds


async def ports(backend: Backend[Any]) -> set[int] | None:
    """List the ports of all services; None while nobody answers."""
    try:
        async with watcher.opened(backend) as stream:
            async for reading in stream:
                found = [
                    each.port
                    for each in reading.instances.values()
                    if each.address == "10.0.0.1"
                ]
                assert len(found) == len(set(found))
                return set(found)
    except Unavailable:
        pass
    return None


def shift(engine: StandInProcess, first: int) -> None:
    """Have five containers die, and five others start."""
    engine.tell(f"die?first={first}&count=5")
    engine.tell(f"start?first={first + 10}&count=5")


def is_unwell(daemon: Daemon) -> Callable[[], bool]:
    return lambda: not daemon.status()["well"]


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


@pytest.mark.parametrize("kind", having(lambda kind: kind.expires))
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
        with against(engine, uri, under=far_host.under) as daemon:
            assert await holds(range(10))
            with far_host.partition():
                shift(engine, 0)
                await eventually(lambda: holds(range(0)), "the lease runs out", 90)
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
    with against(engine, uri) as daemon:
        with full(kind, disk, server):
            shift(engine, 0)
            until(is_unwell(daemon), "the fault is noticed")
            shift(engine, 5)
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

        assert daemon.alive


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
async def test_a_daemon_that_was_killed_finds_at_its_start_what_died_meanwhile(
    engine: StandInProcess, kind: Kind, server: Any
) -> None:
    uri = of_one(kind, server)
    with against(engine, uri) as daemon:
        daemon.end(signal.SIGKILL)
        shift(engine, 0)
        daemon.start()
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(5, 15)), "no ghost, nothing lost")


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
async def test_twenty_seconds_without_a_quorum_lose_nothing(
    engine: StandInProcess, kind: Kind, cluster: AnyCluster
) -> None:
    uri = of_all(kind, cluster)
    with against(engine, uri) as daemon:
        with cluster.quorum_lost():
            began = time.monotonic()
            shift(engine, 0)
            until(is_unwell(daemon), "the loss is noticed")
            # Longer than the time to live of what stands there.
            until(lambda: time.monotonic() > began + 20, "20 s pass")
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
