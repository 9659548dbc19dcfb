"""The session of a first user whose engine is Podman."""

import json

import pytest

from answers import dig
from daemons import Daemon
from fixtures.engine import IMAGE, Podman, unique_name
from servers import free_ports
from waiting import until

pytestmark = [pytest.mark.needs_engine, pytest.mark.xdist_group("podman")]


def test_a_published_port_is_found_by_dig_and_gone_when_the_container_is(
    podman: Podman,
) -> None:
    name = unique_name()
    port, dns_port = free_ports(2)
    question = f"{name}.service.consul"
    uris = (f"dns://127.0.0.1:{dns_port}", f"-docker-host={podman.host}")

    with Daemon(*uris, "-ip=10.0.0.1") as daemon:
        until(daemon.settled, "the first round")
        container = podman.client.containers.run(
            f"localhost/{IMAGE}",
            name=name,
            environment={"SERVICE_NAME": name, "SERVICE_TAGS": "blue"},
            ports={"80/tcp": port},
            detach=True,
        )
        until(lambda: daemon.services(name), "the service")
        until(lambda: dig(dns_port, question).status == "NOERROR", "an answer")
        found, address = dig(dns_port, question), dig(dns_port, f"blue.{question}", "A")
        explained = json.loads(daemon.ctl("explain", name, "-o", "json").stdout)
        status = daemon.ctl("status")
        container.remove(force=True)
        until(lambda: not daemon.services(name), "no service")
        until(lambda: dig(dns_port, question).status == "NXDOMAIN", "no answer")

    assert [record.split()[2] for record in found.records] == [str(port)]
    assert address.records == ("10.0.0.1",)
    assert [each["rule"] for each in explained["ports"]] == ["published"]
    assert "all is well" in status.stdout
