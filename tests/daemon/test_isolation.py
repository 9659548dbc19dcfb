"""Several registries at once: what one of them suffers, the others do not notice."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from answers import dig
from daemons import Daemon
from fixtures.consul import ConsulAgent, StartConsul
from fixtures.etcd import EtcdServer, StartEtcd
from fixtures.plugin import FilesRegistry
from fixtures.zookeeper import StartZooKeeper, ZooKeeper
from servers import Server, free_ports
from standins import StandInProcess, standin
from tcp_proxy import TcpProxy
from waiting import until

pytestmark = [
    pytest.mark.needs_consul,
    pytest.mark.needs_etcd,
    pytest.mark.needs_zookeeper,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An engine, and the registries that its daemon writes to."""

    engine: StandInProcess
    consul: ConsulAgent
    etcd: EtcdServer
    zookeeper: ZooKeeper
    files: FilesRegistry
    proxy: TcpProxy
    """Between the daemon and its Consul."""
    dns: int

    def daemon(self) -> Daemon:
        return Daemon(
            f"consul://127.0.0.1:{self.proxy.port}",
            f"{self.etcd.uri}/services",
            f"{self.zookeeper.uri}/services",
            self.files.uri,
            f"dns://127.0.0.1:{self.dns}",
            f"-docker-host={self.engine.uri}",
            *("-ip=10.0.0.1", "-node-name=h1", "-resync=2"),
            environment=self.files.environment,
        )

    def holds(self, registry: str, numbers: range) -> bool:
        """Whether a registry has these containers, and no other."""
        ids = {f"h1:c{number:05}:80" for number in numbers}
        match registry:
            case "consul":
                return self.consul.services().keys() == ids
            case "etcd":
                return {key.rpartition("/")[2] for key in self.etcd.values("/s")} == ids
            case "zookeeper":
                found = self.zookeeper.tree("/services")
                ports = {10_000 + number for number in numbers}
                return {int(p.rpartition(":")[2]) for p in found if ":" in p} == ports
            case "files":
                return self.files.ids() == ids
            case _:
                ends = {numbers[0] - 1, numbers[0], numbers[-1], numbers[-1] + 1}
                return all(self.answers(each) == (each in numbers) for each in ends)

    def answers(self, number: int) -> bool:
        """Whether DNS has a container."""
        return dig(self.dns, f"s{number:02}.service.consul").status == "NOERROR"


REGISTRIES = ("consul", "etcd", "zookeeper", "files", "dns")
Fault = Callable[[Host], AbstractContextManager[None]]


@pytest.fixture
def host(
    start_consul: StartConsul,
    start_etcd: StartEtcd,
    start_zookeeper: StartZooKeeper,
    files: FilesRegistry,
) -> Iterator[Host]:
    with ExitStack() as opened:
        consul = start_consul({})
        yield Host(
            engine=opened.enter_context(standin(10)),
            consul=consul,
            etcd=start_etcd(),
            zookeeper=start_zookeeper(),
            files=files,
            proxy=opened.enter_context(TcpProxy(consul.port)),
            dns=free_ports(1)[0],
        )


@contextmanager
def gone(host: Host) -> Iterator[None]:
    """Have the directory of the files away."""
    away = Path(f"{host.files.directory}-away")
    host.files.directory.rename(away)
    yield
    away.rename(host.files.directory)


@contextmanager
def frozen(host: Host) -> Iterator[None]:
    """Have Consul's connections accepted, and nothing answered."""
    host.proxy.freeze()
    yield
    host.proxy.heal()


@contextmanager
def slow(host: Host) -> Iterator[None]:
    """Have every answer of Consul's take longer than it is waited for."""
    host.proxy.delay(30.0)
    yield
    host.proxy.heal()


def killed(server: Callable[[Host], Server]) -> Fault:
    return lambda host: server(host).outage()


def hanging(server: Callable[[Host], Server]) -> Fault:
    return lambda host: server(host).hanging()


FAULTS: dict[str, tuple[str, Fault]] = {
    "consul is killed": ("consul", killed(lambda host: host.consul)),
    "consul is cut off": ("consul", frozen),
    "consul is slow": ("consul", slow),
    "etcd is killed": ("etcd", killed(lambda host: host.etcd)),
    "etcd hangs": ("etcd", hanging(lambda host: host.etcd)),
    "etcd is full": ("etcd", lambda host: host.etcd.full()),
    "zookeeper is killed": ("zookeeper", killed(lambda host: host.zookeeper)),
    "zookeeper hangs": ("zookeeper", hanging(lambda host: host.zookeeper)),
    "the files are gone": ("files", gone),
}


def all_hold(host: Host, numbers: range, *but: str) -> Callable[[], bool]:
    others = [each for each in REGISTRIES if each not in but]
    return lambda: all(host.holds(each, numbers) for each in others)


def stands(daemon: Daemon, registry: str) -> bool:
    """Whether the daemon says that it reaches a registry."""
    backends = daemon.status()["backends"]
    (found,) = (b for b in backends if b["registry"].startswith(f"{registry}:"))
    return found["reachable"] and not found["waiting"]


@pytest.mark.parametrize(("victim", "fault"), FAULTS.values(), ids=FAULTS)
def test_while_one_fails_the_others_are_written_and_it_catches_up(
    host: Host, victim: str, fault: Fault
) -> None:
    with host.daemon() as daemon:

        def others_stand() -> bool:
            return all(stands(daemon, each) for each in REGISTRIES if each != victim)

        until(all_hold(host, range(10)), "the first round")
        with fault(host):
            host.engine.tell("die?first=0&count=5")
            host.engine.tell("start?first=10&count=5")
            until(all_hold(host, range(5, 15), victim), "the others are right")
            until(lambda: not stands(daemon, victim), "the one is not")
            host.engine.tell("start?first=15&count=1")
            until(all_hold(host, range(5, 16), victim), "the others still are")
            assert not stands(daemon, victim)
            until(others_stand, "that these are written is known")
        until(all_hold(host, range(5, 16)), "nothing missing, nothing left behind")

        assert daemon.alive


def test_a_daemon_that_starts_while_all_but_two_fail_fills_those(
    host: Host,
) -> None:
    with ExitStack() as faults:
        faults.enter_context(host.etcd.outage())
        faults.enter_context(frozen(host))
        faults.enter_context(gone(host))
        with host.daemon() as daemon:
            away = ("consul", "etcd", "files")
            until(all_hold(host, range(10), *away), "dns and zookeeper are right")
            assert not any(stands(daemon, each) for each in away)
            faults.close()
            until(all_hold(host, range(10)), "all are right")
