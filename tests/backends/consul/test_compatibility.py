"""What gliderlabs/registrator 7.4.0 was seen to send to Consul, and what we send.

Left out on both sides: its empty fields, our marks, and what only we give a check
(an id and a name). It sends one Check where we send Checks.
"""

import json
from typing import Any

import pytest

from fixtures.consul import ConsulAgent
from proxy import Proxy
from registrator.backend import Site
from registrator.check import Check
from registrator.fitness import Status
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.consul import ConsulBackend


def service(id: str, name: str, port: int, **more: Any) -> Service:  # noqa: A002  as in Service
    address = more.pop("address", "10.0.0.1")
    return Service(id=ServiceId(id), name=name, address=address, port=port, **more)


HEALTH = Check(
    kind="http",
    target="http://10.0.0.1:8000/health",
    method="HEAD",
    interval=15,
    timeout=1,
    initial_status=Status.PASSING,
    deregister_after=600,
)

CASES: dict[str, tuple[Service, dict[str, Any]]] = {
    "one published port": (
        service("testhost:redis.0:6379", "redis", 10000),
        {
            "ID": "testhost:redis.0:6379",
            "Name": "redis",
            "Port": 10000,
            "Address": "10.0.0.1",
        },
    ),
    "one of two published ports": (
        service("testhost:nginx.0:443", "nginx-443", 4443),
        {
            "ID": "testhost:nginx.0:443",
            "Name": "nginx-443",
            "Port": 4443,
            "Address": "10.0.0.1",
        },
    ),
    "a port with its own id, name, tags and attributes": (
        service(
            "https.12345", "https", 4443, tags=("www",), metadata={"sni": "enabled"}
        ),
        {
            "ID": "https.12345",
            "Name": "https",
            "Port": 4443,
            "Address": "10.0.0.1",
            "Tags": ["www"],
            "Meta": {"sni": "enabled"},
        },
    ),
    "an internal port": (
        service("testhost:nginx.0:80", "nginx", 80, address="10.9.0.7"),
        {
            "ID": "testhost:nginx.0:80",
            "Name": "nginx",
            "Port": 80,
            "Address": "10.9.0.7",
        },
    ),
    "a UDP port": (
        service(
            "testhost:dns.0:53:udp", "dns-53", 53, transport="udp", tags=("a", "udp")
        ),
        {
            "ID": "testhost:dns.0:53:udp",
            "Name": "dns-53",
            "Port": 53,
            "Address": "10.0.0.1",
            "Tags": ["a", "udp"],
        },
    ),
    # The anchor wrote 10m, which Consul reads alike, and check_* into Meta.
    "an HTTP check": (
        service("testhost:web.0:80", "web", 8000, checks=(HEALTH,)),
        {
            "ID": "testhost:web.0:80",
            "Name": "web",
            "Port": 8000,
            "Address": "10.0.0.1",
            "Checks": [
                {
                    "HTTP": "http://10.0.0.1:8000/health",
                    "Method": "HEAD",
                    "Interval": "15s",
                    "Timeout": "1s",
                    "Status": "passing",
                    "DeregisterCriticalServiceAfter": "600s",
                }
            ],
        },
    ),
}


def plain(body: dict[str, Any]) -> dict[str, Any]:
    body["Meta"] = {k: v for k, v in body["Meta"].items() if "registrator-" not in k}
    for check in body["Checks"]:
        del check["CheckID"], check["Name"]
    if body["Weights"] == {"Passing": 1, "Warning": 1}:
        del body["Weights"]
    return {key: value for key, value in body.items() if value}


@pytest.mark.needs_consul
@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
async def test_consul_is_sent_what_the_anchor_sent(
    consul: ConsulAgent, given: Service, expected: dict[str, Any]
) -> None:
    async with Proxy(consul.port) as proxy:
        uri = f"consul://127.0.0.1:{proxy.port}"
        async with ConsulBackend.from_uri(uri, Site(node="testhost")) as backend:
            await backend.put([Change(given.id, backend.record(given), None)])

        (request,) = proxy.asked("PUT /v1/agent/service/register")
    assert plain(json.loads(request.body)) == expected
