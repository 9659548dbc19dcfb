"""What becomes of an entry in a file of services."""

from typing import Any

import pytest

from registrator.check import Check
from registrator.labels import Decision, Rules
from registrator.model import ContainerId, Service, ServiceId
from registrator.static.entries import filed, mistakes
from registrator.static.model import Entry

RULES = Rules(node="h1", host_ipv4="10.0.0.1", host_ipv6="fd00::1")


def entry(**said: Any) -> Entry:
    return Entry.model_validate({"port": 80, **said})


def decided(rules: Rules = RULES, **said: Any) -> Decision:
    return filed("web", entry(**said)).decide(rules)


def service(rules: Rules = RULES, **said: Any) -> Service:
    found = decided(rules, **said).service
    assert found is not None
    return found


def test_an_entry_that_says_no_more_is_at_the_hosts_address() -> None:
    found = decided()

    assert found.service == Service(
        id=ServiceId("h1:services:web:80"),
        name="web",
        address="10.0.0.1",
        port=80,
        container=ContainerId("services:web"),
        container_name="services:web",
    )
    assert (found.rule, found.reason) == ("file", "the host's address")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({"address": "10.9.9.9"}, {"address": "10.9.9.9"}, id="address"),
        pytest.param({"address": "fd00::9"}, {"address": "fd00::9"}, id="IPv6"),
        pytest.param({"name": "shop"}, {"name": "shop"}, id="name"),
        pytest.param({"id": "mine"}, {"id": "mine"}, id="id"),
        pytest.param({"tags": "a"}, {"tags": ("a",)}, id="one tag"),
        pytest.param({"tags": ["a", "b,c"]}, {"tags": ("a", "b,c")}, id="tags"),
        pytest.param(
            {"transport": "udp"},
            {"id": "h1:services:web:80:udp", "transport": "udp", "tags": ("udp",)},
            id="udp",
        ),
        pytest.param(
            {"metadata": {"zone": "eu", "n": 1.5, "on": True}},
            {"metadata": {"n": "1.5", "on": "true", "zone": "eu"}},
            id="metadata",
        ),
        pytest.param({"weight_warning": 0}, {"weight_warning": 0}, id="warning"),
        pytest.param(
            {"enable_tag_override": True}, {"enable_tag_override": True}, id="override"
        ),
        pytest.param(
            {"tagged_addresses": {"wan": "198.51.100.1:8080", "lan": "10.0.0.2"}},
            {
                "tagged_addresses": {
                    "lan": ("10.0.0.2", 80),
                    "wan": ("198.51.100.1", 8080),
                }
            },
            id="tagged addresses",
        ),
        pytest.param({"health": "required"}, {"health_required": True}, id="health"),
        pytest.param({"drain": "1m"}, {"drain": 60.0}, id="drain"),
        pytest.param({"drain": 2.5}, {"drain": 2.5}, id="drain as a number"),
    ],
)
def test_each_word_has_its_meaning(
    said: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = service(**said)

    assert {name: getattr(found, name) for name in expected} == expected


def test_weight_and_priority_count_and_are_metadata_as_with_labels() -> None:
    found = service(weight=3, priority=2)

    assert (found.weight, found.priority) == (3, 2)
    assert found.metadata == {"priority": "2", "weight": "3"}


def test_a_check_is_in_the_words_of_the_attributes() -> None:
    found = service(check={"http": "/health", "interval": "5s", "timeout": 0.5})

    assert found.checks == (
        Check(kind="http", target="http://10.0.0.1:80/health", interval=5, timeout=0.5),
    )


def test_checks_are_several() -> None:
    found = service(checks=[{"tcp": True}, {"http": "x"}])

    assert [each.kind for each in found.checks] == ["tcp", "http"]


def test_what_the_operator_says_of_containers_does_not_hold() -> None:
    rules = Rules(node="h1", ip="10.0.0.9", explicit=True, ip_label="x", internal=True)

    found = decided(rules)

    assert found.service is not None
    assert found.service.address == "10.0.0.9"
    assert found.notes == ()


def test_without_any_address_it_is_left_out() -> None:
    assert decided(Rules(node="h1")).rule == "no-address"


@pytest.mark.parametrize(
    ("said", "way", "why"),
    [
        pytest.param({"address": "x"}, (), "'x' is not an IP address", id="address"),
        pytest.param({"name": "a b"}, (), "the service name 'a b'", id="name"),
        pytest.param({"drain": "soon"}, (), "drain is no duration", id="drain"),
        pytest.param(
            {"metadata": {"tags": "x"}}, ("metadata", "tags"), "no metadata", id="tags"
        ),
        pytest.param(
            {"metadata": {"check_tcp": "x"}},
            ("metadata", "check_tcp"),
            "no metadata",
            id="a check as metadata",
        ),
        pytest.param(
            {"check": {"tcp": True}, "checks": [{"tcp": True}]},
            ("checks",),
            "not both",
            id="both",
        ),
        pytest.param(
            {"check": {"htp": "/"}}, ("check",), "a kind is missing", id="no kind"
        ),
        pytest.param(
            {"check": {"tcp": True, "intervall": "5s"}}, (), "'intervall'", id="unknown"
        ),
        pytest.param(
            {"check": {"tcp": True, "interval": "x"}}, (), "check_interval", id="time"
        ),
        pytest.param(
            {"check": {"docker": "true"}},
            ("check", "docker"),
            "there is none",
            id="one",
        ),
        pytest.param(
            {"checks": [{"tcp": True}, {"script": "true"}]},
            ("checks", "1", "script"),
            "there is none",
            id="the second",
        ),
    ],
)
def test_what_no_model_sees_is_a_mistake(
    said: dict[str, Any], way: tuple[str, ...], why: str
) -> None:
    found = list(mistakes("web", entry(**said), frozenset()))

    assert [each for each in found if each[0] == way and why in each[1]]


def test_what_is_right_has_no_mistakes() -> None:
    assert (
        list(
            mistakes(
                "web",
                entry(check={"mysql": "x"}, metadata={"a": "b"}),
                frozenset({"mysql"}),
            )
        )
        == []
    )
