"""Where the daemon says that services are, and when it does not know."""

import json
import socket
import sys
import tempfile
from pathlib import Path

import docker
import pytest

from daemons import Daemon
from fixtures.engine import IMAGE, RunContainer, unique_name
from registrator import hostaddress
from servers import free_ports
from standin import numbered
from standins import standin
from waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dns() -> str:
    [port] = free_ports(1)
    return f"dns://127.0.0.1:{port}"


def test_without_ip_services_are_at_the_hosts_address_by_route(dns: str) -> None:
    with standin(1) as engine, Daemon(dns, f"-docker-host={engine.uri}") as daemon:
        until(daemon.settled, "the first round")
        expected = hostaddress.by_route(socket.AF_INET)
        addresses = [service["address"] for service in daemon.services()]

    assert addresses == ([expected] if expected else [])


def test_a_daemon_in_a_container_with_its_own_network_does_not_pose_as_the_host(
    dns: str,
) -> None:
    [own] = numbered(0, 1)
    posing = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', own.id[:12])

    with (
        standin(2) as engine,
        Daemon(dns, f"-docker-host={engine.uri}", under=posing) as daemon,
    ):
        until(daemon.settled, "the first round")
        explained = json.loads(daemon.ctl("explain", "c00001", "-o", "json").stdout)
        services = daemon.services()

        assert "has a network of its own" in daemon.log
    assert services == []
    assert [port["rule"] for port in explained["ports"]] == ["no-address"]


def test_nor_does_it_while_the_engine_cannot_say_where_it_is(
    dns: str, tmp_path: Path
) -> None:
    [own] = numbered(0, 1)
    given = tmp_path / "containers" / own.id / "hostname"
    given.parent.mkdir(parents=True)
    given.write_text("web-01\n")
    posing = f'hostname web-01 && mount --bind {given} /etc/hostname && exec "$0" "$@"'
    with standin(2) as engine:
        engine.tell("fail?kind=inspect&status=500&times=3")
        with Daemon(
            dns,
            f"-docker-host={engine.uri}",
            under=("unshare", "--uts", "--mount", "sh", "-c", posing),
        ) as daemon:
            until(daemon.settled, "the first round")

            assert "waiting for the engine" in daemon.log
            assert "has a network of its own" in daemon.log
            assert daemon.services() == []


@pytest.mark.needs_engine
@pytest.mark.parametrize(
    ("network", "rule"), [("bridge", "no-address"), ("host", "published")]
)
def test_a_real_container_is_recognised_whatever_its_host_name(
    dns: str,
    network: str,
    rule: str,
    docker_host: str,
    docker_client: docker.DockerClient,
    run_container: RunContainer,
) -> None:
    name, subject = unique_name(), run_container(ports={"80/tcp": None})
    # The image has no Python: the container borrows the host's.
    engine = docker_host.removeprefix("unix://")
    ours = (sys.prefix, sys.base_prefix, str(ROOT), tempfile.gettempdir())
    shared = {*ours, engine, "/usr", "/lib", "/lib64"}
    volumes = [f"--volume={path}:{path}" for path in shared if Path(path).exists()]
    where = ("--network", network, "--hostname=web-01", "--env=PYTHONPATH", *volumes)
    run = ("docker", "-H", docker_host, "run", "--name", name, *where, IMAGE)

    try:
        with Daemon(dns, f"-docker-host={docker_host}", under=run) as daemon:
            until(daemon.settled, "the first round")
            explained = daemon.ctl("explain", str(subject.name), "-o", "json").stdout
            daemon.end()
    finally:
        docker_client.containers.get(name).remove(force=True)

    assert {port["rule"] for port in json.loads(explained)["ports"]} == {rule}


def test_it_does_register_if_it_is_told_the_hosts_address(dns: str) -> None:
    [own] = numbered(0, 1)
    posing = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', own.id[:12])

    with (
        standin(2) as engine,
        Daemon(
            dns, f"-docker-host={engine.uri}", "-ip=10.0.0.1", under=posing
        ) as daemon,
    ):
        until(daemon.settled, "the first round")
        addresses = {service["address"] for service in daemon.services()}

    assert addresses == {"10.0.0.1"}
