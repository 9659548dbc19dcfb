"""How services are written, and what is read: tables of cases."""

import base64
import json
from typing import Any

import pytest

from registrator.errors import Rejected
from registrator.fitness import Cause, Finding, Health, Status
from registrator.model import Instance, Service
from registrator_backends.zookeeper.formats import FORMATS, Entry, read, said_by_name
from samples import web

RICH: dict[str, Any] = {
    "tags": ("b", "a<"),
    "metadata": {"zone": "eu", "shard": "3", "haproxy_server_options": "backup"},
    "weight": 5,
    "tagged_addresses": {"admin": ("10.0.0.1", 9990)},
}


def render(kind: str, service: Service, *, lasting: bool = False) -> Entry:
    return FORMATS[kind].render(service, "web-host-1", lasting)


WRITTEN: dict[str, tuple[str, Service, str, str]] = {
    "registrator": (
        "registrator",
        web(),
        "10.0.0.1:8000",
        (
            '{"Name":"web","IP":"10.0.0.1","PublicPort":8000,"PrivatePort":80,'
            '"ContainerID":"4fa6e0f0c678","Tags":[],"Attrs":{}}'
        ),
    ),
    "registrator, all there is": (
        "registrator",
        web(**RICH),
        "10.0.0.1:8000",
        (
            '{"Name":"web","IP":"10.0.0.1","PublicPort":8000,"PrivatePort":80,'
            '"ContainerID":"4fa6e0f0c678","Tags":["b","a\\u003c"],'
            '"Attrs":{"haproxy_server_options":"backup","shard":"3","zone":"eu"}}'
        ),
    ),
    "registrator, UDP": (
        "registrator",
        web("here:web.1:53:udp", transport="udp"),
        "10.0.0.1:8000:udp",
        (
            '{"Name":"web","IP":"10.0.0.1","PublicPort":8000,"PrivatePort":53,'
            '"ContainerID":"4fa6e0f0c678","Tags":[],"Attrs":{}}'
        ),
    ),
    "registrator, an id of one's own": (
        "registrator",
        web("shop-99"),
        "10.0.0.1:8000",
        (
            '{"Name":"web","IP":"10.0.0.1","PublicPort":8000,"PrivatePort":8000,'
            '"ContainerID":"4fa6e0f0c678","Tags":[],"Attrs":{}}'
        ),
    ),
    "nerve": (
        "nerve",
        web(),
        "web-host-1_",
        '{"host":"10.0.0.1","port":8000,"name":"web-host-1"}',
    ),
    "nerve, all there is": (
        "nerve",
        web(**RICH),
        "web-host-1_",
        (
            '{"host":"10.0.0.1","port":8000,"name":"web-host-1","weight":5,'
            '"haproxy_server_options":"backup","labels":{"shard":"3","zone":"eu"}}'
        ),
    ),
    "serverset": (
        "serverset",
        web(),
        "member_",
        (
            '{"serviceEndpoint":{"host":"10.0.0.1","port":8000},'
            '"additionalEndpoints":{},"status":"ALIVE"}'
        ),
    ),
    "serverset, all there is": (
        "serverset",
        web(**RICH),
        "member_",
        (
            '{"serviceEndpoint":{"host":"10.0.0.1","port":8000},'
            '"additionalEndpoints":{"admin":{"host":"10.0.0.1","port":9990}},'
            '"status":"ALIVE","shard":3}'
        ),
    ),
    "serverset, a shard that is none": (
        "serverset",
        web(metadata={"shard": "x"}),
        "member_",
        (
            '{"serviceEndpoint":{"host":"10.0.0.1","port":8000},'
            '"additionalEndpoints":{},"status":"ALIVE"}'
        ),
    ),
    "curator": (
        "curator",
        web("team/100%", metadata={"zone": "eu"}),
        "team%2F100%25",
        (
            '{"name":"web","id":"team/100%","address":"10.0.0.1","port":8000,'
            '"sslPort":null,"payload":{"@class":"org.springframework.cloud.zookeeper.'
            'discovery.ZookeeperInstance","id":"team/100%","name":"web",'
            '"metadata":{"zone":"eu"}},"registrationTimeUTC":0,"serviceType":"DYNAMIC",'
            '"uriSpec":{"parts":[{"value":"scheme","variable":true},'
            '{"value":"://","variable":false},{"value":"address","variable":true},'
            '{"value":":","variable":false},{"value":"port","variable":true}]}}'
        ),
    ),
}


FAILED = Finding(cause=Cause.CHECK, status=Status.CRITICAL, output="no answer")
WARNED = Finding(cause=Cause.CHECK, status=Status.WARNING, output="slow")


@pytest.mark.parametrize(
    ("changes", "member", "instance"),
    [
        ({"results": (WARNED,)}, "WARNING", None),
        ({"results": (FAILED,)}, "DEAD", "OUT_OF_SERVICE"),
        ({"health": Health.STARTING}, "STARTING", "OUT_OF_SERVICE"),
        ({"health": Health.UNHEALTHY}, "DEAD", "OUT_OF_SERVICE"),
        ({"results": (FAILED,), "health": Health.HEALTHY}, "DEAD", "OUT_OF_SERVICE"),
        ({"maintenance": "new disk"}, "STOPPED", "OUT_OF_SERVICE"),
    ],
)
def test_a_status_stands_where_the_format_has_one(
    changes: dict[str, Any], member: str, instance: str | None
) -> None:
    service = web(metadata={"instance_status": "UP"}, **changes)
    curators = json.loads(render("curator", service).data)["payload"]["metadata"]

    assert json.loads(render("serverset", service).data)["status"] == member
    assert curators == {"instance_status": instance or "UP"}


