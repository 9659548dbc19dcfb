"""What the results of one check come to: rise, fall, and flapping held down. Pure.

Nerve's rule: the first result decides at once. Then *fall* failures in a row make a
check critical, *rise* successes make it pass again, and until then it stays as it was.

A check that became critical HOLDS times, and was never QUIET seconds without a change
in between, is held there: for FIRST_HOLD seconds, and each further time for twice as
long, up to LONGEST_HOLD. Who calls says what time it is, in seconds.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Self

from registrator.fitness import Status

HOLDS: Final = 3
"""The change to critical, counted from one, with which holding down begins."""
FIRST_HOLD: Final = 30.0
LONGEST_HOLD: Final = 600.0
QUIET: Final = 600.0
"""Seconds without a change after which earlier ones count no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one check has gone so far."""

    status: Status | None = None
    """None: there was no result yet."""
    since: float = -math.inf
    """When it came to pass, or to be critical."""
    successes: int = 0
    """In a row, up to the last result; a warning is one."""
    failures: int = 0
    falls: int = 0
    """How often it became critical since it last was quiet."""
    held_until: float = -math.inf
    """Before this time no success lets it pass."""

    def after(self, result: Status, *, rise: int, fall: int, now: float) -> Self:
        """Say how it goes on with a *result* that came *now*."""
        if result is Status.CRITICAL:
            return self._failed(fall, now)
        return self._succeeded(result, rise, now)

    def held(self, now: float) -> bool:
        """Whether it would have to wait although it succeeds."""
        return now < self.held_until

    def _succeeded(self, result: Status, rise: int, now: float) -> Self:
        counted = replace(self, successes=self.successes + 1, failures=0)
        if self.status is None:
            return replace(counted, status=result, since=now)
        if self.status is not Status.CRITICAL:
            return replace(counted, status=result)
        if counted.successes < rise or self.held(now):
            return counted
        return replace(counted, status=result, since=now)

    def _failed(self, fall: int, now: float) -> Self:
        counted = replace(self, successes=0, failures=self.failures + 1)
        if self.status is None:
            return replace(counted, status=Status.CRITICAL, since=now)
        if self.status is Status.CRITICAL or counted.failures < fall:
            return counted
        falls = 1 if now - self.since >= QUIET else self.falls + 1
        return replace(
            counted,
            status=Status.CRITICAL,
            since=now,
            falls=falls,
            held_until=now + _hold(falls) if falls >= HOLDS else -math.inf,
        )


def _hold(falls: int) -> float:
    # No float is as large as what the thousandth time would double to.
    doublings = min(falls - HOLDS, 16)
    return min(FIRST_HOLD * 2.0**doublings, LONGEST_HOLD)
