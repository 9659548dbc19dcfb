"""The server that stands in for a real one does what Netflix's sources say."""

import json
from typing import Any

import pytest

from eureka_registry import BadRequest, EurekaRegistry, Json
from fixtures.eureka import standing_still

WEB: Json = {
    "instanceId": "1",
    "hostName": "10.0.0.1",
    "app": "WEB",
    "ipAddr": "10.0.0.1",
    "status": "UP",
    "dataCenterInfo": {"name": "MyOwn"},
    "lastDirtyTimestamp": "1000",
}


@pytest.fixture
def registry() -> EurekaRegistry:
    return standing_still()


def later(registry: EurekaRegistry, seconds: float) -> None:
    registry.tick()
    registry.shift += seconds
    registry.tick()


def listed(registry: EurekaRegistry, name: str = "") -> list[tuple[str, str]]:
    """List the statuses and actions that a cached answer shows."""
    body = registry.cached(name)
    assert body is not None
    apps: Any = json.loads(body)["applications"]["application"]
    return [
        (each["status"], each["actionType"]) for app in apps for each in app["instance"]
    ]


def test_lists_are_as_old_as_the_cache_and_instances_are_not(
    registry: EurekaRegistry,
) -> None:
    assert listed(registry) == []
    registry.register("WEB", WEB)

    later(registry, 29)
    assert listed(registry) == []
    assert registry.instance("WEB", "1") is not None
    later(registry, 1)
    assert listed(registry) == [("UP", "ADDED")]


def test_a_delta_shows_the_changes_of_three_minutes(registry: EurekaRegistry) -> None:
    registry.register("WEB", WEB)
    registry.cancel("WEB", "1")

    assert listed(registry, "delta") == [("UP", "DELETED")]
    later(registry, 181)
    registry.register("SHOP", WEB | {"app": "SHOP"})
    later(registry, 30)

    assert listed(registry, "delta") == [("UP", "ADDED")]


def test_a_renewed_lease_counts_twice(registry: EurekaRegistry) -> None:
    registry.register("WEB", WEB)
    registry.renew("WEB", "1", None)

    later(registry, 120)
    assert registry.evictions == []
    later(registry, 120)
    assert registry.evictions == [("WEB", "1")]


def test_self_preservation_lets_nothing_end(registry: EurekaRegistry) -> None:
    registry.self_preservation = True
    registry.register("WEB", WEB)

    later(registry, 3600)

    assert registry.instance("WEB", "1") is not None


@pytest.mark.parametrize(
    ("before", "said", "status"),
    [
        ("UP", "DOWN", "DOWN"),
        ("UP", "STARTING", "STARTING"),
        ("DOWN", "UP", "UP"),
        ("STARTING", "UP", "UP"),
        ("DOWN", "OUT_OF_SERVICE", "OUT_OF_SERVICE"),
        ("UP", "OUT_OF_SERVICE", "UP"),
        ("OUT_OF_SERVICE", "UP", "OUT_OF_SERVICE"),
    ],
)
def test_a_server_has_its_way_with_up_and_out_of_service(
    registry: EurekaRegistry, before: str, said: str, status: str
) -> None:
    registry.register("WEB", WEB | {"status": before})
    registry.register("WEB", WEB | {"status": said})

    assert registry.leases["WEB", "1"].status == status


def test_an_earlier_registration_is_ignored_without_a_word(
    registry: EurekaRegistry,
) -> None:
    registry.register("WEB", WEB | {"ipAddr": "10.0.0.2", "lastDirtyTimestamp": "2000"})
    registry.register("WEB", WEB)

    shown = registry.instance("WEB", "1")
    assert shown is not None
    assert shown["ipAddr"] == "10.0.0.2"


def test_a_heartbeat_is_refused_where_the_server_has_missed_something(
    registry: EurekaRegistry,
) -> None:
    assert not registry.renew("WEB", "1", 1000)
    registry.register("WEB", WEB)

    assert registry.renew("WEB", "1", 1000)
    assert registry.renew("WEB", "1", 999)
    assert not registry.renew("WEB", "1", 1001)


@pytest.mark.parametrize(
    "changes",
    [
        {"instanceId": ""},
        {"hostName": ""},
        {"app": ""},
        {"app": "SHOP"},
        {"dataCenterInfo": {}},
        {"port": 80},
        {"metadata": {"a": 1}},
        {"leaseInfo": {"durationInSecs": 2_147_484}},
    ],
)
def test_what_netflix_does_not_take_is_refused(
    registry: EurekaRegistry, changes: Json
) -> None:
    with pytest.raises(BadRequest):
        registry.register("WEB", WEB | changes)
