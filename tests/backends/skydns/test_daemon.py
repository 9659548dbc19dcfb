"""The whole daemon with SkyDNS's tree in a real etcd."""

import signal
from collections.abc import Callable, Iterator

import pytest

from coredns_rules import CoreDns, Nxdomain
from daemons import Daemon
from fixtures.etcd import EtcdServer, StartEtcd
from standins import StandInProcess, standin
from waiting import until

pytestmark = pytest.mark.needs_etcd


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(10) as running:
        yield running


@pytest.fixture
def etcd(start_etcd: StartEtcd) -> EtcdServer:
    return start_etcd()


@pytest.fixture
def daemon(engine: StandInProcess, etcd: EtcdServer) -> Iterator[Daemon]:
    with Daemon(
        f"skydns2://127.0.0.1:{etcd.port}/cluster.local",
        f"-docker-host={engine.uri}",
        "-ip=10.0.0.1",
        "-node-name=h1",
        "-ttl=600",
        "-ttl-refresh=1",
        "-resync=2",
    ) as running:
        until(holds(etcd, range(10)), "the first round")
        yield running


def holds(etcd: EtcdServer, numbers: range) -> Callable[[], bool]:
    wanted = [f"h1-c{number:05}-80-" for number in numbers]

    def condition() -> bool:
        labels = sorted(key.rpartition("/")[2] for key in etcd.range("/skydns/local/"))
        return len(labels) == len(wanted) and all(
            label.startswith(begins)
            for label, begins in zip(labels, wanted, strict=True)
        )

    return condition


def pointed(etcd: EtcdServer) -> Callable[[], bool]:
    """Whether the host's address leads to the service whose name sorts first."""

    def condition() -> bool:
        keys = etcd.range("/skydns/local/cluster/")
        first = min(key.split("/")[4] for key in keys)
        try:
            return CoreDns(etcd).ptr("10.0.0.1") == [f"{first}.cluster.local"]
        except Nxdomain:
            return False

    return condition


def test_a_daemon_that_is_killed_and_started_again_changes_nothing(
    etcd: EtcdServer, daemon: Daemon
) -> None:
    until(pointed(etcd), "the pointer follows")
    before = etcd.range("/skydns/")

    daemon.end(signal.SIGKILL)
    daemon.start()
    until(daemon.settled, "a full round")

    assert etcd.range("/skydns/") == before


def test_what_died_while_it_was_away_goes_and_the_pointer_follows(
    engine: StandInProcess, etcd: EtcdServer, daemon: Daemon
) -> None:
    daemon.end(signal.SIGKILL)
    engine.tell("die?first=0&count=5")
    daemon.start()

    until(holds(etcd, range(5, 10)), "the dead are gone")
    until(pointed(etcd), "the pointer follows")


def test_a_lease_that_is_lost_is_replaced_with_all_that_hung_on_it(
    etcd: EtcdServer, daemon: Daemon
) -> None:
    until(lambda: len(etcd.range("/skydns/")) == 11, "ten services and a pointer")
    before = etcd.values("/skydns/")

    etcd.revoke(*etcd.leases())

    until(lambda: etcd.values("/skydns/") == before, "everything is back")
    assert daemon.alive


def test_what_starts_and_dies_during_an_outage_is_right_afterwards(
    engine: StandInProcess, etcd: EtcdServer, daemon: Daemon
) -> None:
    with etcd.outage():
        engine.tell("die?first=0&count=5")
        engine.tell("start?first=10&count=5")
        until(lambda: not daemon.status()["well"], "the outage is noticed")

    until(holds(etcd, range(5, 15)), "no ghost, nothing lost")
    until(pointed(etcd), "the pointer follows")
    assert daemon.alive
