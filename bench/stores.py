"""The registries whose figures are measured, each as a real server on its own.

Eureka alone is the tests' stand-in: no real one can be had where the tests run.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.meter import Count, Meter, http_requests, zookeeper_packets
from fixtures.consul import ConsulAgent
from fixtures.etcd import EtcdServer
from fixtures.zookeeper import ZooKeeper
from standin_eureka import EurekaServer

AnyServer = ConsulAgent | EtcdServer | ZooKeeper | EurekaServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One registry: how its server is started, spoken to and counted at."""

    name: str
    uri: str
    """With ``{port}`` for where the server, or a meter before it, listens."""
    start: Callable[[Path], AbstractContextManager[AnyServer]]
    counting: Callable[[], Count] = http_requests
    pace: float = 0.0
    """Seconds after a reading in which its reader lets further changes gather."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs, and a directory for whatever is written beside it."""

    server: AnyServer
    uri: str
    meter: Meter
    metered_uri: str
    """The same server, by way of the meter."""
    directory: Path

    @property
    def pid(self) -> int:
        """The server's process; of the stand-in, which has none, our own."""
        return os.getpid() if isinstance(self.server, EurekaServer) else self.server.pid


@contextmanager
def running(store: Store) -> Iterator[Running]:
    """Have a server of a registry, empty, and a meter in front of it."""
    with ExitStack() as opened:
        home = opened.enter_context(TemporaryDirectory(prefix="registrator-bench-"))
        server = opened.enter_context(store.start(Path(home)))
        meter = opened.enter_context(Meter(server.port, store.counting))
        yield Running(
            server=server,
            uri=store.uri.format(port=server.port),
            meter=meter,
            metered_uri=store.uri.format(port=meter.port),
            directory=Path(home),
        )


def _consul(home: Path) -> ConsulAgent:
    # In life each host has an agent of its own; here all of them speak to one.
    return ConsulAgent(home, {"limits": {"http_max_conns_per_client": 4096}})


# Tests do without what the next two wait for: that the disk has it.


def _etcd(home: Path) -> EtcdServer:
    return EtcdServer(home, {"unsafe-no-fsync": False})


def _zookeeper(home: Path) -> ZooKeeper:
    return ZooKeeper(home, {"forceSync": "yes", "maxClientCnxns": 0, "tickTime": 2000})


CONSUL: Final = Store(
    name="consul", uri="consul://127.0.0.1:{port}", start=_consul, pace=0.1
)
CONSUL_KV: Final = Store(
    name="consulkv",
    uri="consulkv://127.0.0.1:{port}/services",
    start=_consul,
    pace=0.1,
)
ETCD: Final = Store(name="etcd", uri="etcd://127.0.0.1:{port}/services", start=_etcd)
SKYDNS: Final = Store(
    name="skydns", uri="skydns2://127.0.0.1:{port}/skydns.local", start=_etcd
)
ZOOKEEPER: Final = Store(
    name="zookeeper",
    uri="zookeeper://127.0.0.1:{port}/services",
    start=_zookeeper,
    counting=zookeeper_packets,
)
EUREKA: Final = Store(
    name="eureka (stand-in)",
    uri="eureka://127.0.0.1:{port}/eureka",
    start=lambda _: EurekaServer(),
)
