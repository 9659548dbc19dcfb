from registrator_dns import wire
from registrator_dns.counters import Counters


def test_everything_is_zero_at_first() -> None:
    counters = Counters()

    assert set(counters.answers().values()) == {0}
    assert (counters.truncated, counters.limited, counters.ignored) == (0, 0, 0)


def test_answers_are_shown_by_transport_and_rcode() -> None:
    counters = Counters()
    counters.udp[wire.NXDOMAIN] += 2
    counters.tcp[wire.REFUSED] += 1

    shown = counters.answers()

    assert shown["udp", "NXDOMAIN"] == 2
    assert shown["tcp", "REFUSED"] == 1
    assert sum(shown.values()) == 3
