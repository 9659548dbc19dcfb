"""The session of a first user: a container, a look-up, a look around, and gone."""

import json
from collections.abc import Iterator

import pytest
from docker.models.networks import Network

from answers import dig
from daemons import Daemon
from fixtures.consul import ConsulAgent
from fixtures.engine import RunContainer, unique_name
from servers import free_ports
from waiting import until

pytestmark = [pytest.mark.needs_engine, pytest.mark.needs_consul]

ADDRESS = "10.0.0.1"


@pytest.fixture
def dns_port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture
def daemon(consul: ConsulAgent, dns_port: int, docker_host: str) -> Iterator[Daemon]:
    """Write to both registries at once, as the host of nobody else's tests."""
    with Daemon(
        consul.uri,
        f"dns://127.0.0.1:{dns_port}",
        f"-docker-host={docker_host}",
        f"-ip={ADDRESS}",
        f"-node-name={unique_name()}",
    ) as running:
        until(running.settled, "the first round")
        yield running


def test_a_published_port_is_found_by_dig_and_gone_when_the_container_stops(
    daemon: Daemon, dns_port: int, run_container: RunContainer
) -> None:
    name = unique_name()
    [port] = free_ports(1)
    question = f"{name}.service.consul"

    container = run_container(
        ports={"80/tcp": port}, environment={"SERVICE_NAME": name}
    )
    until(lambda: _in_sync(daemon, name), "the service")
    found = dig(dns_port, question)
    address = dig(dns_port, question, "A")
    container.stop()
    until(lambda: not daemon.services(name) and daemon.settled(), "no service")
    gone = dig(dns_port, question)

    assert [record.split()[2] for record in found.records] == [str(port)]
    assert address.records == (ADDRESS,)
    assert gone.status == "NXDOMAIN"


def test_it_is_in_consuls_catalog_and_consuls_dns_and_leaves_both(
    daemon: Daemon, consul: ConsulAgent, run_container: RunContainer
) -> None:
    name = unique_name()
    [port] = free_ports(1)
    container = run_container(
        ports={"80/tcp": port},
        environment={"SERVICE_NAME": name, "SERVICE_TAGS": "blue,green"},
    )

    [entry] = until(lambda: consul.get(f"/v1/catalog/service/{name}"), "the service")
    found = dig(consul.dns_port, f"{name}.service.consul")
    tagged = dig(consul.dns_port, f"blue.{name}.service.consul", "A")
    container.stop()
    until(lambda: not consul.get(f"/v1/catalog/service/{name}"), "no service")
    gone = dig(consul.dns_port, f"{name}.service.consul")

    assert (entry["ServiceAddress"], entry["ServicePort"]) == (ADDRESS, port)
    assert entry["ServiceTags"] == ["blue", "green"]
    assert [record.split()[2] for record in found.records] == [str(port)]
    assert tagged.records == (ADDRESS,)
    assert gone.status == "NXDOMAIN"


def test_registrator_ctl_lists_it_with_both_registries_in_sync(
    daemon: Daemon, run_container: RunContainer
) -> None:
    name = unique_name()
    run_container(ports={"80/tcp": None}, environment={"SERVICE_NAME": name})
    until(lambda: _in_sync(daemon, name), "in sync")

    table = daemon.ctl("list", name)
    [service] = json.loads(daemon.ctl("list", name, "-o", "json").stdout)

    assert table.returncode == 0
    assert "consul: in-sync, dns: in-sync" in table.stdout
    assert service["address"] == ADDRESS


def test_registrator_ctl_explains_why_a_port_is_left_out(
    daemon: Daemon, run_container: RunContainer
) -> None:
    container = run_container()

    explained = daemon.ctl("explain", str(container.name))

    assert explained.returncode == 1
    assert "not-published" in explained.stdout


def test_registrator_ctl_status_says_that_all_is_well(daemon: Daemon) -> None:
    status = daemon.ctl("status")

    assert status.returncode == 0
    assert "all is well" in status.stdout


def test_a_paused_container_is_not_sent_to_and_comes_back(
    daemon: Daemon, consul: ConsulAgent, dns_port: int, run_container: RunContainer
) -> None:
    name = unique_name()
    container = run_container(
        ports={"80/tcp": None}, environment={"SERVICE_NAME": name}
    )
    passing = f"/v1/health/service/{name}?passing"
    until(lambda: consul.get(passing), "passing")

    container.pause()
    until(lambda: not consul.get(passing), "critical")
    until(lambda: _status(dns_port, name) == "NXDOMAIN", "no answer")
    container.unpause()
    until(lambda: consul.get(passing), "passing again")
    until(lambda: _status(dns_port, name) == "NOERROR", "an answer")


