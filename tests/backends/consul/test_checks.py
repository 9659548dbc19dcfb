from dataclasses import replace
from typing import Any

import pytest

from registrator.check import Check
from registrator.fitness import Cause, Finding, Health, Status
from registrator_backends.consul.checks import (
    Report,
    check_ids,
    definitions,
    digest,
    duration,
    is_ours,
    report,
    runs,
    waits_for_us,
    with_state,
)
from samples import CONTAINER, web

HTTP = Check(kind="http", target="http://10.0.0.1:8000/health")
TTL = Check(kind="ttl", ttl=30)

CASES: list[tuple[Check, dict[str, Any]]] = [
    (HTTP, {"HTTP": "http://10.0.0.1:8000/health", "Interval": "10s"}),
    (
        Check(
            kind="http",
            target="https://[fd00::1]:8000/",
            interval=15,
            timeout=0.25,
            method="HEAD",
            headers=(("X-A", "1"), ("Host", "web"), ("X-A", "2")),
            body="ping",
            tls_skip_verify=True,
            initial_status=Status.PASSING,
            deregister_after=600,
        ),
        {
            "HTTP": "https://[fd00::1]:8000/",
            "Interval": "15s",
            "Timeout": "0.25s",
            "Method": "HEAD",
            "Header": {"X-A": ["1", "2"], "Host": ["web"]},
            "Body": "ping",
            "TLSSkipVerify": True,
            "Status": "passing",
            "DeregisterCriticalServiceAfter": "600s",
        },
    ),
    (
        Check(kind="tcp", target="10.0.0.1:8000"),
        {"TCP": "10.0.0.1:8000", "Interval": "10s"},
    ),
    (
        Check(kind="grpc", target="10.0.0.1:8000"),
        {"GRPC": "10.0.0.1:8000", "GRPCUseTLS": False, "Interval": "10s"},
    ),
    (
        Check(kind="grpc", target="h:1/health", tls=True, tls_skip_verify=True),
        {
            "GRPC": "h:1/health",
            "GRPCUseTLS": True,
            "TLSSkipVerify": True,
            "Interval": "10s",
        },
    ),
    (
        Check(kind="grpc", target="10.0.0.1:8000", asked="shop.Cart"),
        {"GRPC": "10.0.0.1:8000/shop.Cart", "GRPCUseTLS": False, "Interval": "10s"},
    ),
    (
        Check(kind="tcp", target="10.0.0.1:8000", rise=2, fall=3),
        {
            "TCP": "10.0.0.1:8000",
            "Interval": "10s",
            "SuccessBeforePassing": 2,
            "FailuresBeforeCritical": 3,
        },
    ),
    (TTL, {"TTL": "30s"}),
    (Check(kind="ttl", ttl=0.5, interval=9, timeout=9), {"TTL": "0.5s"}),
    (
        Check(kind="script", command=("check", "--host", "10.0.0.1"), timeout=5),
        {"Args": ["check", "--host", "10.0.0.1"], "Interval": "10s", "Timeout": "5s"},
    ),
    (
        Check(kind="docker", target="4fa6e0f0c678", command=("sh", "-c", "true")),
        {
            "DockerContainerID": "4fa6e0f0c678",
            "Args": ["sh", "-c", "true"],
            "Interval": "10s",
        },
    ),
]


@pytest.mark.parametrize(("check", "expected"), CASES)
def test_a_check_is_written_as_consul_takes_it(
    check: Check, expected: dict[str, Any]
) -> None:
    (written,) = definitions(web(checks=(check,)))

    named = {
        "CheckID": "service:here:web.1:80",
        "Name": f"Service 'web' {check.kind} check",
    }
    assert written == named | expected


def test_several_checks_keep_their_ids_when_more_are_added() -> None:
    assert check_ids(web().id, 1) == ("service:here:web.1:80",)
    assert check_ids(web().id, 3) == (
        "service:here:web.1:80",
        "service-2:here:web.1:80",
        "service-3:here:web.1:80",
    )


@pytest.mark.parametrize(
    ("check", "ours"),
    [
        ("service:here:web.1:80", True),
        ("service-2:here:web.1:80", True),
        ("health:here:web.1:80", True),
        ("_service_maintenance:here:web.1:80", False),
        ("service:here:web.1:80:2", False),
        ("service-x:here:web.1:80", False),
        ("service-:here:web.1:80", False),
        ("serfHealth", False),
    ],
)
def test_checks_that_others_added_are_not_ours(check: str, *, ours: bool) -> None:
    assert is_ours(check, web().id) is ours


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health.STARTING, "critical"),
        (Health.HEALTHY, "passing"),
        (Health.UNHEALTHY, "critical"),
        (Health.PAUSED, "critical"),
    ],
)
def test_what_the_engine_says_is_one_more_check(health: Health, status: str) -> None:
    service = web(health=health)
    (check,) = with_state(service, (), report(service))

    assert check == {
        "CheckID": "health:here:web.1:80",
        "Name": "Service 'web' container health",
        "Notes": "what the container engine, checks of ours or an operator say",
        "TTL": "876000h",
        "Status": status,
    }


