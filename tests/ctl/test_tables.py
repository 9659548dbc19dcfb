"""Tables as they are printed where nobody looks: whole, and one line for each thing."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registrator.ctl import tables
from registrator.views import BackendView, FindingView, ServiceView, SyncView
from showcase import HOSTILE, Showcase, container, port, service


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def synced(*pairs: tuple[str, str]) -> list[SyncView]:
    return [SyncView(registry=uri, state=state, error="") for uri, state in pairs]  # type: ignore[typeddict-item]  # written as text


def backend(**changes: object) -> BackendView:
    view = Showcase().status()["backends"][0]
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


def status_row(
    capsys: pytest.CaptureFixture[str], backends: Iterable[BackendView]
) -> list[str]:
    view = Showcase().status()
    view["backends"] = list(backends)
    tables.status(view)
    return cells(printed(capsys)[-1])


def test_a_service_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    tables.services([service("web")])

    head, _, line = printed(capsys)
    assert cells(head)[:3] == ["SERVICE", "ID", "ADDRESS"]
    assert cells(line) == [
        "web",
        "here:web.1:80",
        "10.0.0.1:8000",
        "a,b",
        "passing",
        "web.1",
        "dns: in-sync",
    ]


@pytest.mark.parametrize(
    ("address", "shown"),
    [("10.0.0.1", "10.0.0.1:8000"), ("fd00::1", "[fd00::1]:8000")],
)
def test_an_address_is_shown_as_it_is_written_in_a_url(
    address: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tables.services([service("web", address=address)])

    assert cells(printed(capsys)[-1])[2] == shown


@pytest.mark.parametrize(
    ("backends", "shown"),
    [
        ([("dns://a", "in-sync")], "dns: in-sync"),
        (
            [("dns://a", "in-sync"), ("consul://b", "error")],
            "dns: in-sync, consul: error",
        ),
        (
            [
                ("consul://a", "pending"),
                ("consul://b", "left-out"),
                ("dns://", "error"),
            ],
            "consul://a: pending, consul://b: left-out, dns: error",
        ),
    ],
)
def test_a_registry_is_named_as_shortly_as_is_clear(
    backends: list[tuple[str, str]], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    view = service("web")
    view["backends"] = synced(*backends)

    tables.services([view])

    assert cells(printed(capsys)[-1])[-1] == shown


DNS, CONSUL = "dns://127.0.0.1:8600/consul", "consul://127.0.0.1:8500"


def troubled(name: str, registry: str, error: str) -> ServiceView:
    view = service(name, id=name)
    view["backends"] += [SyncView(registry=registry, state="error", error=error)]
    return view


def test_what_registries_say_against_services_stands_below_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    away = f"{CONSUL}: no connection: Connection refused"
    tables.services(
        [
            service("a"),
            troubled("b", DNS, "the name 'b' is taken"),
            troubled("c", CONSUL, away),
            troubled("d", CONSUL, away),
        ]
    )

    assert printed(capsys)[6:] == [
        f"{DNS}: the name 'b' is taken (b)",
        f"{away} (2 services)",
    ]


def test_a_refusal_is_explained_with_the_container(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = troubled("b", CONSUL, "Consul answers 400 Invalid check")
    tables.container(container("b.1", port("ignored"), port("published", refused)))

    assert printed(capsys)[-1] == f"{CONSUL}: Consul answers 400 Invalid check (b)"


def test_why_a_service_is_withheld_stands_below_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = [service(name, withheld="docker stop") for name in ("a", "b")]
    for view in held:
        view["backends"] = synced(("dns://a", "withheld"))

    tables.services(held)

    *_, line, reason = printed(capsys)
    assert cells(line)[-1] == "dns: withheld"
    assert reason == "withheld: docker stop (2 services)"


def test_who_says_what_of_a_service_is_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = service("web")
    view["findings"] = [
        FindingView(
            said_by=who,
            status=status,
            output=output,
            decides=decides,
            held=held,
            last=HOSTILE,
        )
        for who, status, output, decides, held in (
            ("engine", "passing", "well", False, 0.0),
            ("check tcp", "critical", HOSTILE, True, 0.0),
            ("check http", "critical", "refused", False, 27.2),
        )
    ]

    tables.container(container("web.1", port("published", view)))

    head, _, engine, check, flapping = printed(capsys)[-5:]
    assert cells(head) == ["ID", "SAID BY", "STATUS", "WHY", "DECIDES"]
    assert cells(engine) == ["here:web.1:80", "engine", "passing", "well"]
    assert cells(check)[1:3] == ["check tcp", "critical"]
    assert cells(check)[-1] == "yes"
    assert "refused; it flaps: critical for 27 s more; last:" in flapping
    assert "\x1b" not in check + flapping


def test_a_container_without_ports_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tables.container(container("job"))

    first, head, _ = printed(capsys)
    assert first.startswith("job (4fa6e0f0c678), image nginx:1, running, healthy")
    assert cells(head) == ["PORT", "REGISTERED", "RULE", "WHY"]


def test_health_is_not_mentioned_where_nothing_checks_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = container("job")
    view["health"] = "none"

    tables.container(view)

    assert printed(capsys)[0].endswith("running, network bridge")


def test_every_note_stands_behind_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = port("it is published", service("web"))
    view["notes"] = ["a tag was left out", "a check was left out"]

    tables.container(container("web.1", view))

    assert cells(printed(capsys)[-1]) == [
        "80/tcp",
        "web as here:web.1:80 at 10.0.0.1:8000",
        "published",
        "it is published; a tag was left out; a check was left out",
    ]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "in-sync"),
        ({"waiting": 1}, "pending"),
        ({"held": 1}, "pending"),
        ({"reachable": False}, "pending"),
        ({"error": "no answer", "waiting": 3}, "error"),
    ],
)
def test_the_state_of_a_registry_is_its_worst(
    changes: dict[str, object], state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_row(capsys, [backend(**changes)])[1] == state


def test_what_was_never_measured_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, _, _, rounded, lag, _, error = status_row(
        capsys, [backend(round_ago=None, lag=None)]
    )

    assert (rounded, lag, error) == ("never", "-", "-")


def test_what_is_held_back_waits_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_row(capsys, [backend(waiting=2, held=3)])[3] == "5"


def test_an_engine_that_is_away_is_shown_with_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables.status(Showcase(away=True, well=False, error="no answer in 5 s").status())

    first, second, *_ = printed(capsys)
    assert first.endswith("not all is well")
    assert "away: no answer in 5 s" in second


def test_a_daemon_that_has_reached_no_engine_yet_has_no_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = Showcase(away=True, well=False).status()
    view["node"] = ""
    tables.status(view)

    first, second, *_ = printed(capsys)
    assert first.startswith("registrator 1.2.3: services: 0")
    assert ": not reached yet, last listed" in second


def test_a_long_table_keeps_its_columns_in_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables.services([service("w" * length) for length in (1, 30, 60)])

    head, _, *lines = printed(capsys)
    at = head.index("ADDRESS")
    assert [line[at : at + 9] for line in lines] == ["10.0.0.1:"] * 3


@pytest.mark.parametrize("length", [300, 5000])
def test_where_nobody_looks_a_long_value_is_whole_and_one_line(
    length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    view = service("web")
    view["tags"] = ["t" * length]

    tables.services([view])

    lines = printed(capsys)
    assert len(lines) == 3
    assert "t" * length in lines[-1]


def test_hostile_text_in_every_place_is_one_harmless_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = service(HOSTILE, address=HOSTILE, status=HOSTILE, container_name=HOSTILE)
    evil["tags"] = [HOSTILE, "[/]", "[link=https://example.org]x"]
    evil["backends"] = synced((HOSTILE, HOSTILE), ("[bold]", "[/bold]"))

    tables.services([evil])

    *_, line = printed(capsys)
    assert line.isprintable()
    assert "[/],[link=https://example.org]x" in line
    assert line.count("[red]x[/red]\\x1b]0;owned") >= 5


@given(text=st.text(max_size=30))
@hypothesis_settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_text_breaks_a_table(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = service(text, address=text, status=text)
    view["tags"] = [text]

    tables.services([view])
    tables.container(container(text, port(text, view)))
    tables.status(Showcase([view], well=False, error=text).status())

    lines = printed(capsys)
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 3 + 4 + 5
