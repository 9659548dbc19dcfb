"""What one store should hold, what it does hold, and what is owed to it.

Pure: no I/O and no clock; the caller passes *now*, in seconds of any steady clock.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, Literal, TypeVar

from registrator.backoff import delays
from registrator.model import ServiceId
from registrator.planner import Change, Plan, needs_confirmation, plan

R = TypeVar("R")

BATCH = 100
"""Records written in one go: news overtakes a backlog between two of these."""

Sync = Literal["in-sync", "pending", "error", "left-out"]
"""left-out: the store keeps nothing for the service as it is, by its format."""


@dataclass(slots=True)
class Retry:
    """One thing to try again: when, and why it failed."""

    waits: Iterator[float]
    due: float
    error: str

    @classmethod
    def after(
        cls, previous: "Retry | None", error: str, *, now: float, cap: float
    ) -> "Retry":
        """Wait longer than the time before, up to *cap* seconds, with jitter."""
        waits = previous.waits if previous else delays(first=0.2, cap=cap)
        return cls(waits, now + next(waits), error)


class Ledger(Generic[R]):
    """The accounts of one store.

    A record is in doubt while it is written, and after a write that failed or broke
    off: it counts as neither there nor gone until the store has agreed to one of the
    two.
    """

    def __init__(self) -> None:
        self.wanted: dict[ServiceId, R] = {}
        self.actual: dict[ServiceId, R] = {}
        self.unfit: dict[ServiceId, str] = {}
        """Services that the store cannot represent, and why."""
        self.refused: dict[ServiceId, str] = {}
        """Writes that the store did not accept, and why."""
        self.retries: dict[ServiceId, Retry] = {}
        self.held: dict[ServiceId, int] = {}
        """Removals that wait for another listing, with the one that asked for them."""
        self._doubtful: dict[ServiceId, R] = {}
        self._tried_first: set[ServiceId] = set()
        """What is being written, and was in no doubt before."""
        self._news: dict[ServiceId, float] = {}
        self._backlog: dict[ServiceId, None] = {}

    @property
    def waiting(self) -> int:
        """How many records may still have to be written."""
        return len(self._news.keys() | self._backlog.keys() | self.retries.keys())

    @property
    def settled(self) -> bool:
        """Whether nothing is owed: neither waiting, nor refused, nor held back."""
        return not (self.waiting or self.unfit or self.refused or self.held)

    @property
    def troubles(self) -> Iterator[str]:
        """What is wrong with single records."""
        yield from (retry.error for retry in self.retries.values())
        yield from self.refused.values()
        yield from self.unfit.values()

    def want(self, key: ServiceId, record: R | None, *, at: float = 0.0) -> None:
        """Take in that *record* is wanted now, None for none, heard of at *at*."""
        for trouble in (self.unfit, self.refused, self.retries, self.held):
            trouble.pop(key, None)
        self._news.setdefault(key, at)
        if record is None:
            self.wanted.pop(key, None)
        else:
            self.wanted[key] = record

    def misfit(self, key: ServiceId, why: str, *, at: float = 0.0) -> bool:
        """Take in that the store has no form for what is wanted; whether it is news."""
        known = self.unfit.get(key) == why
        self.want(key, None, at=at)
        self.unfit[key] = why
        return not known

    def listed(self, keys: Collection[ServiceId]) -> None:
        """Want nothing but *keys*: a listing misses all others.

        What is then owed to those is for `compare` to say, whatever was before.
        """
        for key in self.wanted.keys() - keys:
            for forgotten in (self.wanted, self.retries, self._news):
                forgotten.pop(key, None)
        for key in self.unfit.keys() - keys:
            del self.unfit[key]

    def refuse(self, key: ServiceId, why: str) -> bool:
        """Give a write up for what it is; whether that is news."""
        self.retries.pop(key, None)
        if key in self._tried_first:
            self._doubtful.pop(key, None)
        known = self.refused.get(key) == why
        self.refused[key] = why
        return not known

    def found(self, actual: Mapping[ServiceId, R]) -> None:
        """Take in what the store holds; nothing is in doubt any more."""
        self.actual = dict(actual)
        self._doubtful.clear()

    def compare(self, listing: int, max_removals: float) -> bool:
        """Put everything that differs on the backlog; whether removals are held back.

        More than the share *max_removals* of all records goes only if the
        *listing*, a rising number, is a later one than the first to miss them.
        What an event removed, or is being tried again, is certain and does not wait.
        """
        differing = plan(self.wanted, self.actual)
        changes = {change.id: None for change in (*differing.puts, *differing.drops)}
        self.refused = {key: why for key, why in self.refused.items() if key in changes}
        certain = self._news.keys() | self.retries.keys()
        removals = [change.id for change in differing.drops if change.id not in certain]
        if needs_confirmation(len(removals), len(self.actual), max_removals):
            asked = {key: self.held.get(key, listing) for key in removals}
            self.held = {key: first for key, first in asked.items() if first == listing}
        else:
            self.held = {}
        waits = self.held.keys() | self.retries.keys()
        self._backlog = {key: None for key in changes if key not in waits}
        return bool(self.held)

    def due(self, now: float, most: int | None = BATCH) -> tuple[ServiceId, ...]:
        """List the next ids to write: news first, then retries, then the backlog."""
        again = (key for key, retry in self.retries.items() if retry.due <= now)
        queue = chain(self._news, again, self._backlog)
        return tuple(dict.fromkeys(islice(queue, most)))

    def steps(self, keys: Iterable[ServiceId]) -> Plan[R]:
        """Work out the writes that bring these ids into agreement."""
        batch = tuple(keys)
        wanted = {key: self.wanted[key] for key in batch if key in self.wanted}
        actual = {key: self.actual[key] for key in batch if key in self.actual}
        for key in self._doubtful.keys() & batch:
            actual.pop(key, None)
            if key not in wanted:
                actual[key] = self._doubtful[key]
        return plan(wanted, actual)

    def looked_at(self, keys: Iterable[ServiceId], now: float) -> None:
        """Close what was due at *now*: it was written, or nothing differed."""
        for key in keys:
            self._news.pop(key, None)
            self._backlog.pop(key, None)
            if key in self.retries and self.retries[key].due <= now:
                del self.retries[key]

    def writing(self, changes: Iterable[Change[R]]) -> None:
        """Take in that these are about to be written, whatever may come of it."""
        self._tried_first.clear()
        for change in changes:
            if change.id not in self._doubtful:
                self._tried_first.add(change.id)
            record = change.present if change.wanted is None else change.wanted
            if record is not None:
                self._doubtful[change.id] = record

    def done(self, change: Change[R]) -> float:
        """Take in that the store agreed; when the change was first heard of, or 0."""
        self._doubtful.pop(change.id, None)
        self.retries.pop(change.id, None)
        self.refused.pop(change.id, None)
        if change.wanted is None:
            self.actual.pop(change.id, None)
        else:
            self.actual[change.id] = change.wanted
        return self._news.pop(change.id, 0.0)

    def failed(self, change: Change[R], error: str, *, now: float) -> bool:
        """Take in that nobody knows what came of it; whether the error is new."""
        previous = self.retries.get(change.id)
        self.retries[change.id] = Retry.after(previous, error, now=now, cap=30.0)
        return previous is None or previous.error != error

    def everything(self) -> tuple[Change[R], ...]:
        """Work out the removal of all that the store holds or may hold."""
        return plan({}, {**self.actual, **self._doubtful}).drops

    def sync(self, key: ServiceId) -> tuple[Sync, str]:
        """Say how the store stands with one service, and what is wrong."""
        if key in self.refused:
            return "error", self.refused[key]
        if key in self.retries:
            return "error", self.retries[key].error
        if key in self.unfit:
            return "error", self.unfit[key]
        if key in self._news or key in self._backlog or key in self._doubtful:
            return "pending", ""
        if key not in self.wanted:
            return ("pending" if key in self.actual else "left-out"), ""
        return (
            "in-sync" if self.actual.get(key) == self.wanted[key] else "pending"
        ), ""
