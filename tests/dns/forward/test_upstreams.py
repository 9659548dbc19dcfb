from itertools import count

from registrator_dns.forward.upstreams import Upstreams

A, B, C = ("10.0.0.1", 53), ("10.0.0.2", 53), ("10.0.0.3", 53)
ALL = (A, B, C)


def upstreams() -> Upstreams:
    """Put aside for 10 seconds, then 11, and so on."""
    return Upstreams(lambda: map(float, count(10)))


def test_the_first_is_asked_first() -> None:
    assert upstreams().order(ALL, 0.0) == [A, B, C]


def test_one_that_failed_is_asked_last_for_a_while() -> None:
    some = upstreams()
    some.failed(A, asked=0.0, now=2.0)

    assert some.order(ALL, 11.9) == [B, C, A]
    assert some.order(ALL, 12.0) == [A, B, C]


def test_only_one_query_tries_whether_it_works_again() -> None:
    some = upstreams()
    some.failed(A, asked=0.0, now=2.0)

    assert some.order(ALL, 12.0) == [A, B, C]
    assert some.order(ALL, 12.1) == [B, C, A]


def test_each_further_failure_puts_it_aside_for_longer() -> None:
    some = upstreams()
    some.failed(A, asked=0.0, now=2.0)
    some.order(ALL, 12.0)
    some.failed(A, asked=12.0, now=14.0)

    assert some.order(ALL, 24.9) == [B, C, A]
    assert some.order(ALL, 25.0) == [A, B, C]


def test_many_queries_that_failed_together_are_one_failure() -> None:
    some = upstreams()
    told = [some.failed(A, asked=asked / 10, now=2 + asked / 10) for asked in range(9)]

    assert told == [True] + [False] * 8
    assert some.order(ALL, 12.0) == [A, B, C]


def test_one_that_answers_is_taken_back_at_once() -> None:
    some = upstreams()
    some.failed(A, asked=0.0, now=2.0)

    assert some.worked(A)
    assert not some.worked(A)
    assert some.order(ALL, 3.0) == [A, B, C]


def test_where_all_failed_the_first_to_come_back_is_asked_first() -> None:
    some = upstreams()
    for now, place in enumerate((C, A, B)):
        some.failed(place, asked=0.0, now=float(now))

    assert some.order(ALL, 5.0) == [C, A, B]
    assert not some.some_work(ALL)
    some.worked(B)
    assert some.some_work(ALL)


def test_the_time_aside_is_random_and_bounded() -> None:
    some = Upstreams()
    now = 0.0
    for _ in range(50):
        some.failed(A, asked=now, now=now + 1)
        now += 62.0
        assert some.order((A, B), now) == [A, B]
