"""What others see of a service: in the agent, the catalog, and Consul's own DNS."""

from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import pytest

from fixtures.consul import ConsulAgent, StartConsul
from registrator.backend import Site
from registrator.check import Check
from registrator.errors import Rejected
from registrator.fitness import Health, Status
from registrator_backends.consul import ConsulBackend
from samples import put, web
from waiting import eventually

pytestmark = pytest.mark.needs_consul

ID = "service:here:web.1:80"
# The state that a check begins with is shown until it has run for the first time.
RARELY = 3600.0


def answers(consul: ConsulAgent, name: str, kind: str) -> list[str]:
    query = dns.message.make_query(name, kind)
    reply = dns.query.udp(query, "127.0.0.1", port=consul.dns_port, timeout=5)
    return [str(record) for answer in reply.answer for record in answer]


async def catalogued(consul: ConsulAgent) -> dict[str, Any]:
    (entry,) = await eventually(
        lambda: consul.get("/v1/health/service/web"), "web is in the catalog"
    )
    found: dict[str, Any] = entry
    return found


async def test_the_catalog_shows_all_of_a_service(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    service = web(
        tags=("b", "a"),
        metadata={"version": "1"},
        weight=7,
        weight_warning=2,
        tagged_addresses={"wan": ("192.0.2.1", 80)},
        enable_tag_override=True,
    )

    await put(backend, service)

    shown = (await catalogued(consul))["Service"]
    assert shown["ID"] == "here:web.1:80"
    assert (shown["Address"], shown["Port"]) == ("10.0.0.1", 8000)
    assert shown["Tags"] == ["b", "a"]
    assert shown["Meta"] == {
        "version": "1",
        "registrator-owner": "here",
        "registrator-container": "web.1",
        "registrator-container-id": "4fa6e0f0c678",
    }
    assert shown["Weights"] == {"Passing": 7, "Warning": 2}
    assert shown["TaggedAddresses"]["wan"] == {"Address": "192.0.2.1", "Port": 80}
    assert shown["EnableTagOverride"] is True


async def test_consuls_dns_finds_a_service(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(tags=("blue",), weight=7))
    await catalogued(consul)

    assert answers(consul, "web.service.consul.", "A") == ["10.0.0.1"]
    assert answers(consul, "blue.web.service.consul.", "A") == ["10.0.0.1"]
    (srv,) = answers(consul, "web.service.consul.", "SRV")
    assert srv.startswith("1 7 8000 ")


async def test_consuls_dns_finds_an_ipv6_service(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(address="fd00::1"))
    await catalogued(consul)

    assert answers(consul, "web.service.consul.", "AAAA") == ["fd00::1"]


async def test_consuls_dns_leaves_out_what_the_engine_calls_unhealthy(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(health=Health.UNHEALTHY))
    await catalogued(consul)
    assert answers(consul, "web.service.consul.", "A") == []

    await put(backend, web(health=Health.HEALTHY))

    await eventually(
        lambda: answers(consul, "web.service.consul.", "A") == ["10.0.0.1"],
        "the healthy service is in DNS",
    )


@pytest.mark.parametrize(
    ("check", "kind", "status"),
    [
        (Check(kind="http", target="http://127.0.0.1:1/"), "http", "critical"),
        (Check(kind="tcp", target="127.0.0.1:1"), "tcp", "critical"),
        (Check(kind="grpc", target="127.0.0.1:1/web", tls=True), "grpc", "critical"),
        (Check(kind="ttl", ttl=30), "ttl", "passing"),
        (Check(kind="script", command=("false",)), "script", "critical"),
        (
            Check(kind="docker", target="4fa6e0f0c678", command=("true",)),
            "docker",
            "critical",
        ),
        (
            Check(
                kind="tcp",
                target="127.0.0.1:1",
                interval=RARELY,
                initial_status=Status.WARNING,
                deregister_after=600,
            ),
            "tcp",
            "warning",
        ),
    ],
)
async def test_consul_runs_every_kind_of_check(
    backend: ConsulBackend, consul: ConsulAgent, check: Check, kind: str, status: str
) -> None:
    failures = await put(backend, web(checks=(check,)))

    shown = consul.checks()[ID]
    assert failures == {}
    assert (shown["Type"], shown["Status"]) == (kind, status)
    assert shown["Name"] == f"Service 'web' {kind} check"
    assert shown["ServiceID"] == "here:web.1:80"


async def test_an_http_check_does_what_was_asked_for(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    # The agent's own API stands in for a service: PUT and a body are needed here.
    check = Check(
        kind="http",
        target=f"{consul.url}/v1/agent/check/update/{ID}",
        method="PUT",
        headers=(("X-Consul-Token", ""),),
        body='{"Status": "passing"}',
        interval=1,
    )
    await put(backend, web(checks=(check,)))

    await eventually(lambda: consul.checks()[ID]["Output"], "the check has run")

    assert "HTTP PUT" in consul.checks()[ID]["Output"]


async def test_a_script_check_runs_with_its_arguments(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    command = ("printf", "%s|%s", "10.0.0.1 and more", "$PORT")
    check = Check(kind="script", command=command, interval=1)
    await put(backend, web(checks=(check,)))

    await eventually(
        lambda: consul.checks()[ID]["Status"] == "passing", "the check passes"
    )

    assert consul.checks()[ID]["Output"] == "10.0.0.1 and more|$PORT"


async def test_several_checks_and_the_containers_health_stand_side_by_side(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    checks = (Check(kind="ttl", ttl=30), Check(kind="tcp", target="127.0.0.1:1"))

    await put(backend, web(checks=checks, health=Health.HEALTHY))

    entry = await catalogued(consul)
    states = {check["CheckID"]: check["Status"] for check in entry["Checks"]}
    assert states == {
        "serfHealth": "passing",
        "service:here:web.1:80": "passing",
        "service-2:here:web.1:80": "critical",
        "health:here:web.1:80": "passing",
    }


async def test_an_agent_that_runs_no_scripts_says_what_to_set(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({"enable_script_checks": False})
    scripted = web(
        "here:scripted:80", checks=(Check(kind="script", command=("true",)),)
    )

    async with ConsulBackend.from_uri(agent.uri, Site(node="here")) as backend:
        failures = await put(backend, web(), scripted)

    assert list(failures) == ["here:scripted:80"]
    error = failures[scripted.id]
    assert isinstance(error, Rejected)
    assert "enable_script_checks" in str(error)
    assert list(agent.services()) == ["here:web.1:80"]
