"""Where the daemon says that services are, and when it does not know."""

import json
import socket

import pytest

from daemons import Daemon
from registrator import hostaddress
from servers import free_ports
from standin import numbered
from standins import standin
from waiting import until


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
