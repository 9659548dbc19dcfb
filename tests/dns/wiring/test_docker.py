"""docs/dns/docker.md, with the real engine."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from docker.models.networks import Network

from daemons import Daemon
from fixtures.engine import RunContainer, unique_name
from servers import free_ports
from waiting import until
from wiring import page, wired

pytestmark = pytest.mark.needs_engine

PAGE = (Path(__file__).parents[3] / "docs/dns/docker.md").read_text()
SOURCE = Path(__file__).with_name("look_up.c")
SHOWN = "172.17.0.1"
"""The address of the bridge on the page; each test has a bridge of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A network, at whose address registrator answers, and a service of the host."""

    network: Network
    address: str
    service: str

    def ask_for(self, option: str) -> list[str]:
        """Take the values of an option from the page's command line."""
        [line] = re.findall(r"(?m)^docker run (--dns .*)$", PAGE)
        words = [word.replace(SHOWN, self.address) for word in shlex.split(line)]
        return [value for name, value in pairwise(words) if name == option]


@pytest.fixture
def bridge(
    docker_network: Network, docker_host: str, run_container: RunContainer
) -> Iterator[Bridge]:
    docker_network.reload()
    address = docker_network.attrs["IPAM"]["Config"][0]["Gateway"]
    name = unique_name()
    [port] = free_ports(1)
    _, arguments = page("docker.md").starts[0]
    with Daemon(
        *(argument.replace(SHOWN, address) for argument in arguments),
        f"-docker-host={docker_host}",
        f"-ip={address}",
    ) as daemon:
        run_container(ports={"80/tcp": port}, environment={"SERVICE_NAME": name})
        until(lambda: daemon.services(name) and daemon.settled(), "the service")
        yield Bridge(network=docker_network, address=address, service=name)


@pytest.fixture(params=["default", "user-defined"])
def client(
    request: pytest.FixtureRequest, bridge: Bridge, run_container: RunContainer
) -> Container:
    """A container on Docker's own bridge, or on one that a user has made."""
    options: dict[str, Any] = {}
    if request.param == "user-defined":
        options["network"] = bridge.network
    return run_container(
        dns=bridge.ask_for("--dns"),
        dns_search=bridge.ask_for("--dns-search"),
        dns_opt=bridge.ask_for("--dns-opt"),
        **options,
    )


def run(container: Container, *command: str) -> tuple[int, str]:
    code, output = container.exec_run(list(command))
    assert isinstance(output, bytes)
    return int(code or 0), output.decode()


def test_the_page_speaks_of_dockers_own_bridge(
    docker_client: docker.DockerClient,
) -> None:
    [(line, output)] = page("docker.md").sessions
    told = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)

    # Where somebody has configured another one, that is told.
    assert re.fullmatch(r"[0-9.]+", told.stdout.strip())
    assert output.strip() == SHOWN


def test_a_container_finds_a_service(bridge: Bridge, client: Container) -> None:
    code, found = run(client, "nslookup", f"{bridge.service}.service.consul")

    assert code == 0, found
    assert f"Name:\t{bridge.service}.service.consul\nAddress: {bridge.address}" in found


def test_a_container_finds_a_service_by_its_short_name(
    bridge: Bridge, client: Container
) -> None:
    code, found = run(client, "ping", "-c", "1", "-W", "5", bridge.service)

    assert code == 0, found
    assert f"({bridge.address})" in found


def test_a_program_with_musl_finds_it_too(
    bridge: Bridge, client: Container, tmp_path: Path
) -> None:
    program = tmp_path / "look_up"
    subprocess.run(["musl-gcc", "-static", "-o", program, SOURCE], check=True)
    subprocess.run(["docker", "cp", program, f"{client.id}:/look_up"], check=True)

    found = run(client, "/look_up", f"{bridge.service}.service.consul")
    short = run(client, "/look_up", bridge.service)
    missing = run(client, "/look_up", "nope.service.consul")

    assert found == short == (0, f"{bridge.address}\n")
    assert missing == (1, "Name does not resolve\n")


def test_a_container_learns_the_port_from_srv(
    bridge: Bridge, client: Container
) -> None:
    code, found = run(
        client, "nslookup", "-type=srv", f"_{bridge.service}._tcp.service.consul"
    )

    assert code == 0, found
    assert re.search(r"service = 1 1 \d+ \S+\.consul", found)


def test_what_is_not_ours_is_refused(client: Container) -> None:
    code, found = run(client, "nslookup", "example.org")

    assert code == 1
    assert "REFUSED" in found


def test_a_forwarder_answers_on_a_bridge_that_comes_after_it() -> None:
    dnsmasq = ("dnsmasq", "--keep-in-foreground", "--conf-dir=/etc/dnsmasq.d")
    with wired("dnsmasq.md") as host:
        for path, [written] in page("docker.md").blocks.items():
            host.host.write(path, written)
        with host.serving(*dnsmasq, "--pid-file="):
            host.host.run("ip", "link", "add", "docker0", "type", "bridge")
            host.host.run("ip", "address", "add", f"{SHOWN}/16", "dev", "docker0")
            host.host.run("ip", "link", "set", "docker0", "up")
            until(lambda: host.dig(f"@{SHOWN}", "web.service.consul"), "an answer")
