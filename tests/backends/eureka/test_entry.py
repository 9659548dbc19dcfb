from typing import Any

import pytest

from registrator_backends.eureka.entry import (
    Entry,
    Listing,
    digest,
    read_entry,
    read_listing,
)

FOUND: dict[str, Any] = {
    "instanceId": "here:web.1:80",
    "hostName": "10.0.0.1",
    "app": "WEB",
    "ipAddr": "10.0.0.1",
    "status": "UP",
    "overriddenStatus": "UNKNOWN",
    "port": {"$": 8000, "@enabled": "true"},
    "securePort": {"$": 7002, "@enabled": "false"},
    "vipAddress": "web",
    "healthCheckUrl": "http://10.0.0.1:8000/health",
    "leaseInfo": {"durationInSecs": 60, "renewalIntervalInSecs": 20},
    "metadata": {"version": "2"},
    "lastDirtyTimestamp": "1795463733832",
    "lastUpdatedTimestamp": "1795463733900",
    "actionType": "MODIFIED",
}
READ = Entry(
    app="WEB",
    id="here:web.1:80",
    host="10.0.0.1",
    address="10.0.0.1",
    port=8000,
    vip="web",
    status="UP",
    metadata={"version": "2"},
    health_url="http://10.0.0.1:8000/health",
    lease=(60, 20),
    dirty=1795463733832,
    updated=1795463733900,
    action="MODIFIED",
)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in FOUND.items() if key != name}


def test_an_instance_is_read_as_netflix_writes_it() -> None:
    assert read_entry({"instance": FOUND}) == READ


SHAPES: dict[str, tuple[dict[str, Any], str, object]] = {
    "a port as a number": ({"port": 80}, "port", 80),
    "a port as text": ({"port": {"$": "80", "@enabled": "true"}}, "port", 80),
    "a port that is a flag": ({"port": {"$": 80, "@enabled": True}}, "port", 80),
    "a port that is off": ({"port": {"$": 80, "@enabled": "false"}}, "port", 0),
    "no port": ({"port": None}, "port", 0),
    "a secure port": (
        {"securePort": {"$": 443, "@enabled": "true"}},
        "secure_port",
        443,
    ),
    "an empty map": (
        {"metadata": {"@class": "java.util.Collections$EmptyMap"}},
        "metadata",
        {},
    ),
    "no metadata": ({"metadata": None}, "metadata", {}),
    "a value that is a number": ({"metadata": {"a": 1}}, "metadata", {"a": "1"}),
    "a value that is nothing": ({"metadata": {"a": None}}, "metadata", {}),
    "an application in small letters": ({"app": "web"}, "app", "WEB"),
    "no address": ({"ipAddr": None}, "address", "10.0.0.1"),
    "no status": ({"status": None}, "status", "UNKNOWN"),
    "an override": ({"overriddenStatus": "DOWN"}, "overridden", "DOWN"),
    "no lease": ({"leaseInfo": None}, "lease", (90, 30)),
    "no times": ({"lastDirtyTimestamp": None}, "dirty", 0),
    "no action": ({"actionType": None}, "action", "ADDED"),
}


@pytest.mark.parametrize(("changes", "field", "value"), SHAPES.values(), ids=SHAPES)
def test_other_shapes_of_the_same_are_read_too(
    changes: dict[str, Any], field: str, value: object
) -> None:
    entry = read_entry({"instance": FOUND | changes})

    assert getattr(entry, field) == value


def test_the_old_spelling_of_an_override_is_read_too() -> None:
    found = without("overriddenStatus") | {"overriddenstatus": "DOWN"}

    assert read_entry({"instance": found}).overridden == "DOWN"


def test_an_instance_without_an_id_has_that_of_its_machine_or_its_host() -> None:
    plain = without("instanceId")
    amazon = plain | {
        "dataCenterInfo": {"name": "Amazon", "metadata": {"instance-id": "i-1"}}
    }

    assert read_entry({"instance": plain}).id == "10.0.0.1"
    assert read_entry({"instance": amazon}).id == "i-1"


JUNK: dict[str, object] = {
    "nothing": None,
    "text": "web",
    "a list": [FOUND],
    "an empty object": {},
    "no application": without("app"),
    "neither host nor address": FOUND | {"hostName": "", "ipAddr": ""},
    "a name that is a number": FOUND | {"app": 7},
    "a port beyond all ports": FOUND | {"port": {"$": 65536, "@enabled": "true"}},
    "a port below all ports": FOUND | {"port": -1},
    "a port that is a word": FOUND | {"port": {"$": "http", "@enabled": "true"}},
    "metadata that is a list": FOUND | {"metadata": ["a"]},
    "metadata without an end": FOUND | {"metadata": {"a": "x" * 600_000}},
    "half a character": FOUND | {"metadata": {"a": "\ud800"}},
    "an id without an end": FOUND | {"instanceId": "x" * 10_000},
    "a time that is a word": FOUND | {"lastDirtyTimestamp": "now"},
    "a lease that is text": FOUND | {"leaseInfo": "long"},
    "a lease for ever": FOUND | {"leaseInfo": {"durationInSecs": float("inf")}},
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_is_skipped_and_counted(junk: object) -> None:
    answer = {"application": {"name": "WEB", "instance": [FOUND, junk]}}

    assert read_listing(answer) == Listing(entries=(READ,), skipped=1)
    with pytest.raises(ValueError, match="not an instance"):
        read_entry({"instance": junk})


def test_one_of_a_kind_may_stand_without_its_list() -> None:
    alone = {"application": {"name": "WEB", "instance": FOUND}}
    listed = {"application": [{"name": "WEB", "instance": [FOUND]}]}

    for applications in (alone, listed):
        assert read_listing({"applications": applications}).entries == (READ,)


def test_an_empty_registry_is_no_junk() -> None:
    empty = {"versions__delta": "1", "apps__hashcode": "", "application": []}

    assert read_listing({"applications": empty}) == Listing(entries=())
    assert read_listing({"applications": {}}) == Listing(entries=())


@pytest.mark.parametrize(
    "answer", [{}, {"applications": []}, {"application": "web"}, {"instance": FOUND}]
)
def test_an_answer_of_something_else_is_no_listing(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="neither applications nor an application"):
        read_listing(answer)


def test_an_application_that_is_none_is_junk() -> None:
    answer = {"applications": {"application": ["web"], "apps__hashcode": 7}}

    assert read_listing(answer) == Listing(entries=(), skipped=1)


def test_a_digest_counts_the_instances_of_each_status() -> None:
    assert digest(["UP", "DOWN", "UP"]) == "DOWN_1_UP_2_"
    assert digest([]) == ""
