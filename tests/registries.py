"""Real registries of every kind, and a daemon with a host to fill them.

For tests of the whole program: each kind knows what serves it and how it is named.
"""

import os
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from contract.grounds import ground
from contract.stores import ROWS
from daemons import Daemon
from fixtures.clusters import ConsulCluster, EtcdCluster, ZooKeeperEnsemble
from registrator import stores, watcher
from registrator.backend import Backend, Site
from registrator.errors import Unavailable
from standins import StandInProcess
from waiting import until

AnyCluster = ConsulCluster | EtcdCluster | ZooKeeperEnsemble


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One registry: what serves it, and how the daemon is told of it."""

    server: str
    """The fixtures: start_*, and by it the cluster's."""
    row: str
    """The contract's row of the same layout."""
    expires: bool = True
    """Whether records of a dead host go."""
    disk: str = ""
    """The setting for where data are kept; "-" for a server that has a quota."""
    uri: str
    """`{one}` stands for one server's host and port, `{all}` for everyone's."""


KINDS = {
    "consul": Kind(
        server="consul",
        row="consul",
        uri="consul://{one}",
        expires=False,
        disk="data_dir",
    ),
    "consulkv": Kind(
        server="consul",
        row="consulkv",
        uri="consulkv://{one}/services",
        disk="data_dir",
    ),
    "etcd": Kind(
        server="etcd",
        row="etcd-json",
        uri="etcd://{all}/services?format=json",
        disk="-",
    ),
    "skydns": Kind(
        server="etcd", row="skydns", uri="skydns2://{all}/cluster.local", disk="-"
    ),
    "zookeeper": Kind(
        server="zookeeper",
        row="zookeeper",
        uri="zookeeper://{all}/services",
        disk="dataDir",
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


@contextmanager
def against(
    engine: StandInProcess,
    uri: str,
    *options: str,
    node: str = "h1",
    ttl: float = 15,
    under: Sequence[str] = (),
) -> Iterator[Daemon]:
    """Run a daemon, and wait until the first round is over; *node* "": by itself."""
    with Daemon(
        uri,
        f"-docker-host={engine.uri}",
        "-ip=10.0.0.1",
        *([f"-node-name={node}"] if node else []),
        "-resync=2",
        f"-ttl={ttl:g}",
        *options,
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
async def reader(uri: str) -> AsyncIterator[Callable[[Iterable[int]], Any]]:
    """Read the registry as its users do; whether it holds just these containers."""
    (backend,) = stores.make([uri], Site(node="reader", environment=os.environ))

    async def holds(numbers: Iterable[int]) -> bool:
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


def traces(kind: Kind, server: Any, numbers: range) -> Mapping[str, object]:
    """Show what no write leaves the same, of all that these containers have."""
    look = ground(server, ROWS[kind.row])
    return {
        # A host's name in reverse is shared: it is moved when its service ends.
        place: trace
        for number in numbers
        for place, trace in look.trace(f"s{number:02}").items()
        if "/arpa/" not in place
    }


def is_unwell(daemon: Daemon) -> Callable[[], bool]:
    return lambda: not daemon.status()["well"]
