"""A real container whose check comes and goes, a real daemon, and what etcd holds."""

import signal
from collections.abc import Iterator

import pytest
from docker.models.containers import Container

from daemons import Daemon
from fixtures.engine import RunContainer, unique_name
from fixtures.etcd import EtcdServer
from servers import free_ports
from waiting import until

pytestmark = [pytest.mark.needs_engine, pytest.mark.needs_etcd]

UP = "/www/up"
"""The page that the check asks for."""


@pytest.fixture
def daemon(etcd: EtcdServer, docker_host: str) -> Iterator[Daemon]:
    """Write to etcd, and find published ports where this machine has them."""
    with Daemon(
        f"{etcd.uri}/services",
        *(f"-docker-host={docker_host}", "-ip=127.0.0.1"),
        f"-node-name={unique_name()}",
    ) as running:
        until(running.settled, "the first round")
        yield running


@pytest.fixture
def service(run_container: RunContainer) -> tuple[str, Container]:
    """One whose check fails: its name, and its container."""
    name = unique_name()
    [port] = free_ports(1)
    labels = {
        "SERVICE_NAME": name,
        "SERVICE_CHECK_HTTP": "/up",
        "SERVICE_CHECK_INTERVAL": "300ms",
        "SERVICE_CHECK_TIMEOUT": "30s",
    }
    return name, run_container(ports={"80/tcp": port}, environment=labels)


def connections(container: Container) -> int:
    """How many its web server has taken so far."""
    said = container.exec_run(["grep", "^Tcp:", "/proc/net/snmp"]).output
    assert isinstance(said, bytes)
    names, values = (line.split() for line in said.decode().splitlines())
    return int(values[names.index("PassiveOpens")])


def status(daemon: Daemon, name: str) -> list[str]:
    return [each["status"] for each in daemon.services(name)]


def kept(daemon: Daemon) -> str:
    """What the daemon would find of checks if it were killed now."""
    return daemon.socket.with_name("state").joinpath("checks.json").read_text()


def test_a_service_is_registered_while_its_check_passes(
    etcd: EtcdServer, daemon: Daemon, service: tuple[str, Container]
) -> None:
    name, container = service
    prefix = f"/services/{name}/"
    until(lambda: status(daemon, name) == ["critical"], "it is known, and critical")
    asked = connections(container)
    until(lambda: connections(container) > asked + 1, "it was checked")
    assert etcd.range(prefix) == {}

    container.exec_run(["touch", UP])
    until(lambda: etcd.range(prefix), "it is registered")

    container.exec_run(["rm", UP])
    until(lambda: not etcd.range(prefix), "it is withdrawn")

    container.exec_run(["touch", UP])
    until(lambda: etcd.range(prefix), "it is back")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_of_the_daemon_neither_withdraws_nor_writes_again(
    etcd: EtcdServer,
    daemon: Daemon,
    service: tuple[str, Container],
    how: signal.Signals,
) -> None:
    name, container = service
    prefix = f"/services/{name}/"
    container.exec_run(["touch", UP])
    until(lambda: etcd.range(prefix), "it is registered")
    until(lambda: '"passing"' in kept(daemon), "what its check said is kept")
    before = etcd.range(prefix)

    daemon.end(how)
    daemon.start()
    until(daemon.settled, "the first round")
    asked = connections(container)
    until(lambda: connections(container) > asked + 1, "it is checked again")

    assert etcd.range(prefix) == before
    assert status(daemon, name) == ["passing"]

    container.exec_run(["rm", UP])
    until(lambda: not etcd.range(prefix), "what changes is seen as before")