def test_without_a_word_of_the_engine_there_is_no_check() -> None:
    assert report(web(health=Health.NONE)) is None
    assert with_state(web(health=Health.NONE), (), None) == []


def test_what_the_agent_does_not_run_is_part_of_it() -> None:
    redis = Check(kind="redis", target="10.0.0.1:8000")
    failed = Finding(cause=Cause.CHECK, status=Status.CRITICAL, output="no answer")
    service = web(checks=(HTTP, redis), results=(failed, failed), health=Health.HEALTHY)

    assert len(definitions(service)) == 1
    assert report(service) == Report("critical", "no answer")
    assert report(replace(service, maintenance="new disk")) == Report(
        "critical", "in maintenance: new disk"
    )
    assert report(replace(service, results=(failed, None))) == Report(
        "passing", "container is healthy"
    )
    assert definitions(service, waits_for_us) == ()


@pytest.mark.parametrize(("check", "_expected"), CASES)
def test_what_an_agent_of_any_version_can_do_it_does(
    check: Check, _expected: dict[str, Any]
) -> None:
    assert runs(check)


@pytest.mark.parametrize(
    "check",
    [
        *(Check(kind=kind) for kind in ("tls", "udp", "dns", "redis", "mysql")),
        replace(HTTP, statuses=((200, 204),)),
        replace(HTTP, expect="ok"),
        replace(HTTP, delay=5),
        replace(HTTP, server_name="web.example"),
        replace(HTTP, chosen=True),
    ],
)
def test_what_an_agent_would_leave_out_of_a_check_makes_it_run_here(
    check: Check,
) -> None:
    service = web(
        checks=(check, HTTP),
        results=(Finding(cause=Cause.CHECK, status=Status.WARNING, output="so so"),),
    )

    assert not runs(check)
    assert len(definitions(service)) == 1
    assert report(service) == Report("warning", "so so")


@pytest.mark.parametrize(
    ("check", "health", "status"),
    [
        (TTL, Health.NONE, "passing"),
        (TTL, Health.UNHEALTHY, "critical"),
        (
            Check(kind="ttl", ttl=30, initial_status=Status.WARNING),
            Health.NONE,
            "warning",
        ),
        (HTTP, Health.HEALTHY, None),
    ],
)
def test_a_check_begins_as_far_as_we_can_say(
    check: Check, health: Health, status: str | None
) -> None:
    service = web(checks=(check,), health=health)

    begun = with_state(service, definitions(service), report(service))

    assert begun[0].get("Status") == status


def test_the_digest_tells_definitions_apart() -> None:
    secret = Check(kind="http", target=HTTP.target, headers=(("Authorization", "x"),))

    digests = {
        digest(definitions(web(checks=checks)), CONTAINER)
        for checks in ((HTTP,), (TTL,), (HTTP, TTL), (TTL, HTTP), (secret,))
    }

    assert len(digests) == 5


def test_the_digest_does_not_depend_on_health() -> None:
    ill, well = (
        digest(definitions(web(checks=(TTL,), health=health)), CONTAINER)
        for health in (Health.UNHEALTHY, Health.HEALTHY)
    )

    assert ill == well


def test_the_digest_cannot_be_guessed_from_what_consul_shows() -> None:
    own = definitions(web(checks=(HTTP,)))

    assert digest(own, CONTAINER) != digest(own, CONTAINER[:12])


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (10, "10s"),
        (0.1, "0.1s"),
        (1.0000005, "1.0000005s"),
        (1e-9, "0.000000001s"),
        (1e6, "1000000s"),
    ],
)
def test_seconds_are_written_as_go_reads_them(seconds: float, written: str) -> None:
    assert duration(seconds) == written


WELL = Report("passing", "container is healthy")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Report("passing", "container is healthy"), True),
        (Report("passing", "container is running"), False),
        (Report("critical", "container is healthy"), False),
        (Report("passing", ""), True),
        (Report("critical", ""), False),
        (("passing", "container is healthy"), False),
    ],
)
def test_what_an_agent_does_not_show_is_no_difference(
    other: object, *, same: bool
) -> None:
    assert (other == WELL) is same
    assert (other == WELL) is same
    assert not same or hash(other) == hash(WELL)
