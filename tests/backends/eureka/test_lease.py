from collections import Counter

import pytest

from registrator.backend import Site
from registrator.model import ServiceId
from registrator_backends.eureka.lease import LONGEST, Lease, Pulse


@pytest.mark.parametrize(
    ("ttl", "refresh", "told", "interval"),
    [
        (60, 20, (90, 30), 30),
        (120, 40, (120, 40), 40),
        (60, 15, (60, 15), 15),
        (3, 1, (3, 1), 1),
        (1.5, 0.5, (2, 1), 0.5),
        (30, 0, (30, 10), 10),
        (0, 0, (LONGEST, 30), 30),
        (1e9, 1e8, (LONGEST, 100_000_000), 1e8),
    ],
)
def test_a_lease_is_eurekas_own_unless_another_is_asked_for(
    ttl: float, refresh: float, told: tuple[int, int], interval: float
) -> None:
    lease = Lease.of(Site(node="here", ttl=ttl, ttl_refresh=refresh))

    assert lease.told == told
    assert lease.interval == interval


def ids(count: int) -> dict[ServiceId, None]:
    return {ServiceId(f"here:web.{number}:80"): None for number in range(count)}


def run(pulse: Pulse, count: int, seconds: float) -> dict[float, tuple[ServiceId, ...]]:
    """Send all heartbeats that are due for so long; by the time of asking."""
    now, sent = 0.0, {}
    while now < seconds:
        sent[now] = pulse.due(ids(count), now)
        for key in sent[now]:
            pulse.beaten(key, now)
        now += pulse.every(count) or seconds
    return sent


@pytest.mark.parametrize("count", [1, 2, 7, 29, 30, 31, 100, 1000, 5000])
def test_nobody_waits_longer_than_the_interval(count: int) -> None:
    pulse = Pulse(30.0)
    for key in ids(count):
        pulse.beaten(key, 0.0, unasked=True)

    sent = run(pulse, count, 300.0)

    last = dict.fromkeys(ids(count), 0.0)
    for at, keys in sent.items():
        for key in keys:
            assert at - last[key] <= 30.001
            last[key] = at
    assert min(last.values()) >= 270.0 - 30.0


def test_the_heartbeats_of_1000_are_spread_evenly() -> None:
    pulse = Pulse(30.0)
    for key in ids(1000):
        pulse.beaten(key, 0.0, unasked=True)

    sent = run(pulse, 1000, 120.0)

    sizes = [len(keys) for at, keys in sent.items() if at >= 1]
    assert {33, 34} >= set(sizes)
    times = Counter(key for keys in sent.values() for key in keys)
    assert max(times.values()) - min(times.values()) <= 1


def test_who_was_never_heard_of_comes_at_once() -> None:
    pulse = Pulse(30.0)

    first = pulse.due(ids(100), 7.0)

    assert len(first) == 100
    for key in first:
        pulse.beaten(key, 7.0)
    assert len(pulse.due(ids(100), 8.0)) == 3


def test_whoever_was_not_reached_is_still_due() -> None:
    pulse = Pulse(30.0)
    for key in ids(3):
        pulse.beaten(key, 0.0, unasked=True)
    pulse.due(ids(3), 0.0)

    assert len(pulse.due(ids(3), 30.0)) == 3
    assert len(pulse.due(ids(3), 31.0)) == 3


def test_who_is_gone_is_not_heard_of() -> None:
    pulse = Pulse(30.0)
    for key in ids(3):
        pulse.beaten(key, 0.0, unasked=True)

    assert set(pulse.due(ids(1), 60.0)) == set(ids(1))


def test_nothing_is_asked_where_nobody_is() -> None:
    assert Pulse(30.0).every(0) is None


def test_after_a_long_silence_each_is_due_once() -> None:
    pulse = Pulse(30.0)
    for key in ids(50):
        pulse.beaten(key, 0.0, unasked=True)
    pulse.due(ids(50), 0.0)

    due = pulse.due(ids(50), 3600.0)

    assert sorted(due) == sorted(ids(50))
