import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import dns.asyncquery
import dns.message
import pytest

from dnsroom import data, shown
from registrator.backend import Site
from registrator.errors import ConfigError, Rejected
from registrator.fitness import Cause, Finding, Health, Status
from registrator.model import Instance
from registrator_dns.backend import DnsBackend
from samples import drop, put, web

SITE = Site(node="foo", address="10.0.0.1")


@pytest.fixture
async def backend() -> AsyncIterator[DnsBackend]:
    async with DnsBackend.from_uri("dns://127.0.0.1:0?ttl=5", SITE) as opened:
        yield opened


async def ask(backend: DnsBackend, name: str, kind: str = "A") -> dns.message.Message:
    port = backend.endpoints[0][1]
    asked = dns.message.make_query(name, kind)
    return await dns.asyncquery.udp(asked, "127.0.0.1", 5, port)


async def test_what_was_put_is_answered_when_put_returns(backend: DnsBackend) -> None:
    await put(backend, web(address="10.0.0.2"))

    answer = await ask(backend, "web.service.consul")

    assert data(answer) == ["10.0.0.2"]
    assert answer.answer[0].ttl == 5


async def test_what_was_dropped_is_denied_when_drop_returns(
    backend: DnsBackend,
) -> None:
    await put(backend, web())
    await ask(backend, "web.service.consul")

    await drop(backend, web().id)

    assert (await ask(backend, "web.service.consul")).rcode() == 3


async def test_the_site_names_the_node_and_its_address(backend: DnsBackend) -> None:
    await put(backend, web(address="10.0.0.1"))

    answer = await ask(backend, "web.service.consul", "SRV")

    assert data(answer) == ["1 1 8000 foo.node.dc1.consul."]
    assert shown(answer.additional) == {"foo.node.dc1.consul. A 10.0.0.1"}


async def test_queries_are_answered_while_many_services_are_put(
    backend: DnsBackend,
) -> None:
    many = [web(str(n), name=f"s{n}") for n in range(5000)]
    async with asyncio.TaskGroup() as both:
        writing = both.create_task(put(backend, *many), name="put")
        asking = both.create_task(ask(backend, "s4999.service.consul"), name="ask")
        await asyncio.wait([writing, asking], return_when=asyncio.FIRST_COMPLETED)
        first = asking.done(), writing.done()

    assert first == (True, False)


@pytest.mark.parametrize("health", [Health.UNHEALTHY, Health.STARTING, Health.PAUSED])
def test_nothing_is_kept_of_a_service_that_is_not_passing(health: Health) -> None:
    assert DnsBackend.from_uri("dns://", SITE).record(web(health=health)) is None


async def test_a_warning_is_left_out_or_shown_with_the_weight_for_it(
    backend: DnsBackend,
) -> None:
    said = Finding(cause=Cause.CHECK, status=Status.WARNING, output="429")
    service = web(results=(said,), weight=10, weight_warning=2)
    uri = "dns://127.0.0.1:0?only=warning"
    async with DnsBackend.from_uri(uri, SITE) as lenient:
        await put(backend, service)
        await put(lenient, service)

        strict = await ask(backend, "web.service.consul", "SRV")
        answer = await ask(lenient, "web.service.consul", "SRV")

    assert data(strict) == []
    assert data(answer) == ["1 2 8000 foo.node.dc1.consul."]


@pytest.mark.parametrize(
    "changes",
    [
        {"results": (Finding(cause=Cause.CHECK, status=Status.CRITICAL),)},
        {"maintenance": ""},
    ],
)
def test_what_fails_or_is_in_maintenance_is_left_out_whatever_is_shown(
    changes: dict[str, Any],
) -> None:
    lenient = DnsBackend.from_uri("dns://?only=warning", SITE)

    assert lenient.record(web(**changes)) is None


def test_a_service_that_cannot_be_shown_is_refused_with_every_reason() -> None:
    with pytest.raises(Rejected, match=r"name '' .*; port 65536 is"):
        DnsBackend.from_uri("dns://", SITE).record(web(name="", port=65_536))


