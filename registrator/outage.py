"""Whether a store answers; while it does not, when it is asked again, and how often.

Pure: no I/O and no clock; the caller passes *now*, in seconds of any steady clock.
"""

from typing import Final

from registrator.backoff import delays
from registrator.errors import BackendError, GaveUp

LONGEST: Final = 2.0
"""Seconds between two tries, at most: one that is back is noticed so soon."""

_FIRST: Final = 0.2


class Outage:
    """One store's absence, if it is absent."""

    def __init__(self, *, attempts: int | None, interval: float) -> None:
        """Take what holds until the store was there once: `reconciler.Patience`."""
        self._attempts = attempts
        self._interval = interval
        self._met = False
        self._tries = 0
        self._waits = delays(first=_FIRST, cap=LONGEST)
        self.lasts = False
        """Whether the store is away."""
        self.error = ""
        """Why it is away, or was when it was away last."""
        self.due = 0.0
        """When to try again."""

    def met(self) -> None:
        """Take in that the store has answered: it exists, patience has no end now."""
        self._met = True

    def over(self) -> bool:
        """Take in that all went well; whether the store had been away."""
        lasted, self.lasts = self.lasts, False
        return lasted

    def failed(self, error: BackendError, *, now: float) -> bool:
        """Take in that the store failed; whether that is news.

        Raise `GaveUp` where it was never there and patience is over.
        """
        news = not self.lasts or self.error != str(error)
        if not self.lasts:
            self.lasts, self._waits = True, delays(first=_FIRST, cap=LONGEST)
        self.error, self.due = str(error), now + next(self._waits)
        if self._met or self._attempts is None:
            return news
        self._tries += 1
        if self._tries > self._attempts:
            raise GaveUp(f"{error}; gave up after {self._tries} attempts") from error
        self.due = now + self._interval
        return news
