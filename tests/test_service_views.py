"""How a service is shown: who says what of it, and who decides."""

from typing import Any

import pytest

from registrator.check import Check
from registrator.fitness import Cause, Finding, Health, Status
from registrator.health.checks import CheckReport
from registrator.model import Service
from registrator.service_views import service_view
from registrator.views import SyncView
from samples import web

HTTP = Check(kind="http", target="http://10.0.0.1:8000/health?token=secret")
DOCKER = Check(kind="docker", target="4fa6e0f0c678", command=("secret",))
FAILED = Finding(cause=Cause.CHECK, status=Status.CRITICAL, output="no answer")
WELL = Finding(cause=Cause.CHECK, status=Status.PASSING, output="200 OK")


def states(service: Service, *states: str) -> list[str]:
    views = [SyncView(registry="x:", state=each, error="") for each in states]  # type: ignore[typeddict-item]  # written as text
    return [each["state"] for each in service_view(service, views)["backends"]]


def test_of_whom_nobody_says_anything_nobody_decides() -> None:
    view = service_view(web(), [])

    assert (view["status"], view["decided_by"], view["findings"]) == ("passing", "", [])


@pytest.mark.parametrize(
    ("changes", "decided_by", "output"),
    [
        ({"health": Health.STARTING}, "engine", "container is starting"),
        (
            {"checks": (DOCKER, HTTP), "results": (WELL, FAILED)},
            "check http http://10.0.0.1:8000/health",
            "no answer",
        ),
        ({"checks": (DOCKER, HTTP), "results": (WELL,)}, "check docker", "200 OK"),
        (
            {"checks": (HTTP,), "results": (FAILED,), "maintenance": "new disk"},
            "maintenance",
            "in maintenance: new disk",
        ),
    ],
)
def test_who_decides_is_named_with_the_reason(
    changes: dict[str, Any], decided_by: str, output: str
) -> None:
    view = service_view(web(**changes), [])

    assert (view["decided_by"], view["output"]) == (decided_by, output)


def test_every_check_is_there_and_one_decides() -> None:
    tcp = Check(kind="tcp", target="10.0.0.1:8000")
    view = service_view(
        web(
            health=Health.HEALTHY,
            checks=(HTTP, tcp, DOCKER, tcp),
            results=(WELL, None, FAILED, FAILED),
        ),
        [],
    )

    assert [tuple(each.values())[:4] for each in view["findings"]] == [
        ("engine", "passing", "container is healthy", False),
        ("check http http://10.0.0.1:8000/health", "passing", "200 OK", False),
        ("check tcp 10.0.0.1:8000", "", "not run here", False),
        ("check docker", "critical", "no answer", True),
        ("check tcp 10.0.0.1:8000", "critical", "no answer", False),
    ]


def test_a_check_that_flaps_is_told_with_what_it_says_meanwhile() -> None:
    report = CheckReport(
        kind="tcp",
        target="10.0.0.1:8000",
        status=Status.CRITICAL,
        output="connected",
        since=1.0,
        successes=1,
        failures=0,
        falls=3,
        held_for=27.0,
        next_run=2.0,
        last_run=1.0,
        duration=0.1,
    )
    checked = web(checks=(HTTP, DOCKER), results=(FAILED, None))
    one, other = service_view(checked, [], (report, None))["findings"]

    assert (one["output"], one["held"], one["last"]) == ("no answer", 27.0, "connected")
    assert (other["held"], other["last"]) == (0.0, "")


@pytest.mark.parametrize(
    ("changes", "withheld"),
    [
        ({}, ""),
        ({"health": Health.STARTING}, ""),
        ({"draining": "docker stop"}, "docker stop"),
        (
            {"health": Health.STARTING, "health_required": True},
            "it must be healthy, and is critical",
        ),
    ],
)
def test_why_it_is_withheld_is_told(changes: dict[str, Any], withheld: str) -> None:
    assert service_view(web(**changes), [])["withheld"] == withheld


def test_what_is_withheld_is_not_what_a_format_has_no_room_for() -> None:
    every = ("in-sync", "pending", "error", "left-out")

    assert states(web(), *every) == list(every)
    assert states(web(draining="x"), *every) == [*every[:3], "withheld"]
