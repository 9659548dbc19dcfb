import pytest

from registrator.errors import GaveUp, Unavailable
from registrator.outage import LONGEST, Outage

AWAY = Unavailable("it is away")


def test_a_store_is_there_until_it_fails() -> None:
    outage = Outage(attempts=None, interval=1.0)

    assert not outage.lasts
    assert not outage.over()


def test_a_failure_is_news_once() -> None:
    outage = Outage(attempts=None, interval=1.0)

    assert outage.failed(AWAY, now=0.0)
    assert not outage.failed(AWAY, now=1.0)
    assert outage.failed(Unavailable("it refuses"), now=2.0)
    assert outage.error == "it refuses"


def test_the_same_failure_is_news_again_after_it_was_over() -> None:
    outage = Outage(attempts=None, interval=1.0)
    outage.failed(AWAY, now=0.0)

    assert outage.over()
    assert outage.failed(AWAY, now=1.0)


def test_a_store_is_never_left_alone_for_long() -> None:
    outage = Outage(attempts=None, interval=60.0)

    for now in range(100):
        outage.failed(AWAY, now=now)
        assert now <= outage.due <= now + LONGEST


def test_patience_with_a_store_that_was_never_there_has_an_end() -> None:
    outage = Outage(attempts=1, interval=7.0)
    outage.failed(AWAY, now=10.0)
    assert outage.due == 17.0

    with pytest.raises(GaveUp, match="it is away; gave up after 2 attempts"):
        outage.failed(AWAY, now=17.0)


def test_patience_with_a_store_that_was_there_has_none() -> None:
    outage = Outage(attempts=0, interval=7.0)
    outage.met()

    assert outage.failed(AWAY, now=0.0)
    assert outage.due <= LONGEST
