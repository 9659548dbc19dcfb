from dataclasses import replace

import pytest

from registrator.model import Health, Instance, Status
from samples import web

RICH = web(
    transport="udp",
    tags=("a",),
    metadata={"v": "1"},
    priority=2,
    weight=3,
    weight_warning=4,
    health=Health.UNHEALTHY,
    image="nginx",
)


def test_an_instance_says_all_that_readers_of_a_service_want_to_know() -> None:
    assert Instance.of(RICH, node="here", node_address="10.0.0.9") == Instance(
        id=RICH.id,
        name="web",
        address="10.0.0.1",
        port=8000,
        transport="udp",
        tags=("a",),
        metadata={"v": "1"},
        status=Status.CRITICAL,
        priority=2,
        weight=3,
        node="here",
        node_address="10.0.0.9",
        container="web.1",
        image="nginx",
    )


@pytest.mark.parametrize(
    ("status", "weight"),
    [(Status.PASSING, 3), (Status.WARNING, 4), (Status.CRITICAL, 3)],
)
def test_the_weight_goes_with_the_status(status: Status, weight: int) -> None:
    assert RICH.weight_when(status) == weight


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health.NONE, Status.PASSING),
        (Health.HEALTHY, Status.PASSING),
        (Health.STARTING, Status.CRITICAL),
        (Health.PAUSED, Status.CRITICAL),
    ],
)
def test_a_container_that_cannot_answer_is_critical(
    health: Health, status: Status
) -> None:
    assert replace(RICH, health=health).status is status
