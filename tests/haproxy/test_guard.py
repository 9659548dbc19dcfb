"""What is believed of registries that are away, empty, or show half."""

import pytest

from registrator.model import Instance
from registrator_haproxy.guard import Belief, Caution, believe

CAUTION = Caution(panic=0.5, hold=10.0, keep=0.0)


def shown(*numbers: int) -> dict[str, Instance]:
    return {
        str(n): Instance(id=str(n), name="web", address=f"10.0.0.{n}", port=80)
        for n in numbers
    }


FOUR = Belief.of(shown(1, 2, 3, 4), confirmed=100.0)


def test_what_a_registry_shows_first_is_believed() -> None:
    found = believe(Belief(), shown(1, 2), CAUTION, 5.0)

    assert found == Belief.of(shown(1, 2), confirmed=5.0)


def test_what_it_adds_is_believed_at_once() -> None:
    found = believe(FOUR, shown(1, 2, 3, 4, 5), CAUTION, 101.0)

    assert found == Belief.of(shown(1, 2, 3, 4, 5), confirmed=101.0)


def test_a_loss_of_no_more_than_the_share_is_believed_at_once() -> None:
    assert believe(FOUR, shown(1, 2), CAUTION, 101.0).instances == shown(1, 2)


def test_a_greater_loss_is_believed_when_it_has_lasted() -> None:
    at_once = believe(FOUR, shown(1), CAUTION, 101.0)
    not_yet = believe(at_once, shown(1), CAUTION, 110.9)
    then = believe(not_yet, shown(1), CAUTION, 111.0)

    assert at_once.instances == not_yet.instances == FOUR.instances
    assert at_once.why == "3 of 4 servers went at once"
    assert at_once.until == 111.0
    assert then == Belief.of(shown(1), confirmed=111.0)


def test_a_loss_that_mends_itself_was_none() -> None:
    held = believe(FOUR, shown(1), CAUTION, 101.0)
    mended = believe(held, FOUR.instances, CAUTION, 105.0)
    again = believe(mended, shown(2), CAUTION, 112.0)

    assert mended == Belief.of(FOUR.instances, confirmed=105.0)
    assert again.until == 122.0


def test_what_comes_during_a_doubted_loss_serves_beside_what_went() -> None:
    held = believe(FOUR, shown(1), CAUTION, 101.0)
    more = believe(held, shown(9), CAUTION, 102.0)

    assert more.instances == shown(1, 2, 3, 4, 9)
    assert more.until == 111.0


def test_what_came_during_a_doubted_loss_does_not_make_it_small() -> None:
    held = believe(FOUR, shown(1), CAUTION, 101.0)
    for when in (102.0, 103.0):
        held = believe(held, shown(9), CAUTION, when)

    assert held.instances == shown(1, 2, 3, 4, 9)


@pytest.mark.parametrize("others", [(5, 6, 7, 8), (5, 6, 7), (1, 5)])
def test_a_replacement_is_no_loss(others: tuple[int, ...]) -> None:
    assert believe(FOUR, shown(*others), CAUTION, 101.0).instances == shown(*others)


def test_a_single_server_is_replaced_at_once() -> None:
    one = Belief.of(shown(1), confirmed=1.0)

    assert believe(one, shown(2), CAUTION, 2.0).instances == shown(2)


@pytest.mark.parametrize(
    ("said", "why"),
    [(None, "the registry is away"), ({}, "the registry shows no servers")],
)
def test_without_servers_the_last_ones_stand(
    said: dict[str, Instance] | None, why: str
) -> None:
    found = believe(FOUR, said, CAUTION, 101.0)
    years_later = believe(found, said, CAUTION, 1e9)

    assert years_later.instances == found.instances == FOUR.instances
    assert (found.why, found.until, found.confirmed) == (why, None, 100.0)


@pytest.mark.parametrize("said", [None, {}])
def test_they_stand_for_as_long_as_the_settings_say(
    said: dict[str, Instance] | None,
) -> None:
    caution = Caution(keep=60.0)
    found = believe(FOUR, said, caution, 101.0)
    later = believe(found, said, caution, 160.9)
    too_late = believe(later, said, caution, 161.0)
    back = believe(too_late, shown(7), caution, 170.0)

    assert (found.until, later.instances) == (161.0, FOUR.instances)
    assert not too_late.instances
    assert "for longer than what it held may stand" in too_late.why
    assert back == Belief.of(shown(7), confirmed=170.0)


def test_a_service_that_never_had_servers_may_have_none() -> None:
    assert believe(Belief(), {}, CAUTION, 5.0) == Belief.of({}, confirmed=5.0)


def test_what_an_earlier_life_knew_stands_until_a_registry_is_there() -> None:
    remembered = Belief.of(shown(1, 2))
    away = believe(remembered, None, CAUTION, 5.0)
    there = believe(away, shown(3, 4), CAUTION, 6.0)

    assert away.instances == shown(1, 2)
    assert there == Belief.of(shown(3, 4), confirmed=6.0)


def test_a_registry_that_goes_away_does_not_end_a_doubt_early() -> None:
    held = believe(FOUR, shown(1), CAUTION, 101.0)
    away = believe(held, None, CAUTION, 105.0)
    back = believe(away, shown(1), CAUTION, 106.0)

    assert away.instances == back.instances == FOUR.instances
