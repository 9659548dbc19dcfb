import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.model import ServiceId
from registrator.planner import Change, Plan, needs_confirmation, plan

A, B, C, D = (ServiceId(name) for name in "abcd")

tables = st.dictionaries(
    st.text(max_size=2).map(ServiceId), st.integers(0, 2), max_size=8
)


def test_a_plan_holds_what_is_new_or_other_or_gone_and_nothing_else() -> None:
    steps = plan({A: 1, B: 2, C: 3}, {B: 2, C: 9, D: 4})

    assert steps == Plan(
        puts=(Change(A, 1, None), Change(C, 3, 9)), drops=(Change(D, None, 4),)
    )


def test_equal_tables_need_no_plan() -> None:
    assert not plan({A: 1}, {A: 1})


@given(tables, tables)
def test_carrying_a_plan_out_makes_the_tables_equal(
    desired: dict[ServiceId, int], actual: dict[ServiceId, int]
) -> None:
    steps = plan(desired, actual)
    held = dict(actual)

    for change in steps.puts:
        assert held.get(change.id) == change.present
        assert change.wanted is not None
        held[change.id] = change.wanted
    for change in steps.drops:
        assert held.pop(change.id) == change.present

    assert held == desired
    assert bool(steps) == (desired != actual)


@given(tables, tables)
def test_the_order_of_a_plan_does_not_depend_on_that_of_the_tables(
    desired: dict[ServiceId, int], actual: dict[ServiceId, int]
) -> None:
    backwards = plan(dict(reversed(desired.items())), dict(reversed(actual.items())))

    assert plan(desired, actual) == backwards


@pytest.mark.parametrize(
    ("drops", "present", "share", "second_look"),
    [
        (0, 0, 0.0, False),
        (0, 9, 0.0, False),
        (1, 9, 0.0, True),
        (1, 2, 0.5, False),
        (2, 3, 0.5, True),
        (1, 1, 0.5, True),
        (9, 9, 1.0, False),
    ],
)
def test_more_than_the_share_needs_a_second_look(
    drops: int, present: int, share: float, *, second_look: bool
) -> None:
    assert needs_confirmation(drops, present, share) is second_look
