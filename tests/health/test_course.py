"""Rise, fall and what flaps, in tables."""

import math
from collections import deque
from collections.abc import Iterable
from itertools import product

import pytest

from registrator.fitness import Status
from registrator.health.course import (
    FIRST_HOLD,
    HOLDS,
    LONGEST_HOLD,
    QUIET,
    Course,
)

P, W, C = Status.PASSING, Status.WARNING, Status.CRITICAL
RESULTS = {"P": P, "W": W, "C": C}
LETTERS: dict[Status | None, str] = {P: "P", W: "W", C: "C", None: "-"}


def statuses(results: str, *, rise: int = 1, fall: int = 1, every: float = 1.0) -> str:
    """Say what a check shows after each of its results."""
    course, shown = Course(), ""
    for number, result in enumerate(results):
        course = course.after(RESULTS[result], rise=rise, fall=fall, now=number * every)
        shown += LETTERS[course.status]
    return shown


def nerves(results: Iterable[bool], rise: int, fall: int) -> list[bool]:
    """Do as nerve does: a ring buffer, filled with the first result."""
    ring: deque[bool] = deque(maxlen=max(rise, fall))
    up, said = False, []
    for result in results:
        if not ring:
            ring.extend([result] * max(rise, fall))
        ring.append(result)
        if not any(list(ring)[-fall:]):
            up = False
        elif all(list(ring)[-rise:]):
            up = True
        said.append(up)
    return said


@pytest.mark.parametrize(
    ("results", "rise", "fall", "shown"),
    [
        ("P", 5, 5, "P"),
        ("C", 5, 5, "C"),
        ("PC", 1, 1, "PC"),
        ("CP", 1, 1, "CP"),
        ("PCC", 1, 2, "PPC"),
        ("PCPC", 1, 2, "PPPP"),
        ("CPP", 2, 1, "CCP"),
        ("CPCP", 2, 1, "CCCC"),
        ("CPCPPCCPP", 2, 2, "CCCCPPCCP"),
        ("PCCCPPP", 3, 3, "PPPCCCP"),
    ],
)
def test_the_first_result_decides_and_then_so_many_in_a_row(
    results: str, rise: int, fall: int, shown: str
) -> None:
    assert statuses(results, rise=rise, fall=fall, every=QUIET) == shown


@pytest.mark.parametrize(("rise", "fall"), list(product((1, 2, 3), repeat=2)))
def test_it_comes_to_what_nerves_ring_buffer_says(rise: int, fall: int) -> None:
    for results in product((True, False), repeat=8):
        ours = statuses(
            "".join("P" if each else "C" for each in results),
            rise=rise,
            fall=fall,
            every=QUIET,
        )

        assert [each == "P" for each in ours] == nerves(results, rise, fall), results


@pytest.mark.parametrize(
    ("results", "rise", "fall", "shown"),
    [
        ("W", 1, 1, "W"),
        ("PWP", 1, 1, "PWP"),
        ("CWW", 2, 1, "CCW"),
        ("CWP", 2, 1, "CCP"),
        ("WCC", 1, 2, "WWC"),
        ("CPWCWP", 3, 1, "CCCCCC"),
    ],
)
def test_a_warning_is_a_success_and_shows_as_a_warning(
    results: str, rise: int, fall: int, shown: str
) -> None:
    assert statuses(results, rise=rise, fall=fall) == shown


def test_what_is_in_a_row_is_counted_up_to_the_last_result() -> None:
    course = Course()
    for result in (C, P, W, P):
        course = course.after(result, rise=9, fall=9, now=0.0)
    assert (course.successes, course.failures) == (3, 0)

    course = course.after(C, rise=9, fall=9, now=0.0)
    assert (course.successes, course.failures) == (0, 1)


def test_it_is_told_since_when_it_passes_or_does_not() -> None:
    course = Course().after(P, rise=1, fall=2, now=10.0)
    assert course.since == 10.0

    course = course.after(W, rise=1, fall=2, now=20.0)
    course = course.after(C, rise=1, fall=2, now=30.0)
    assert course.since == 10.0

    assert course.after(C, rise=1, fall=2, now=40.0).since == 40.0


def test_what_is_remembered_needs_as_many_results_as_if_it_had_been_seen() -> None:
    remembered = Course(status=P)

    once = remembered.after(C, rise=1, fall=2, now=1.0)
    assert once.status is P
    assert once.after(C, rise=1, fall=2, now=2.0).status is C


def fallen(times: int, *, up: float = 1.0, start: float = 0.0) -> tuple[Course, float]:
    """Have a check fall so often, each time after *up* seconds of passing."""
    course, now = Course(status=P, since=start), start
    for number in range(times):
        if number:
            now = max(now, course.held_until)
            course = course.after(P, rise=1, fall=1, now=now)
        now += up
        course = course.after(C, rise=1, fall=1, now=now)
    return course, now


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (1, 0),
        (2, 0),
        (3, 30),
        (4, 60),
        (5, 120),
        (6, 240),
        (7, 480),
        (8, 600),
        (9, 600),
    ],
)
def test_what_flaps_is_held_down_for_longer_each_time(
    times: int, seconds: float
) -> None:
    course, now = fallen(times)

    assert max(0.0, course.held_until - now) == seconds
    assert course.held(now) is (seconds > 0)


def test_it_is_held_for_no_longer_however_often_it_falls() -> None:
    course = Course(status=P, since=0.0, falls=10_000)

    assert course.after(C, rise=1, fall=1, now=1.0).held_until == 1.0 + LONGEST_HOLD


def test_successes_while_it_is_held_count_and_let_it_pass_afterwards() -> None:
    course, now = fallen(HOLDS)

    course = course.after(P, rise=2, fall=1, now=now + 1)
    course = course.after(P, rise=2, fall=1, now=now + FIRST_HOLD - 1)
    assert course.status is C

    course = course.after(P, rise=2, fall=1, now=now + FIRST_HOLD)
    assert course.status is P
    assert not course.held(now + FIRST_HOLD)


def test_failures_while_it_is_held_do_not_hold_it_for_longer() -> None:
    course, now = fallen(HOLDS)

    again = course.after(C, rise=1, fall=1, now=now + 10)

    assert again.held_until == course.held_until


def test_after_a_quiet_time_what_was_is_forgotten() -> None:
    course, now = fallen(5)
    now = course.held_until
    course = course.after(P, rise=1, fall=1, now=now)

    course = course.after(C, rise=1, fall=1, now=now + QUIET)

    assert (course.falls, course.held_until) == (1, -math.inf)


def test_less_than_a_quiet_time_is_not_forgotten() -> None:
    course, now = fallen(5)
    now = course.held_until
    course = course.after(P, rise=1, fall=1, now=now)

    assert course.after(C, rise=1, fall=1, now=now + QUIET - 1).falls == 6


def test_one_that_begins_as_critical_has_not_fallen() -> None:
    course = Course().after(C, rise=1, fall=1, now=0.0)

    assert course.falls == 0
    assert course.after(P, rise=1, fall=1, now=1.0).status is P
