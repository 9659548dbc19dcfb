import json
from typing import Any

import pytest

from registrator.check import Check
from registrator.errors import Rejected
from registrator.fitness import Health
from registrator.model import Service, ServiceId
from registrator_backends.consul.checks import Report
from registrator_backends.consul.record import owner, read, render
from samples import web

FOUND: dict[str, Any] = {
    "ID": "here:web.1:80",
    "Service": "web",
    "Tags": ["a"],
    "Meta": {"registrator-owner": "here"},
    "Port": 8000,
    "Address": "10.0.0.1",
    "TaggedAddresses": {
        "lan_ipv4": {"Address": "10.0.0.1", "Port": 8000},
        "wan_ipv4": {"Address": "192.0.2.1", "Port": 80},
        "wan": {"Address": "10.0.0.1", "Port": 8000},
    },
    "Weights": {"Passing": 1, "Warning": 1},
    "EnableTagOverride": False,
}


def body(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(service, "here").body)
    return found


def test_the_owner_stands_in_the_metadata() -> None:
    assert owner(body(web())) == "here"


def test_the_container_stands_in_the_metadata() -> None:
    meta = render(web(metadata={"version": "1"}), "here").meta

    assert meta == {
        "version": "1",
        "registrator-owner": "here",
        "registrator-container": "web.1",
        "registrator-container-id": "4fa6e0f0c678",
    }


def test_an_empty_owner_is_a_mark_all_the_same() -> None:
    assert owner(body(web(container="", container_name=""))) == "here"
    assert json.loads(render(web(), "").body)["Meta"]["registrator-owner"] == ""


@pytest.mark.parametrize(
    ("found", "mark"),
    [
        ({"Meta": {"registrator-owner": "there"}}, "there"),
        ({"Meta": {}}, None),
        ({"Meta": None}, None),
        ({"Meta": []}, None),
        ({}, None),
        ({"Meta": {"registrator-owner": 7}}, "7"),
    ],
)
def test_whose_a_service_is_can_always_be_said(
    found: dict[str, Any], mark: str | None
) -> None:
    assert owner(found) == mark


def test_attributes_of_checks_do_not_stand_in_the_metadata() -> None:
    check = Check(kind="ttl", ttl=15, headers=(("Authorization", "secret"),))

    record = render(web(checks=(check,)), "here")

    assert record.meta["registrator-ttl"] == "15s"
    assert len(record.meta["registrator-checks"]) == 16
    assert "secret" not in repr(record)


@pytest.mark.parametrize(
    ("ttls", "shortest"), [((), None), ((15,), 15), ((60, 15.5), 15.5)]
)
def test_the_shortest_ttl_is_known_again(
    ttls: tuple[float, ...], shortest: float | None
) -> None:
    checks = tuple(Check(kind="ttl", ttl=ttl) for ttl in ttls)

    assert render(web(checks=checks), "here").ttl == shortest


@pytest.mark.parametrize("junk", ["", "x", "-5s", "0s", "nan", "1m"])
def test_a_ttl_that_somebody_else_wrote_is_no_ttl(junk: str) -> None:
    found = FOUND | {"Meta": {"registrator-ttl": junk}}

    assert read(web().id, found, []).ttl is None


def test_what_an_agent_adds_by_itself_is_not_compared() -> None:
    addresses = read(web().id, FOUND, []).tagged_addresses

    assert addresses == {"wan_ipv4": ("192.0.2.1", 80), "wan": ("10.0.0.1", 8000)}


def test_what_an_agent_would_add_may_also_be_asked_for() -> None:
    service = web(tagged_addresses={"lan_ipv4": ("10.0.0.1", 8000)})

    assert render(service, "here") == render(web(), "here")


def test_tags_that_others_may_change_are_not_compared() -> None:
    found = FOUND | {"EnableTagOverride": True, "Tags": ["theirs"]}

    assert read(web().id, found, []).tags is None
    assert render(web(tags=("ours",), enable_tag_override=True), "here").tags is None
    assert body(web(tags=("ours",), enable_tag_override=True))["Tags"] == ["ours"]


