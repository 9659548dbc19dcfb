"""Which instances are held out for coming and going, and for how long."""

import pytest

from registrator_haproxy.damping import Mark, Marks, Patience

PATIENCE = Patience(suppress=3.0, reuse=1.0, half_life=60.0, longest=600.0)
PRESENT = ("a", "b", "c", "d")


def going(*moments: float, key: str = "a", before: Marks | None = None) -> Marks:
    """Say what is held against an instance that went at these moments."""
    marks = Marks() if before is None else before
    for now in moments:
        marks = marks.after([key], PATIENCE, now)
    return marks


def held(marks: Marks, *present: str, share: float = 0.5) -> list[str]:
    return list(marks.held(present or PRESENT, share, PATIENCE))


@pytest.mark.parametrize(
    ("moments", "out"),
    [
        ((), []),
        ((0.0,), []),
        ((0.0, 5.0), []),  # a container that was restarted twice
        ((0.0, 5.0, 10.0), []),
        ((0.0, 5.0, 10.0, 15.0), ["a"]),
        ((0.0, 120.0, 240.0, 360.0, 480.0, 600.0), []),  # every other minute
        ((0.0, 20.0, 40.0, 60.0), []),
        ((0.0, 20.0, 40.0, 60.0, 80.0), ["a"]),
    ],
)
def test_one_that_goes_too_often_is_held_out(
    moments: tuple[float, ...], out: list[str]
) -> None:
    assert held(going(*moments)) == out


def test_a_deployment_that_replaces_all_holds_nobody_out() -> None:
    marks = Marks()
    for now, key in enumerate(f"old{n}" for n in range(50)):
        marks = marks.after([key], PATIENCE, float(now))

    assert held(marks, *(f"old{n}" for n in range(50))) == []


def test_it_is_let_in_when_its_time_is_over_and_not_before() -> None:
    marks = going(0.0, 1.0, 2.0, 3.0)
    until = marks.held(PRESENT, 0.5, PATIENCE)["a"]

    assert 100.0 < until < 130.0
    assert held(marks.after((), PATIENCE, until - 0.1)) == ["a"]
    assert held(marks.after((), PATIENCE, until)) == []


def test_the_more_it_goes_the_longer_it_is_held_out() -> None:
    few = going(0.0, 1.0, 2.0, 3.0)
    more = going(4.0, 5.0, 6.0, before=few)

    once, again = (each.held(PRESENT, 0.5, PATIENCE)["a"] for each in (few, more))
    assert again > once + 30.0


def test_it_is_held_out_for_the_longest_time_at_most() -> None:
    marks = going(*[5.0] * 5_000)

    assert marks.held(PRESENT, 0.5, PATIENCE)["a"] == pytest.approx(605.0)


def test_without_an_end_nothing_overflows() -> None:
    endless = Patience(suppress=3.0, reuse=1.0, half_life=0.01, longest=86_400.0)
    marks = Marks()
    for _ in range(10):
        marks = marks.after(["a"], endless, 1.0)

    assert marks.held(PRESENT, 0.5, endless)["a"] < 2.0


def test_one_that_was_let_in_is_held_out_sooner_than_a_new_one() -> None:
    marks = going(0.0, 1.0, 2.0, 3.0)
    until = marks.held(PRESENT, 0.5, PATIENCE)["a"]
    let_in = marks.after((), PATIENCE, until + 1)

    assert held(going(until + 2, before=let_in)) == []
    assert held(going(until + 2, until + 3, until + 4, before=let_in)) == ["a"]


def test_what_was_long_ago_is_forgotten() -> None:
    marks = going(0.0, 1.0, 2.0, 3.0).after(["b"], PATIENCE, 400.0)

    assert marks.marks == {"b": Mark(points=1.0, at=400.0)}


@pytest.mark.parametrize(
    ("present", "share", "out"),
    [
        ("a", 1.0, ""),  # the last server
        ("ax", 0.5, "a"),
        ("ab", 1.0, "b"),  # the worst of them
        ("abx", 0.5, "b"),
        ("abc", 1.0, "cb"),
        ("abcd", 0.5, "cb"),
        ("x", 0.5, ""),
        ("ax", 0.0, ""),
        ("", 0.5, ""),
    ],
)
def test_no_more_than_a_share_is_held_out_and_never_the_last(
    present: str, share: float, out: str
) -> None:
    marks = going(0.0, 1.0, 2.0, 3.0)
    marks = going(0.0, 1.0, 2.0, 3.0, 4.0, key="b", before=marks)
    marks = going(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, key="c", before=marks)

    assert list(marks.held(tuple(present), share, PATIENCE)) == list(out)