def test_a_container_that_is_not_healthy_yet_is_not_sent_to(
    daemon: Daemon, consul: ConsulAgent, dns_port: int, run_container: RunContainer
) -> None:
    name = unique_name()
    second = 1_000_000_000
    container = run_container(
        ports={"80/tcp": None},
        environment={"SERVICE_NAME": name},
        healthcheck={
            "test": ["CMD", "test", "-e", "/ready"],
            "interval": second // 4,
            "timeout": second,
            "retries": 100,
        },
    )
    until(lambda: consul.get(f"/v1/health/service/{name}"), "registered")
    early = consul.get(f"/v1/health/service/{name}?passing")
    unanswered = _status(dns_port, name)
    container.exec_run(["touch", "/ready"])
    until(lambda: consul.get(f"/v1/health/service/{name}?passing"), "healthy")
    until(lambda: _status(dns_port, name) == "NOERROR", "an answer")

    assert early == []
    assert unanswered == "NXDOMAIN"


def test_a_container_that_falls_ill_is_not_sent_to_until_it_is_well_again(
    daemon: Daemon, consul: ConsulAgent, dns_port: int, run_container: RunContainer
) -> None:
    name = unique_name()
    second = 1_000_000_000
    container = run_container(
        ports={"80/tcp": None},
        environment={"SERVICE_NAME": name},
        healthcheck={
            "test": ["CMD-SHELL", "test ! -e /ill"],
            "interval": second // 4,
            "timeout": second,
            "retries": 1,
        },
    )
    until(lambda: _statuses(consul, name) == {"passing"}, "healthy")
    until(lambda: _status(dns_port, name) == "NOERROR", "an answer")

    container.exec_run(["touch", "/ill"])
    until(lambda: _statuses(consul, name) == {"critical"}, "critical")
    until(lambda: _status(dns_port, name) == "NXDOMAIN", "no answer")
    container.exec_run(["rm", "/ill"])
    until(lambda: _statuses(consul, name) == {"passing"}, "healthy again")
    until(lambda: _status(dns_port, name) == "NOERROR", "an answer again")


def test_a_container_that_joins_and_leaves_a_network_is_found_there(
    consul: ConsulAgent,
    docker_host: str,
    docker_network: Network,
    run_container: RunContainer,
) -> None:
    name = unique_name()
    container = run_container(environment={"SERVICE_NAME": name})

    def address_on(network: str) -> bool:
        container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"]
        wanted = networks.get(network, {}).get("IPAddress")
        entries = consul.get(f"/v1/catalog/service/{name}")
        return bool(wanted) and [each["ServiceAddress"] for each in entries] == [wanted]

    with Daemon(
        consul.uri,
        f"-docker-host={docker_host}",
        f"-node-name={unique_name()}",
        f"-network={docker_network.name}",
        *("-internal", "-resync=0"),
    ):
        until(lambda: address_on("bridge"), "the address on the bridge")
        docker_network.connect(container)
        until(lambda: address_on(str(docker_network.name)), "the other address")
        docker_network.disconnect(container)
        until(lambda: address_on("bridge"), "the first address")


def test_a_renamed_container_keeps_its_service_under_its_new_id(
    daemon: Daemon, run_container: RunContainer
) -> None:
    name, other = unique_name(), unique_name()
    container = run_container(
        ports={"80/tcp": None}, environment={"SERVICE_NAME": name}
    )
    until(lambda: daemon.services(name), "the service")

    container.rename(other)
    until(
        lambda: [each["container_name"] for each in daemon.services(name)] == [other],
        "the new name",
    )


def test_a_restarted_container_is_registered_at_its_new_port(
    daemon: Daemon, consul: ConsulAgent, run_container: RunContainer
) -> None:
    name = unique_name()
    container = run_container(
        ports={"80/tcp": None}, environment={"SERVICE_NAME": name}
    )
    until(lambda: daemon.services(name), "the service")

    container.restart()
    container.reload()
    bindings = container.ports["80/tcp"]
    assert bindings
    now = int(bindings[0]["HostPort"])

    def port() -> bool:
        entries = consul.get(f"/v1/catalog/service/{name}")
        return [each["ServicePort"] for each in entries] == [now]

    until(port, "the port that is published now")


def _in_sync(daemon: Daemon, name: str) -> bool:
    return any(
        all(backend["state"] == "in-sync" for backend in service["backends"])
        for service in daemon.services(name)
    )


def _statuses(consul: ConsulAgent, name: str) -> set[str]:
    """What Consul's check of the container's health says, in the catalog."""
    checks = consul.get(f"/v1/health/checks/{name}")
    return {check["Status"] for check in checks}


def _status(port: int, name: str) -> str:
    return dig(port, f"{name}.service.consul").status
