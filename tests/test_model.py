from dataclasses import replace

import pytest

from registrator.fitness import Cause, Finding, Health, Status
from registrator.model import Instance
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


def finding(status: Status) -> Finding:
    return Finding(cause=Cause.CHECK, status=status, output="said")


def test_a_services_status_is_the_worst_that_anybody_says() -> None:
    service = web(health=Health.HEALTHY, results=(None, finding(Status.WARNING)))

    assert service.status is Status.WARNING
    assert service.finding.output == "said"
    assert web().status is Status.PASSING
    assert web(health=Health.UNHEALTHY).finding.output == "container is unhealthy"
    assert web(maintenance="").finding.output == "in maintenance"
    assert web(maintenance="disk").finding.cause is Cause.MAINTENANCE


def test_what_is_drained_or_must_be_healthy_first_is_withheld() -> None:
    unfit = (finding(Status.CRITICAL),)

    assert web(draining="docker stop").withheld
    assert web(health_required=True, results=unfit).withheld
    assert not web(results=unfit).withheld
    assert not web(health_required=True, results=(finding(Status.WARNING),)).withheld
