import pytest

from registrator.errors import Rejected, Unavailable
from registrator.voice import ONE_EVENT, Voice

AWAY = Unavailable("etcd://h:2379: away")
REFUSED = Rejected("name 'a/b' cannot be a part of a key")


def voice(readers: int = 3) -> Voice:
    return Voice("etcd://h:2379", readers)


def test_a_registry_that_all_lose_and_find_is_told_of_once_each() -> None:
    shared = voice()

    assert shared.loses("a", AWAY, 5)
    assert not shared.loses("b", AWAY, 5)
    assert not shared.loses("c", AWAY, 9)
    assert [shared.finds(who) for who in "bac"] == [False, False, True]
    assert shared.loses("a", AWAY, 10)


def test_a_reader_of_its_own_tells_each_time() -> None:
    alone = voice(1)
    for second in range(3):
        assert alone.loses("a", AWAY, second)
        assert alone.finds("a")
        assert alone.readers() == ""


def test_a_reader_that_stays_away_keeps_no_later_loss_from_being_told() -> None:
    shared = voice()
    assert shared.loses("a", AWAY, 0)

    assert shared.loses("b", AWAY, ONE_EVENT)
    assert not shared.loses("c", AWAY, ONE_EVENT)

    assert not shared.finds("b")
    assert shared.finds("c")
    assert shared.readers() == "; 2 of 3 services read it"
    assert shared.finds("a")


def test_who_was_lost_before_the_last_event_is_back_with_the_last_of_all() -> None:
    shared = voice()
    for who, now in (("a", 0), ("b", 0), ("c", ONE_EVENT)):
        shared.loses(who, AWAY, now)

    assert [shared.finds(who) for who in "cab"] == [True, False, True]


@pytest.mark.parametrize("others", ["", "b"])
def test_what_is_refused_to_one_reader_is_told_of_each(others: str) -> None:
    shared = voice()
    for who in others:
        shared.loses(who, AWAY, 0)

    assert shared.loses("a", REFUSED, 0)
    assert shared.loses("c", REFUSED, 0)
    assert shared.finds("a")
    assert shared.finds("c")


def test_the_number_of_services_is_said_where_there_are_several() -> None:
    shared = voice()
    assert shared.readers() == "; 3 services read it"

    shared.loses("a", AWAY, 0)

    assert shared.readers() == "; 2 of 3 services read it"