def test_a_tag_that_cannot_be_a_name_is_no_reason() -> None:
    service = web(tags=("a b", "..", "x" * 300))

    assert DnsBackend.from_uri("dns://", SITE).record(service) is not None


@pytest.mark.parametrize("name", ["x" * 63, f"{'x' * 63}.{'y' * 63}"])
async def test_what_is_not_refused_can_be_asked_for(
    backend: DnsBackend, name: str
) -> None:
    await put(backend, web(name=name))

    assert data(await ask(backend, f"{name}.service.dc1.consul")) == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("uri", "shown_as"),
    [
        ("dns://", "dns://127.0.0.1:8600/consul"),
        ("dns://[::1]:53,0.0.0.0/x?ttl=1", "dns://[::1]:53,0.0.0.0:8600/x"),
    ],
)
def test_the_uri_is_shown_in_full(uri: str, shown_as: str) -> None:
    assert DnsBackend.from_uri(uri, SITE).uri == shown_as


@pytest.mark.parametrize(
    ("listen", "address", "servers"),
    [
        ("127.0.0.1:0", "10.0.0.1", {"A 127.0.0.1"}),
        ("127.0.0.1:0,[::1]:0", "10.0.0.1", {"A 127.0.0.1", "AAAA ::1"}),
        ("0.0.0.0:0", "10.0.0.1", {"A 10.0.0.1"}),
        ("0.0.0.0:0,[::]:0", "fd00::1", {"AAAA fd00::1"}),
        ("0.0.0.0:0", "", set()),
    ],
)
async def test_the_name_server_is_where_queries_can_be_sent(
    listen: str, address: str, servers: set[str]
) -> None:
    site = replace(SITE, address=address)
    async with DnsBackend.from_uri(f"dns://{listen}", site) as opened:
        answer = await ask(opened, "consul", "NS")

    assert data(answer) == ["ns.consul."]
    assert shown(answer.additional) == {f"ns.consul. {server}" for server in servers}


@pytest.mark.parametrize(
    ("site", "problem"),
    [
        (Site(node=""), "dns: node name '' does not split into labels"),
        (Site(node="a..b"), "dns: node name 'a..b' does not split into labels"),
        (Site(node=".".join(["x" * 60] * 4)), "is too long for a name"),
        (
            Site(node="a", address="host"),
            "dns: node address 'host' is not an IP address",
        ),
        (Site(node="a", address="1\0"), "is not an IP address"),
    ],
)
def test_a_host_that_dns_cannot_name_is_a_mistake(site: Site, problem: str) -> None:
    with pytest.raises(ConfigError) as told:
        DnsBackend.from_uri("dns://", site)

    assert len(told.value.problems) == 1
    assert problem in told.value.problems[0]


def test_mistakes_of_uri_and_host_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        DnsBackend.from_uri("dns://x?ttl=y", Site(node="", address="z"))

    assert len(told.value.problems) == 4


async def test_a_port_that_is_taken_is_a_mistake_and_not_an_outage(
    backend: DnsBackend,
) -> None:
    ((_, port),) = backend.endpoints
    with pytest.raises(ConfigError, match="the port is taken by"):
        async with DnsBackend.from_uri(f"dns://:{port}", SITE):
            pytest.fail("opened")


async def test_what_was_answered_is_counted(backend: DnsBackend) -> None:
    await ask(backend, "nope.service.consul")

    assert (await backend.describe())["counters"]["udp NXDOMAIN"] == 1


async def test_opening_tells_where_it_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "registrator_dns")
    async with DnsBackend.from_uri("dns://:0", SITE) as opened:
        ((_, port),) = opened.endpoints

    assert caplog.messages == [f"answering dns queries on 127.0.0.1:{port}"]


def test_a_record_is_what_readers_see() -> None:
    service = web(health=Health.HEALTHY)
    seen = Instance.of(service, node="foo", node_address="10.0.0.1")

    assert DnsBackend.from_uri("dns://", SITE).record(service) == seen
