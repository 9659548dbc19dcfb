"""What readers see of the catalog, with how many requests, and when it fails."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from certificates import Authority
from fixtures.clusters import ConsulCluster, StartCluster
from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import Rejected, Unavailable
from registrator.fitness import Status
from registrator.model import Instance
from registrator.watcher import opened
from registrator_backends.consul import ConsulBackend
from registrator_backends.consul.uri import read_address
from registrator_backends.consul.watch import POLLS
from samples import put, web
from waiting import eventually
from watching import watching

pytestmark = pytest.mark.needs_consul

HERE = Site(node="here")


def register(agent: ConsulAgent, name: str, **more: object) -> None:
    agent.put("/v1/agent/service/register", {"Name": name, **more})


def in_catalog(agent: ConsulAgent, node: str, **service: object) -> None:
    """Register with the catalog itself, as external services are."""
    body = {"Node": node, "Address": "192.0.2.9", "Service": service}
    agent.put("/v1/catalog/register", body)


@pytest.fixture
def own(start_consul: StartConsul) -> ConsulAgent:
    """An agent whose catalog may be filled with anything."""
    return start_consul({})


@pytest.fixture
async def relay(own: ConsulAgent) -> AsyncIterator[Proxy]:
    async with Proxy(own.port) as opened:
        yield opened


@pytest.fixture
async def reader(relay: Proxy) -> AsyncIterator[ConsulBackend]:
    """A backend that reads that agent through the proxy."""
    uri = f"consul://127.0.0.1:{relay.port}"
    async with ConsulBackend.from_uri(uri, HERE) as backend:
        yield backend


async def test_what_others_registered_is_read(
    reader: ConsulBackend, own: ConsulAgent
) -> None:
    register(own, "redis", ID="old:redis.1:6379", Address="10.0.0.7", Port=6379)
    in_catalog(own, "outside", Service="mail", Port=25, Tags=["mx"])

    async with watching(reader) as seen:
        await seen.until(
            lambda: seen.ids == ["consul", "mail", "old:redis.1:6379"], "all are there"
        )

    _, mail, redis = seen.instances
    assert mail == Instance(
        id="mail",
        name="mail",
        address="192.0.2.9",
        port=25,
        tags=("mx",),
        node="outside",
        node_address="192.0.2.9",
    )
    assert redis == Instance(
        id="old:redis.1:6379",
        name="redis",
        address="10.0.0.7",
        port=6379,
        node="n1",
        node_address="127.0.0.1",
    )


async def test_a_check_that_fails_is_seen(
    reader: ConsulBackend, own: ConsulAgent
) -> None:
    register(own, "web", Check={"TTL": "1h", "Status": "passing", "CheckID": "c"})
    async with watching(reader, "web") as seen:
        for said in ("warning", "critical", "passing"):
            await seen.until(lambda: seen.instances, "it is there")
            own.put("/v1/agent/check/update/c", {"Status": said})
            wanted = Status(said)
            await seen.until(lambda: _status(seen.instances) is wanted, said)  # noqa: B023  awaited within the turn


def _status(instances: list[Instance]) -> Status | None:
    return instances[0].status if instances else None


async def test_a_node_in_maintenance_is_critical(
    reader: ConsulBackend, own: ConsulAgent
) -> None:
    register(own, "web")
    async with watching(reader, "web") as seen:
        await seen.until(lambda: _status(seen.instances) is Status.PASSING, "it serves")
        own.put("/v1/agent/maintenance?enable=true")
        await seen.until(
            lambda: _status(seen.instances) is Status.CRITICAL, "it does not serve"
        )


async def test_names_that_cannot_be_asked_for_are_counted(
    reader: ConsulBackend, own: ConsulAgent
) -> None:
    for name in ("..", "a//b", "/x", "a/../b", "a\nb", "\u200b"):
        in_catalog(own, "outside", ID=f"id {name}", Service=name)
    for name in ("a/b", "a b", "100%", "x?y#z", "日本", "x/"):
        in_catalog(own, "outside", ID=f"id {name}", Service=name)

    async with watching(reader) as seen:
        await seen.until(lambda: len(seen.instances) == 7, "the others are there")

    assert seen.readings[-1].skipped == 6


@pytest.mark.parametrize("name", ["..", "a//b", "/x", "a\nb"])
async def test_a_name_that_cannot_be_asked_for_cannot_be_watched(
    reader: ConsulBackend, name: str
) -> None:
    async with opened(reader, name) as readings:
        with pytest.raises(Rejected, match="cannot stand in the path of a URL"):
            await anext(readings)


async def test_a_change_that_no_reader_sees_is_no_reading(
    reader: ConsulBackend, own: ConsulAgent
) -> None:
    register(own, "web", Check={"TTL": "1h", "Status": "passing", "CheckID": "c"})
    async with watching(reader, "web") as seen:
        await seen.until(lambda: seen.instances, "it is there")
        own.put("/v1/agent/check/update/c", {"Status": "passing", "Output": "fine"})
        register(own, "web", ID="web-2")
        await seen.until(lambda: len(seen.instances) == 2, "the other is there")

    assert len(seen.readings) == 2


async def test_each_name_has_one_request_that_waits(
    reader: ConsulBackend, relay: Proxy, own: ConsulAgent
) -> None:
    names = [f"s{number}" for number in range(20)]
    for name in names:
        register(own, name)

    def wait() -> bool:
        waits = {each.path.partition("?")[0] for each in relay.asked("index=")}
        return waits >= {f"/v1/health/service/{name}" for name in (*names, "consul")}

    async with watching(reader) as seen:
        await seen.until(lambda: len(seen.instances) == 21, "all are there")
        await eventually(wait, "all are asked again")
        relay.requests.clear()
        register(own, "s7", ID="another")
        await seen.until(lambda: len(seen.instances) == 22, "the other is there")

        asked = {each.path.partition("?")[0] for each in relay.requests}

    assert asked <= {"/v1/catalog/services", "/v1/health/service/s7"}


async def test_more_names_than_requests_are_read_all_the_same(
    reader: ConsulBackend, relay: Proxy, own: ConsulAgent
) -> None:
    for number in range(POLLS + 30):
        in_catalog(own, "outside", ID=f"i{number}", Service=f"s{number:03}")
    last = f"s{POLLS + 29:03}"
    async with watching(reader) as seen:
        await seen.until(
            lambda: len(seen.instances) == POLLS + 31, "all are there at once"
        )
        assert len(seen.readings[0].instances) == POLLS + 31
        assert f"GET /v1/health/service/{last}" in map(str, relay.requests)

        in_catalog(own, "outside", ID="one more", Service=last)
        await seen.until(lambda: "one more" in seen.ids, "a new instance is seen")
        check = {"Name": "c", "ServiceID": "one more", "Status": "critical"}
        body = {"Node": "outside", "Address": "192.0.2.9", "Check": check}
        own.put("/v1/catalog/register", body)
        await seen.until(
            lambda: any(i.status is Status.CRITICAL for i in seen.instances),
            "a check is seen",
        )
        # Later there are those, too, that were called off and are not answered yet.
        assert relay.most <= POLLS + 6
        for number in range(POLLS):
            gone = {"Node": "outside", "ServiceID": f"i{number}"}
            own.put("/v1/catalog/deregister", gone)
        await seen.until(lambda: len(seen.instances) == 32, "the others are gone")
        await eventually(
            lambda: [r for r in relay.asked(f"service/{last}") if "index=" in r.path],
            "the last ones have requests of their own",
        )


async def test_a_watch_leaves_room_for_writing(own: ConsulAgent) -> None:
    for number in range(POLLS):
        in_catalog(own, "outside", ID=f"i{number}", Service=f"s{number}")
    async with (
        ConsulBackend.from_uri(own.uri, HERE) as backend,
        watching(backend) as one,
        watching(backend) as other,
    ):
        await one.until(lambda: len(one.instances) == POLLS + 1, "all are there")
        await other.until(lambda: len(other.instances) == POLLS + 1, "all are there")
        services = [web(f"here:{number}:80") for number in range(40)]

        assert await put(backend, *services) == {}

        await one.until(lambda: len(one.instances) == POLLS + 41, "they are seen")


async def test_an_agent_that_falls_silent_ends_the_watch(own: ConsulAgent) -> None:
    address = read_address(own.uri, {})
    async with (
        ConsulBackend(address, HERE, deadline=1.0) as backend,
        watching(backend) as every,
        watching(backend, "consul") as some,
    ):
        await every.until(lambda: True, "the first reading")
        await some.until(lambda: True, "the first reading")
        with own.hanging():
            errors = [await every.ended(), await some.ended()]

    assert all(isinstance(error, Unavailable) for error in errors)
    assert {str(error) for error in errors} == {f"{own.uri}: no answer in 11.6 s"}


async def test_an_agent_that_ends_ends_the_watch_and_all_its_requests(
    own: ConsulAgent,
) -> None:
    register(own, "web")
    async with (
        ConsulBackend.from_uri(own.uri, HERE) as backend,
        watching(backend) as seen,
    ):
        await seen.until(lambda: len(seen.instances) == 2, "all are there")
        own.kill()
        assert isinstance(await seen.ended(), Unavailable)


async def test_an_emptied_agent_is_read_anew(own: ConsulAgent) -> None:
    register(own, "web")
    async with ConsulBackend.from_uri(own.uri, HERE) as backend:
        with own.outage():
            own.forget()
        async with watching(backend) as seen:
            await seen.until(lambda: seen.ids == ["consul"], "only Consul is there")


@pytest.mark.parametrize(
    "path", ["/v1/catalog/services", "/v1/health/service/web", "/v1/health/service"]
)
async def test_an_answer_that_is_cut_is_never_a_reading(
    reader: ConsulBackend, relay: Proxy, own: ConsulAgent, path: str
) -> None:
    register(own, "web")
    relay.cut(path, -1)

    async with watching(reader) as seen:
        assert "broke off" in str(await seen.ended())

    assert seen.readings == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/catalog/services", "[]"),
        ("/v1/catalog/services", "7"),
        ("/v1/health/service", "{}"),
        ("/v1/health/service", "null"),
    ],
)
async def test_an_answer_of_something_else_ends_the_watch(
    reader: ConsulBackend, relay: Proxy, path: str, body: str
) -> None:
    head = f"HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nContent-Length: {len(body)}"
    relay.say(path, f"{head}\r\n\r\n{body}".encode())

    async with watching(reader) as seen:
        assert "this is not a Consul agent" in str(await seen.ended())


@pytest.mark.parametrize("status", [403, 404, 500, 301])
async def test_an_answer_that_is_no_success_ends_the_watch(
    reader: ConsulBackend, relay: Proxy, status: int
) -> None:
    relay.answer("/v1/health/service/consul", status, "strange")

    async with watching(reader) as seen:
        assert f"{status} strange" in str(await seen.ended())


async def test_an_index_that_goes_back_is_begun_anew(
    reader: ConsulBackend, relay: Proxy
) -> None:
    def answer(index: int, port: int) -> bytes:
        service = {"ID": "web", "Service": "web", "Port": port, "Address": "::1"}
        node = {"Node": "n1", "Address": "192.0.2.1"}
        found: Any = [{"Node": node, "Service": service, "Checks": []}]
        body = json.dumps(found).encode()
        head = f"X-Consul-Index: {index}\r\nContent-Length: {len(body)}\r\n\r\n"
        return f"HTTP/1.1 200 OK\r\n{head}".encode() + body

    relay.say("service/web", answer(50, 1))
    relay.say("index=50", answer(7, 2))
    relay.hang("index=7")
    async with watching(reader, "web") as seen:
        await seen.until(lambda: [i.port for i in seen.instances] == [2], "read anew")
        await seen.until(lambda: len(relay.requests) >= 3, "asked without an index")

    assert "index" not in relay.requests[2].path


async def test_a_token_that_nobody_knows_is_told(start_consul: StartConsul) -> None:
    agent = start_consul({"acl": {"enabled": True, "default_policy": "deny"}})
    site = Site(node="here", environment={"CONSUL_HTTP_TOKEN": "unknown-token"})
    async with (
        ConsulBackend.from_uri(agent.uri, site) as backend,
        watching(backend) as seen,
    ):
        error = str(await seen.ended())

    assert "403 ACL not found" in error
    assert "right after a restart of Consul's servers" in error
    assert "unknown-token" not in error


async def test_the_catalog_is_read_with_tls(
    start_consul: StartConsul, tmp_path: Any
) -> None:
    certificate = Authority(tmp_path).issue("server")
    agent = start_consul(
        {
            "cert_file": str(certificate.cert),
            "key_file": str(certificate.key),
            "ca_file": str(certificate.ca),
        }
    )
    uri = f"consul-tls://127.0.0.1:{agent.https_port}?ca={certificate.ca}"
    async with ConsulBackend.from_uri(uri, HERE) as backend, watching(backend) as seen:
        await seen.until(lambda: seen.ids == ["consul"], "it is read")


async def test_a_cluster_is_read_on_while_its_leader_dies(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(ConsulCluster)
    follower = cluster.followers()[0]
    in_catalog(follower, "outside", Service="mail", Port=25)
    async with ConsulBackend.from_uri(follower.uri, HERE) as backend:

        async def read() -> bool:
            async with watching(backend, "mail") as seen:
                await eventually(lambda: seen.readings or seen.error, "an answer")
                return seen.ids == ["mail"]

        await eventually(read, "it is there")
        with cluster.quorum_lost():
            async with watching(backend, "mail") as seen:
                assert isinstance(await seen.ended(), Unavailable)
            assert seen.readings == []

        await eventually(read, "it is there again")