def test_an_agent_says_null_for_nothing() -> None:
    found = FOUND | {"Tags": None, "TaggedAddresses": None, "Meta": None}

    record = read(web().id, found, [])

    assert (record.tags, record.tagged_addresses, record.meta) == ((), {}, {})


def test_the_state_of_the_container_is_read_from_its_check() -> None:
    checks = [
        {"CheckID": "health:here:web.1:80", "Type": "ttl", "Status": "critical"}
        | {"Output": "container is paused"},
        {"CheckID": "service:here:web.1:80", "Type": "ttl", "Status": "passing"},
        {"CheckID": "service-2:here:web.1:80", "Type": "http", "Status": "passing"},
        {"CheckID": "_service_maintenance:here:web.1:80", "Type": ""},
    ]

    record = read(web().id, FOUND, checks)

    assert record.health == Report("critical", "container is paused")
    assert record.heartbeats == {"service:here:web.1:80"}
    assert len(record.checks) == 3


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (
            Health.NONE,
            {"service:here:web.1:80": Report("passing", "container is running")},
        ),
        (
            Health.UNHEALTHY,
            {
                "service:here:web.1:80": Report("critical", "container is unhealthy"),
                "health:here:web.1:80": Report("critical", "container is unhealthy"),
            },
        ),
    ],
)
def test_reports_are_what_only_we_can_tell(
    health: Health, said: dict[str, tuple[str, str]]
) -> None:
    checks = (Check(kind="ttl", ttl=9), Check(kind="tcp", target="10.0.0.1:8000"))
    record = render(web(checks=checks, health=health), "here")

    assert record.reports(web().id) == said


@pytest.mark.parametrize(
    "junk",
    [
        {},
        FOUND | {"Port": None},
        FOUND | {"Port": "x"},
        FOUND | {"Tags": 7},
        FOUND | {"Meta": ["x"]},
        FOUND | {"TaggedAddresses": {"lan": None}},
        FOUND | {"Weights": None},
    ],
)
def test_junk_in_the_place_of_a_service_is_told(junk: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not as an agent shows it"):
        read(web().id, junk, [])


def test_junk_in_the_place_of_a_check_is_told() -> None:
    with pytest.raises(ValueError, match="not as an agent shows it"):
        read(web().id, FOUND, [{"Name": "no id"}])


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (web("a/../b"), "id 'a/../b' cannot stand in the path of a URL"),
        (web(weight=0), "weights 0 and 1: Consul takes 1 to 65535"),
        (web(metadata={"consul-x": "1"}), "metadata 'consul-x': the name is reserved"),
        (web(metadata={"registrator-x": ""}), "metadata 'registrator-x': the name is"),
        (web(metadata={"a.b": "1"}), "metadata 'a.b': Consul takes names of 1 to 128"),
        (web(metadata={"a": "é" * 257}), "metadata 'a': longer than the 512 octets"),
        (
            web(metadata={str(n): "" for n in range(62)}),
            "65 metadata entries, 3 of them registrator's own: Consul takes 64",
        ),
        (web(tags=("\ud800",)), r"'\\ud800' is not a character"),
    ],
)
def test_what_consul_could_not_hold_is_refused_with_a_reason(
    service: Service, why: str
) -> None:
    with pytest.raises(Rejected, match=why):
        render(service, "here")


@pytest.mark.parametrize(
    "service",
    [
        web(metadata={"a": "é" * 256}),
        web(metadata={"k" * 128: "1"}),
        web(metadata={str(n): "" for n in range(61)}),
        web(weight=65535, weight_warning=0),
        web(ServiceId("a/")),
    ],
)
def test_the_limits_themselves_are_allowed(service: Service) -> None:
    assert render(service, "here").body
