import json
from dataclasses import replace
from typing import Any

import pytest

from registrator.check import Check
from registrator.errors import Rejected
from registrator.fitness import Cause, Finding, Health, Status
from registrator.model import Service, ServiceId
from registrator_backends.eureka.entry import read_entry
from registrator_backends.eureka.record import instance_id, read, render
from samples import web

LEASE = (90, 30)
OURS = {
    "management.port": "8000",
    "registrator-container": "web.1",
    "registrator-container-id": "4fa6e0f0c678",
    "registrator-owner": "here",
}


def instance(service: Service, status: str = "") -> dict[str, Any]:
    body = render(service, "here", LEASE).body(1795463733832, status)
    found: dict[str, Any] = json.loads(body)["instance"]
    return found


def test_a_service_is_written_in_the_shapes_of_netflix() -> None:
    assert instance(web()) == {
        "instanceId": "here:web.1:80",
        "hostName": "10.0.0.1",
        "app": "WEB",
        "ipAddr": "10.0.0.1",
        "port": {"$": 8000, "@enabled": "true"},
        "securePort": {"$": 9443, "@enabled": "false"},
        "countryId": 1,
        "dataCenterInfo": {
            "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
            "name": "MyOwn",
        },
        "leaseInfo": {
            "renewalIntervalInSecs": 30,
            "durationInSecs": 90,
            "registrationTimestamp": 0,
            "lastRenewalTimestamp": 0,
            "evictionTimestamp": 0,
            "serviceUpTimestamp": 0,
        },
        "metadata": OURS,
        "homePageUrl": "",
        "statusPageUrl": "",
        "healthCheckUrl": "",
        "secureHealthCheckUrl": "",
        "vipAddress": "web",
        "secureVipAddress": "web",
        "isCoordinatingDiscoveryServer": "false",
        "status": "UP",
        "overriddenstatus": "UNKNOWN",
        "lastUpdatedTimestamp": "1795463733832",
        "lastDirtyTimestamp": "1795463733832",
    }


NOTES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "metadata": (
        {"metadata": {"zone": "eu", "empty": ""}},
        {"zone": "eu", "empty": ""},
    ),
    "a port for management": (
        {"metadata": {"management.port": "9000"}},
        {"management.port": "9000"},
    ),
    "tags": ({"tags": ("b", "a,c", "日")}, {"registrator-tags": '["b", "a,c", "日"]'}),
    "UDP": ({"transport": "udp"}, {"registrator-transport": "udp"}),
    "a priority": ({"priority": 7}, {"registrator-priority": "7"}),
    "a weight": ({"weight": 7}, {"registrator-weight": "7"}),
    "a status": ({"health": Health.PAUSED}, {"registrator-status": "OUT_OF_SERVICE"}),
    "an odd id": ({"id": ServiceId("a/b")}, {"registrator-id": "a/b"}),
}


@pytest.mark.parametrize(("changes", "notes"), NOTES.values(), ids=NOTES)
def test_what_eureka_has_no_field_for_stands_in_the_metadata(
    changes: dict[str, Any], notes: dict[str, str]
) -> None:
    assert instance(replace(web(), **changes))["metadata"] == OURS | notes


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health.NONE, "UP"),
        (Health.HEALTHY, "UP"),
        (Health.STARTING, "STARTING"),
        (Health.UNHEALTHY, "DOWN"),
        (Health.PAUSED, "OUT_OF_SERVICE"),
    ],
)
def test_a_status_follows_the_containers_health(health: Health, status: str) -> None:
    assert instance(web(health=health))["status"] == status


FAILED = Finding(cause=Cause.CHECK, status=Status.CRITICAL, output="no answer")
WARNED = Finding(cause=Cause.CHECK, status=Status.WARNING, output="slow")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"results": (FAILED,)}, "DOWN"),
        ({"results": (WARNED,)}, "UP"),
        ({"results": (FAILED,), "health": Health.STARTING}, "STARTING"),
        ({"results": (FAILED,), "health": Health.HEALTHY}, "DOWN"),
        ({"maintenance": "new disk"}, "OUT_OF_SERVICE"),
        ({"maintenance": "", "health": Health.STARTING}, "OUT_OF_SERVICE"),
    ],
)
def test_a_status_follows_whoever_decides(changes: dict[str, Any], status: str) -> None:
    assert instance(web(**changes))["status"] == status


def test_a_warning_changes_the_weight() -> None:
    found = instance(web(results=(WARNED,), weight=10, weight_warning=2))

    assert found["metadata"]["registrator-weight"] == "2"


