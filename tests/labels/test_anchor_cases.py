"""What gliderlabs/registrator 7.4.0 was seen to do, and what is kept of it.

The numbers are those of the observations; where we differ on purpose the row says so.
"""

from typing import Any

import pytest

from labels.making import (
    MINE,
    container,
    environment,
    ports,
    published,
    rules,
    web,
)
from registrator.labels import decide
from registrator.model import Binding, Container, Network, Port, Service

Row = tuple[str, str, str, int]


def services(subject: Container, **changes: Any) -> list[Service]:
    decided = decide(subject, rules(**{"ip": "10.0.0.1", **changes}))
    return [each.service for each in decided if each.service is not None]


def rows(subject: Container, **changes: Any) -> list[Row]:
    """The id, name, address and port of every service."""
    return [
        (each.id, each.name, each.address, each.port)
        for each in services(subject, **changes)
    ]


def bound(*addresses: str) -> Container:
    bindings = tuple(Binding(address=each, port=8000) for each in addresses)
    return container(published={Port(80): bindings})


REDIS = container(
    name="redis.0",
    image="progrium/redis",
    exposed=ports("6379"),
    published=published(p6379=10000),
)
WEB_80 = ("testhost:nginx.0:80", "nginx-80", "10.0.0.1", 8000)
WEB_443 = ("testhost:nginx.0:443", "nginx-443", "10.0.0.1", 4443)
NAMED = environment("SERVICE_NAME=web")
ON_MINE: dict[str, Any] = {"network_mode": "mynet", "networks": (MINE,)}
ON_HOST: dict[str, Any] = {"network_mode": "host", "networks": (), "published": {}}


@pytest.mark.parametrize(
    ("subject", "changes", "expected"),
    [
        pytest.param(
            REDIS,
            {},
            [("testhost:redis.0:6379", "redis", "10.0.0.1", 10000)],
            id="1: one published port",
        ),
        pytest.param(
            container(image="reg.example.com:5000/team/redis:6.2"),
            {},
            [("testhost:nginx.0:80", "redis", "10.0.0.1", 8000)],
            id="2: the image's last word is the name",
        ),
        pytest.param(web(), {}, [WEB_80, WEB_443], id="4: several ports, suffixes"),
        pytest.param(
            web(environment=NAMED),
            {},
            [
                ("testhost:nginx.0:80", "web-80", "10.0.0.1", 8000),
                ("testhost:nginx.0:443", "web-443", "10.0.0.1", 4443),
            ],
            id="5: SERVICE_NAME for several ports gets suffixes",
        ),
        pytest.param(
            web(published=published(p80=8000, p443=0)),
            {},
            [("testhost:nginx.0:80", "nginx", "10.0.0.1", 8000)],
            id="7: an unpublished port makes no group",
        ),
        pytest.param(
            web(environment=environment("SERVICE_443_IGNORE=true")),
            {},
            [WEB_80],
            id="8: an ignored port makes a group",
        ),
        pytest.param(
            web(**ON_HOST),
            {},
            [
                ("testhost:nginx.0:80", "nginx-80", "10.0.0.1", 80),
                ("testhost:nginx.0:443", "nginx-443", "10.0.0.1", 443),
            ],
            id="12: host network, exposed ports",
        ),
        pytest.param(
            container(**ON_HOST, exposed=()), {}, [], id="12: host network, no ports"
        ),
        pytest.param(
            container(**ON_MINE),
            {"ip": ""},
            [("testhost:nginx.0:80", "nginx", "192.168.1.9", 8000)],
            id="13: a user's network, changed: host address with the host port",
        ),
        pytest.param(
            container(**ON_MINE),
            {},
            [("testhost:nginx.0:80", "nginx", "10.0.0.1", 8000)],
            id="13: a user's network with -ip",
        ),
        pytest.param(
            container(**ON_MINE, published=published(p80=0)),
            {"internal": True},
            [("testhost:nginx.0:80", "nginx", "10.9.0.7", 80)],
            id="14: -internal takes unpublished ports and ignores -ip",
        ),
        pytest.param(
            container(),
            {"internal": True},
            [("testhost:nginx.0:80", "nginx", "172.17.0.5", 80)],
            id="14: -internal on the default bridge",
        ),
        pytest.param(
            container(
                environment=environment("SERVICE_80_NAME=port"),
                labels={"SERVICE_NAME": "label"},
            ),
            {},
            [("testhost:nginx.0:80", "port", "10.0.0.1", 8000)],
            id="16: a port's variable beats a label for all",
        ),
        pytest.param(
            bound("192.168.5.5"),
            {"ip": ""},
            [("testhost:nginx.0:80", "nginx", "192.168.5.5", 8000)],
            id="19: a bound address",
        ),
        pytest.param(
            bound("192.168.5.5"),
            {},
            [("testhost:nginx.0:80", "nginx", "10.0.0.1", 8000)],
            id="19: -ip beats a bound address",
        ),
        pytest.param(
            bound("::", "0.0.0.0"),
            {"ip": ""},
            [("testhost:nginx.0:80", "nginx", "192.168.1.9", 8000)],
            id="19: of two families, changed: IPv4 in any order",
        ),
        pytest.param(
            bound("::"),
            {"ip": ""},
            [("testhost:nginx.0:80", "nginx", "fd00:1::9", 8000)],
            id="19: IPv6 alone, changed: the host's own address",
        ),
        pytest.param(
            container(),
            {"ip": "fd00::1"},
            [("testhost:nginx.0:80", "nginx", "fd00::1", 8000)],
            id="30: an IPv6 -ip",
        ),
        pytest.param(
            container(environment=environment("SERVICE_ID=w-1")),
            {},
            [("w-1", "nginx", "10.0.0.1", 8000)],
            id="32: SERVICE_ID of one port",
        ),
    ],
)
def test_the_anchors_services_are_ours(
    subject: Container, changes: dict[str, Any], expected: list[Row]
) -> None:
    assert rows(subject, **changes) == expected


