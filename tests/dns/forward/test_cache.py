from hypothesis import given
from hypothesis import strategies as st

from registrator_dns import wire
from registrator_dns.forward.cache import LARGEST_KEPT, Cache
from registrator_dns.forward.response import Response

FOUND = Response(rcode=wire.NOERROR)
OTHER = Response(rcode=wire.NXDOMAIN)


def test_an_answer_is_kept_until_its_time_is_over() -> None:
    cache = Cache(10)
    cache.put("a", FOUND, 100.0, 5)

    assert cache.get("a", 100.0) == (FOUND, 0)
    assert cache.get("a", 104.9) == (FOUND, 4)
    assert cache.get("a", 105.0) is None
    assert len(cache) == 0


def test_the_last_answer_is_the_one_that_is_kept() -> None:
    cache = Cache(10)
    cache.put("a", FOUND, 100.0, 5)
    cache.put("a", OTHER, 103.0, 5)

    assert cache.get("a", 106.0) == (OTHER, 3)


def test_the_answer_that_was_not_asked_for_longest_makes_room() -> None:
    cache = Cache(2)
    cache.put("a", FOUND, 0.0, 60)
    cache.put("b", FOUND, 0.0, 60)
    cache.get("a", 1.0)
    cache.put("c", FOUND, 2.0, 60)

    assert [key for key in "abc" if cache.get(key, 3.0)] == ["a", "c"]


def test_what_says_that_it_may_not_be_kept_is_not() -> None:
    cache = Cache(10)
    cache.put("a", FOUND, 0.0, 0)
    cache.put("b", Response(rcode=wire.NOERROR, truncated=True), 0.0, 60)
    cache.put("c", Response(rcode=wire.NOERROR, octets=bytes(LARGEST_KEPT + 1)), 0, 60)

    assert len(cache) == 0


def test_a_cache_of_no_answers_keeps_none() -> None:
    cache = Cache(0)
    cache.put("a", FOUND, 0.0, 60)

    assert cache.get("a", 0.0) is None


@given(
    st.integers(0, 4),
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 9)), max_size=60
    ),
)
def test_it_never_holds_more_nor_anything_else_than_was_put(
    limit: int, steps: list[tuple[bool, int, int]]
) -> None:
    cache = Cache(limit)
    put: dict[int, tuple[Response, int, int]] = {}
    for now, (is_put, key, seconds) in enumerate(steps):
        if is_put:
            response = Response(rcode=now)
            cache.put(key, response, now, seconds)
            if seconds:
                put[key] = (response, now, now + seconds)
        elif (found := cache.get(key, now)) is not None:
            response, since, until = put[key]
            assert found == (response, now - since)
            assert now < until
        assert len(cache) <= limit