def test_another_status_can_be_written_in_its_place() -> None:
    assert instance(web(), "DOWN")["status"] == "DOWN"


def test_the_first_check_by_http_and_by_https_is_shown() -> None:
    checks = (
        Check(kind="tcp", target="10.0.0.1:8000"),
        Check(kind="http", target="https://10.0.0.1:8000/secure"),
        Check(kind="http", target="http://10.0.0.1:8000/health"),
        Check(kind="http", target="http://10.0.0.1:8000/other"),
    )
    found = instance(web(checks=checks))

    assert found["healthCheckUrl"] == "http://10.0.0.1:8000/health"
    assert found["secureHealthCheckUrl"] == "https://10.0.0.1:8000/secure"


def test_names_are_in_capitals_and_in_small_letters_as_spring_has_them() -> None:
    found = instance(web(name="My-Shop"))

    assert (found["app"], found["vipAddress"]) == ("MY-SHOP", "my-shop")


@pytest.mark.parametrize("health", list(Health))
def test_what_was_written_is_read_as_the_same(health: Health) -> None:
    record = render(web(health=health, tags=("a",), weight=2), "here", LEASE)

    entry = read_entry(json.loads(record.body(5)))

    assert read(entry) == record
    assert record.service == web().id


def test_an_operators_override_does_not_count_as_another_status() -> None:
    record = render(web(), "here", LEASE)
    entry = read_entry(json.loads(record.body(5)))

    overridden = replace(entry, status="OUT_OF_SERVICE", overridden="OUT_OF_SERVICE")

    assert read(overridden) == record
    assert read(replace(entry, status="OUT_OF_SERVICE")) != record


IDS = ["here:web.1:80", "here:web.1:53:udp", "w", "A-b_c.d:9"]
ODD = [
    "a/b",
    "a%b",
    "",
    "..",
    "a b",
    "ü",
    "x" * 300,
    "x:a_b_0123456789abcdef",
    "\ud800",
]


@pytest.mark.parametrize("name", IDS)
def test_an_id_that_can_stand_in_a_path_stays_as_it_is(name: str) -> None:
    assert instance_id(ServiceId(name)) == name


@pytest.mark.parametrize("name", ODD)
def test_any_other_id_gets_a_name_that_can(name: str) -> None:
    made = instance_id(ServiceId(name))

    assert made != name
    assert made.startswith("x:")
    assert made.isascii()
    assert not set(made) & set("/\\%;?# ")
    assert len(made) < 200


def test_no_two_ids_meet() -> None:
    ids = [*IDS, *ODD, "a_b", "a//b", "a/b/", *map(instance_id, map(ServiceId, ODD))]

    assert len({instance_id(ServiceId(each)) for each in ids}) == len(set(ids))


UNFIT = {
    "no id": (web(""), "id ''"),
    "an endless id": (web("x" * 2000), "1 to 1024"),
    "an id that is no text": (web("\ud800"), "cannot stand in XML"),
    "no name": (web(name=""), "name ''"),
    "a name with a slash": (web(name="a/b"), "name 'a/b'"),
    "a name of several": (web(name="a,b"), "name 'a,b'"),
    "a name to be filled in": (web(name="${x}"), "letters, digits"),
    "a reserved key": (web(metadata={"registrator-x": ""}), "reserved"),
    "a key that is no name": (web(metadata={"1st": ""}), "answers in XML"),
    "a key of markup": (web(metadata={"a><b": ""}), "answers in XML"),
    "a key of XML's own": (web(metadata={"Xml-a": ""}), "answers in XML"),
    "a value with a zero": (web(metadata={"a": "\x00"}), "cannot stand in XML"),
    "a value that is no text": (web(metadata={"a": "\udcff"}), "cannot stand in XML"),
    "an endless value": (web(metadata={"a": "x" * 70_000}), "longer than 65,536"),
    "a tag of control characters": (web(tags=("\x1f\ufffe",)), "cannot stand in XML"),
    "a check's address": (
        web(checks=(Check(kind="http", target="http://\x01"),)),
        "a check's URL",
    ),
}


@pytest.mark.parametrize(("service", "told"), UNFIT.values(), ids=UNFIT)
def test_what_a_reader_could_not_take_is_refused(service: Service, told: str) -> None:
    with pytest.raises(Rejected, match=told.replace("$", r"\$")):
        render(service, "here", LEASE)
