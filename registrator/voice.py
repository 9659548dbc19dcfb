"""What is news of a registry, whatever number of watchers read it.

Pure: who calls says what time it is. When a registry goes away all its readers lose it,
each in its turn, and the log needs to be told of that once.
"""

from typing import Final

from registrator.errors import BackendError, Unavailable

ONE_EVENT: Final = 30.0
"""Seconds within which losses are one and the same.

A network that was cut is noticed by each reader as long after it last heard anything.
"""


class Voice:
    """Tells the watchers of one registry which of them is to speak."""

    def __init__(
        self, registry: str, readers: int = 1, *, remembers: bool = False
    ) -> None:
        """*readers* services read it; *remembers*: it was read in an earlier life."""
        self.registry = registry
        self.remembers = remembers
        self._readers = readers
        self._away: dict[object, float] = {}
        self._told = float("-inf")

    def loses(self, who: object, error: BackendError, now: float) -> bool:
        """Take in that a watcher lost it; whether that is news.

        What the registry refuses one watcher is that one's own, and always is news.
        """
        if not isinstance(error, Unavailable):
            return True
        news = not self._away or now - self._told >= ONE_EVENT
        if news:
            self._told = now
        self._away[who] = now
        return news

    def finds(self, who: object) -> bool:
        """Take in that a watcher that lost it reads again; whether that is news.

        It is when all are back that were lost together; one that stays away for
        reasons of its own keeps nobody waiting.
        """
        since = self._away.pop(who, None)
        if since is None:
            return True
        if any(each >= self._told for each in self._away.values()):
            return False
        return since >= self._told or not self._away

    def readers(self) -> str:
        """Say how many services read it, as the end of a sentence; "" for one."""
        if self._readers == 1:
            return ""
        now = self._readers - len(self._away)
        of = "" if now == self._readers else f"{now} of "
        return f"; {of}{self._readers} services read it"
