"""Which upstream is asked first: failed ones are put aside for a while."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from registrator.backoff import delays
from registrator_dns.names import Endpoint

_PROBE = 2.5  # seconds for which one query alone tries an upstream that had failed


def _waits() -> Iterator[float]:
    return delays(first=1.0, cap=60.0)


@dataclass(slots=True)
class _Aside:
    waits: Iterator[float]
    failed: float
    until: float


class Upstreams:
    """Remembers who failed, for all zones alike; whoever answers is forgiven."""

    def __init__(self, waits: Callable[[], Iterator[float]] = _waits) -> None:
        """*waits* yields the seconds to put one aside for, failure by failure."""
        self._waits = waits
        self._aside: dict[Endpoint, _Aside] = {}

    def order(self, places: Sequence[Endpoint], now: float) -> list[Endpoint]:
        """List all of *places*: as they are given, but those put aside last.

        Whose time aside is over has its turn again, with one query at first.
        """
        good, bad = [], []
        for place in places:
            aside = self._aside.get(place)
            if aside is None:
                good.append(place)
            elif aside.until <= now:
                aside.until = now + _PROBE
                good.append(place)
            else:
                bad.append((aside.until, place))
        return good + [place for _, place in sorted(bad)]

    def some_work(self, places: Sequence[Endpoint]) -> bool:
        """Tell whether one of *places* has not failed since it last answered."""
        return any(place not in self._aside for place in places)

    def failed(self, place: Endpoint, asked: float, now: float) -> bool:
        """Put *place* aside, which was asked at *asked*; tell whether that is news."""
        aside = self._aside.get(place)
        if aside is None:
            waits = self._waits()
            self._aside[place] = _Aside(waits, now, now + next(waits))
            return True
        if asked > aside.failed:  # else it is one more witness of the same failure
            aside.failed, aside.until = now, now + next(aside.waits)
        return False

    def worked(self, place: Endpoint) -> bool:
        """Take *place* back; tell whether that is news."""
        return self._aside.pop(place, None) is not None
