"""When a change is made, and when a reload."""

from itertools import pairwise

import pytest

from registrator_haproxy.pace import (
    Reloads,
    Settle,
    Settled,
    read_settle,
    settle,
)

WAIT = Settle(quiet=2.0, longest=5.0)


def effects(*wanted: tuple[float, str], wait: Settle = WAIT) -> list[str]:
    """Say what is in effect at each moment, and until when."""
    state: Settled[str] | None = None
    found = []
    for now, each in wanted:
        state = settle(state, each, wait, now)
        until = "" if state.until is None else f" until {state.until:g}"
        found.append(f"{state.value}{until}")
    return found


def test_what_is_wanted_first_is_in_effect_at_once() -> None:
    assert effects((10.0, "a")) == ["a"]


def test_a_change_is_in_effect_when_it_is_quiet() -> None:
    found = effects((10.0, "a"), (20.0, "b"), (21.9, "b"), (22.0, "b"), (30.0, "b"))

    assert found == ["a", "a until 22", "a until 22", "b", "b"]


def test_another_change_prolongs_the_wait_up_to_the_longest() -> None:
    found = effects(
        *((10.0, "a"), (20.0, "b"), (21.0, "c"), (22.5, "d"), (24.0, "e")),
        *((24.9, "f"), (25.0, "f")),
    )

    assert found == [
        *("a", "a until 22", "a until 23", "a until 24.5", "a until 25"),
        *("a until 25", "f"),
    ]


def test_what_changes_back_was_no_change() -> None:
    found = effects((10.0, "a"), (20.0, "b"), (21.0, "a"), (22.0, "a"), (24.0, "b"))

    assert found == ["a", "a until 22", "a", "a", "a until 26"]


def test_without_a_wait_every_change_is_in_effect_at_once() -> None:
    assert effects((1.0, "a"), (1.0, "b"), (1.0, "c"), wait=Settle()) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("said", "quiet", "longest"),
    [
        ("0:0", 0.0, 0.0),
        ("2:10", 2.0, 10.0),
        ("0.5:1.5", 0.5, 1.5),
        ("2", 2.0, 8.0),
        ("0:5", 0.0, 5.0),
        ("3:3", 3.0, 3.0),
    ],
)
def test_a_wait_is_read(said: str, quiet: float, longest: float) -> None:
    found = read_settle(said)

    assert found == Settle(quiet=quiet, longest=longest)
    assert read_settle(str(found)) == found


@pytest.mark.parametrize(
    "said", [130, 2.0, None, "", "2:", ":2", "2:1", "1s:2s", "-1:2", "1:9999", "1:2:3"]
)
def test_what_is_no_wait_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="wait"):
        read_settle(said)


@pytest.mark.parametrize(
    ("wanted", "last", "chance", "due"),
    [
        (100.0, None, 1.0, 100.0),  # the first of all
        (100.0, 50.0, 0.5, 100.0),  # the last is long ago
        (100.0, 99.0, 0.5, 101.0),
        (100.0, 100.0, 0.0, 102.0),
    ],
)
def test_reloads_are_apart(
    wanted: float, last: float | None, chance: float, due: float
) -> None:
    assert Reloads(interval=2.0).due(wanted, last, chance) == due


def test_the_hosts_of_a_fleet_reload_one_after_the_other() -> None:
    fleet = [Reloads(interval=10.0, jitter=2.0, host=f"h{n}") for n in range(200)]
    first = sorted(each.due(100.0, 0.0, 0.5) for each in fleet)

    assert 100.0 <= first[0] < 105.0
    assert 115.0 < first[-1] < 120.0
    assert max(b - a for a, b in pairwise(first)) < 2.0


def test_a_host_keeps_its_turn_but_for_a_little() -> None:
    host = Reloads(interval=10.0, jitter=1.0, host="h1")
    early, late = host.due(100.0, 0.0, 0.0), host.due(100.0, 0.0, 1.0)

    assert late - early == pytest.approx(2.5)
    assert host.due(100.0, 0.0, 0.0) == early


def test_no_turn_is_before_the_interval_is_over() -> None:
    assert Reloads(interval=10.0, jitter=1.0, host="h").due(100.0, 99.9, 0.0) == 109.9
