"""How long an instance lives unheard, and when it is its turn to be heard. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import ceil
from typing import Final

from registrator.backend import Site
from registrator.model import ServiceId

LONGEST: Final = 2_147_483
"""Seconds: servers multiply by 1,000 in 32 bits (Netflix's Lease)."""

_UNSET: Final = Site(node="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Seconds that a server keeps an instance, and between two heartbeats."""

    duration: int = 90
    interval: float = 30.0

    @classmethod
    def of(cls, site: Site) -> "Lease":
        """Take -ttl and -ttl-refresh; Eureka's own where both are left alone.

        A server expects two heartbeats a minute of each instance: with fewer it
        takes the missing ones for trouble in the network, and lets nothing expire.
        """
        if (site.ttl, site.ttl_refresh) == (_UNSET.ttl, _UNSET.ttl_refresh):
            return cls()
        if not site.ttl:
            return cls(duration=LONGEST)
        return cls(
            duration=min(LONGEST, max(1, ceil(site.ttl))),
            interval=site.ttl_refresh or site.ttl / 3,
        )

    @property
    def told(self) -> tuple[int, int]:
        """What the server is told: whole seconds."""
        return self.duration, max(1, round(self.interval))


class Pulse:
    """Whose heartbeat is due: each within every interval, evenly spread over it.

    The one heard of longest ago comes first. Times are seconds of any steady clock.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._beats: dict[ServiceId, float] = {}
        """When each was last heard of, the oldest first."""
        self._credit = 0.0
        self._asked: float | None = None

    def every(self, count: int) -> float | None:
        """Say how often to ask who is due, where there are *count*."""
        if not count:
            return None
        return self._interval / min(30, max(3, count))

    def due(self, present: Collection[ServiceId], now: float) -> tuple[ServiceId, ...]:
        """List whom to send a heartbeat for; those never heard of come at once."""
        for gone in self._beats.keys() - present:
            del self._beats[gone]
        unheard = tuple(key for key in present if key not in self._beats)
        passed = 0.0 if self._asked is None else (now - self._asked) / self._interval
        self._credit = min(len(present), self._credit + len(present) * passed)
        self._asked = now
        return unheard + tuple(self._turn(now))

    def beaten(self, key: ServiceId, now: float, *, unasked: bool = False) -> None:
        """Take in that the server has heard of *key*, *unasked* by a write."""
        if self._beats.pop(key, None) is not None and not unasked:
            self._credit = max(0.0, self._credit - 1)
        self._beats[key] = now

    def _turn(self, now: float) -> Iterator[ServiceId]:
        """Take this moment's share, and whoever cannot wait until the next."""
        late = now - self._interval + (self.every(len(self._beats)) or 0.0)
        turns = enumerate(self._beats.items())
        share = takewhile(
            lambda turn: turn[0] < int(self._credit) or turn[1][1] < late, turns
        )
        return (key for _, (key, _) in share)