@pytest.mark.parametrize(
    ("kind", "service", "leaf", "data"), WRITTEN.values(), ids=WRITTEN
)
def test_a_service_is_written_as_the_others_write_it(
    kind: str, service: Service, leaf: str, data: str
) -> None:
    assert render(kind, service) == Entry(leaf, data.encode())


def test_what_is_to_stay_is_static_to_curator() -> None:
    entry = render("curator", web(), lasting=True)

    assert json.loads(entry.data)["serviceType"] == "STATIC"


@pytest.mark.parametrize("kind", ["registrator", "nerve", "curator"])
def test_what_is_no_text_is_refused(kind: str) -> None:
    with pytest.raises(Rejected, match="no text"):
        render(kind, web(metadata={"x": "\ud800"}))


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_written_is_read(kind: str) -> None:
    service = web(metadata={"shard": "3"})
    entry = render(kind, service)

    found = read("web", f"{entry.leaf}7", entry.data)

    assert found is not None
    assert (found.name, found.address, found.port) == ("web", "10.0.0.1", 8000)
    assert found.metadata == {"shard": "3"}


READ: dict[str, tuple[str, dict[str, object], Instance | None]] = {
    "the anchor's": (
        "10.0.0.1:80:udp",
        {
            "Name": "w",
            "IP": "10.0.0.1",
            "PublicPort": 80,
            "Tags": ["a", 7],
            "Attrs": None,
        },
        Instance(
            id="10.0.0.1:80:udp",
            name="w",
            address="10.0.0.1",
            port=80,
            transport="udp",
            tags=("a",),
        ),
    ),
    "nerve's, with a port in words": (
        "i-1_0000000005",
        {
            "host": "h.eu",
            "port": "80",
            "weight": "x",
            "labels": {"a": "b", "c": 1},
        },
        Instance(
            id="i-1_0000000005",
            name="web",
            address="h.eu",
            port=80,
            metadata={"a": "b"},
            node="i-1",
        ),
    ),
    "nerve's, with options": (
        "x",
        {"host": "::1", "port": 1, "weight": 0, "haproxy_server_options": "backup"},
        Instance(
            id="x",
            name="web",
            address="::1",
            port=1,
            weight=0,
            metadata={"haproxy_server_options": "backup"},
            node="x",
        ),
    ),
    "a member with more": (
        "member_1",
        {
            "serviceEndpoint": {"host": "h", "port": 1},
            "additionalEndpoints": {
                "http": {"host": "h", "port": 2},
                "bad": {"host": "h"},
                "worse": 7,
            },
            "status": "WARNING",
            "shard": "x",
        },
        Instance(
            id="member_1",
            name="web",
            address="h",
            port=1,
            metadata={"endpoint-http": "h:2"},
            status=Status.WARNING,
        ),
    ),
    "Spring's, out of service": (
        "id",
        {
            "name": "w",
            "id": "own",
            "address": "h",
            "port": None,
            "sslPort": 443,
            "payload": {"metadata": {"instance_status": "OUT_OF_SERVICE", "a": "b"}},
        },
        Instance(
            id="own",
            name="w",
            address="h",
            port=443,
            metadata={"a": "b"},
            status=Status.CRITICAL,
        ),
    ),
    "Curator's, with a payload of its own": (
        "id",
        {"address": "h", "port": 1, "payload": "hello"},
        Instance(id="id", name="web", address="h", port=1),
    ),
    "a host with spaces": ("x", {"host": "a b", "port": 1}, None),
    "a host of lines": ("x", {"host": "a\nserver x", "port": 1}, None),
    "a port below all": ("x", {"host": "h", "port": -1}, None),
    "a port that is a truth": ("x", {"host": "h", "port": True}, None),
    "a port in other digits": ("x", {"host": "h", "port": "٣"}, None),
    "a port without an end": ("x", {"host": "h", "port": "9" * 5000}, None),
    "an anchor's without an address": ("x", {"PublicPort": 1}, None),
    "Curator's without a port": ("x", {"address": "h"}, None),
    "a member without an endpoint": ("x", {"serviceEndpoint": None}, None),
    "something else": ("x", {"a": 1}, None),
}


@pytest.mark.parametrize(("leaf", "found", "expected"), READ.values(), ids=READ)
def test_what_others_wrote_is_read_or_not_at_all(
    leaf: str, found: dict[str, object], expected: Instance | None
) -> None:
    assert read("web", leaf, json.dumps(found).encode()) == expected


def encoded(data: bytes) -> str:
    return f"base64_{len(data)}_{base64.urlsafe_b64encode(data).decode()}_0000000003"


def test_a_name_that_says_everything_is_read() -> None:
    found = said_by_name("web", encoded(b'{"host":"h","port":1,"name":"i-1"}'))

    assert found is not None
    assert (found.address, found.port, found.node) == ("h", 1, "i-1")


@pytest.mark.parametrize(
    "leaf",
    [
        "web_0000000003",
        encoded(b"junk"),
        encoded(b"[]"),
        "base64_4_a_0000000003",
        "base64_x_YQ==_0000000003",
        "base64_4_YQ==_3",
        "base64_4_Y.Q=_0000000003",
    ],
)
def test_a_name_that_says_nothing_is_not_read(leaf: str) -> None:
    assert said_by_name("web", leaf) is None
