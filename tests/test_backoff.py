from itertools import islice

from registrator.backoff import delays


def test_waits_are_jittered_below_a_ceiling_that_doubles_up_to_the_cap() -> None:
    ceilings = [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    runs = [list(islice(delays(first=0.5, cap=5.0), 7)) for _ in range(400)]

    for ceiling, waits in zip(ceilings, zip(*runs, strict=True), strict=True):
        assert min(waits) >= 0.0
        assert max(waits) <= ceiling
        assert max(waits) > ceiling * 0.8
        assert min(waits) < ceiling * 0.2


def test_waits_never_end() -> None:
    assert len(list(islice(delays(), 10_000))) == 10_000