def test_case_1_has_no_tags_metadata_or_checks() -> None:
    (redis,) = services(REDIS)

    assert (redis.tags, redis.metadata, redis.checks) == ((), {}, ())


def test_case_6_tells_the_ports_of_a_container_apart() -> None:
    subject = web(
        name="n",
        environment=environment(
            "SERVICE_443_NAME=https",
            "SERVICE_443_ID=https.12345",
            "SERVICE_443_SNI=enabled",
            "SERVICE_80_NAME=http",
            "SERVICE_TAGS=www",
        ),
    )

    plain, secure = services(subject)

    assert (plain.id, plain.name, plain.port) == ("testhost:n:80", "http", 8000)
    assert (plain.tags, plain.metadata) == (("www",), {})
    assert (secure.id, secure.name, secure.port) == ("https.12345", "https", 4443)
    assert (secure.tags, secure.metadata) == (("www",), {"sni": "enabled"})


def test_case_15_a_label_beats_a_variable_key_by_key() -> None:
    subject = container(
        environment=environment("SERVICE_NAME=fromenv", "SERVICE_TAGS=e"),
        labels={"SERVICE_NAME": "fromlabel"},
    )

    (service,) = services(subject)

    assert (service.name, service.tags) == ("fromlabel", ("e",))


def test_case_25_reads_every_part_of_a_check_and_keeps_it_out_of_metadata() -> None:
    subject = container(
        environment=environment(
            "SERVICE_CHECK_HTTP=/health",
            "SERVICE_CHECK_INTERVAL=15s",
            "SERVICE_CHECK_TIMEOUT=1s",
            "SERVICE_CHECK_HTTP_METHOD=HEAD",
            "SERVICE_CHECK_INITIAL_STATUS=passing",
            "SERVICE_CHECK_DEREGISTER_AFTER=10m",
        )
    )

    (service,) = services(subject)
    (check,) = service.checks

    assert (check.kind, check.target) == ("http", "http://10.0.0.1:8000/health")
    assert (check.interval, check.timeout, check.method) == (15, 1, "HEAD")
    assert (check.initial_status, check.deregister_after) == ("passing", 600)
    assert service.metadata == {}


def test_a_container_on_several_networks_has_one_address_every_time() -> None:
    networks = (MINE, Network(name="another", ipv4="10.8.0.7"))
    subject = container(network_mode="mynet", networks=networks)

    found = rows(subject, internal=True)

    assert found == [("testhost:nginx.0:80", "nginx", "10.9.0.7", 80)]
