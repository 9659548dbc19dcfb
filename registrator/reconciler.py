"""Brings one store into agreement with the snapshot, and keeps it there."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from registrator.backend import Backend, Failures
from registrator.errors import BackendError, Rejected, Unavailable
from registrator.ledger import BATCH, Ledger, Sync
from registrator.model import ServiceId, endpoint
from registrator.outage import Outage
from registrator.planner import Change, Plan, plan
from registrator.report import BackendReport
from registrator.snapshot import Snapshot

log = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What to do with a store that is away, and how much a listing may remove."""

    attempts: int | None = None
    """Tries beyond the first before giving up at start; None: endless."""
    interval: float = 2.0
    """Seconds between those tries."""
    max_removals: float = 0.5
    """The share of records, 0 to 1, that one listing's word may remove."""
    drops: bool = True
    """Whether records are ever removed."""


class Reconciler(Generic[R]):
    """One store's keeper: nothing that happens to the store concerns any other.

    A change goes out at once, for its own ids only. A full round reads what the
    store holds, and writes what differs.
    """

    def __init__(
        self,
        backend: Backend[R],
        snapshot: Snapshot,
        request_listing: Callable[[], None],
        patience: Patience,
        registry: str = "",
    ) -> None:
        """*registry* is what the services say that are for this store alone."""
        self._backend = backend
        self._snapshot = snapshot
        self.registry = registry
        self._inbox = snapshot.subscribe(registry)
        self._request_listing = request_listing
        self._patience = patience
        self._ledger: Ledger[R] = Ledger()
        self._listing = 0
        self._compared = 0
        self._read = False
        self._outage = Outage(attempts=patience.attempts, interval=patience.interval)
        self._refreshed_at = -math.inf
        self._round_at: float | None = None
        self._lag: float | None = None
        self._retries = 0

    @property
    def uri(self) -> str:
        """The store's address for people."""
        return self._backend.uri

    async def run(self) -> None:
        """Keep the store right until cancelled; a store that is away is retried.

        Raise `GaveUp` if it was never there and patience has an end.
        """
        while True:
            await self._until_due()
            with suppress(Unavailable):
                await self.step()

    async def step(self) -> bool:
        """Do all that is due now; whether the store then holds what it should.

        Raise `Unavailable` if the store does not answer: nothing is forgotten.
        """
        try:
            await self._act()
        except BackendError as error:
            self._lose(error)
            raise Unavailable(str(error)) from error
        if self._outage.over():
            log.info("%s answers again", self._backend.uri)
        return self._ledger.settled

    async def preview(self) -> tuple[Plan[R], Mapping[ServiceId, str]]:
        """Read the store; the plan of a full round, and what would be refused."""
        self._collect()
        steps = plan(self._ledger.wanted, await self._backend.owned())
        return steps if self._patience.drops else Plan(steps.puts), self._ledger.unfit

    async def withdraw(self) -> None:
        """Remove every record of this host's; raise `Unavailable` if any may be left.

        For the end, when nothing else uses this reconciler any more.
        """
        try:
            if not self._read:
                await self._read_store()
            for batch in _batches(self._ledger.everything()):
                await self._do(self._backend.drop, batch)
        except BackendError as error:
            raise Unavailable(str(error)) from error
        if left := self._ledger.everything():
            why = next(self._ledger.troubles, "")
            raise Unavailable(f"{self.uri}: {len(left)} not removed: {why}")

    def sync(self, key: ServiceId) -> tuple[Sync, str]:
        """Say how the store stands with one service, and what is wrong."""
        if self._outage.lasts:
            return "error", self._outage.error
        if not self._read or key in self._inbox:
            return "pending", ""
        return self._ledger.sync(key)

    def report(self) -> BackendReport:
        """Say how things stand."""
        return BackendReport(
            uri=self._backend.uri,
            reachable=self._read and not self._outage.lasts,
            records=len(self._ledger.actual),
            waiting=self._ledger.waiting + len(self._inbox),
            held=len(self._ledger.held),
            error=next(self._troubles(), ""),
            round_at=self._round_at,
            lag=self._lag,
            retries=self._retries,
        )

    async def _until_due(self) -> None:
        """Wait for news, or for whatever is to be done by a certain time."""
        if self._outage.lasts:
            await asyncio.sleep(max(0.0, self._outage.due - _now()))
            return
        if not self._read:
            return
        dues = [retry.due for retry in self._ledger.retries.values()]
        if self._backend.refresh_every is not None:
            dues.append(self._refreshed_at + self._backend.refresh_every)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(dues, default=None)):
                await self._inbox.wait()

    async def _act(self) -> None:
        """Write until nothing is due; between two batches look up for what came."""
        if fresh := not self._read:
            await self._read_store()
            self._listing = max(self._listing, self._compared)
        while True:
            self._collect()
            if self._listing:
                if not fresh:
                    await self._read_store()
                    self._collect()
                self._compare()
            fresh = False
            now = _now()
            batch = self._ledger.due(now)
            await self._write(self._ledger.steps(batch), now)
            self._ledger.looked_at(batch, now)
            await self._refresh()
            if not batch:
                return

    async def _read_store(self) -> None:
        self._ledger.found(await self._backend.owned())
        self._read = True
        self._outage.met()

    def _collect(self) -> None:
        """Take the inbox in: what is wanted of the changed ids is worked out anew."""
        changed, listing = self._inbox.take()
        self._listing = listing or self._listing
        for key, at in changed.items():
            service = self._snapshot.wanted(key, self.registry)
            try:
                record = None if service is None else self._backend.record(service)
            except Rejected as error:
                if self._ledger.misfit(key, str(error), at=at):
                    self._complain(key, error)
            else:
                self._ledger.want(key, record, at=at)

    def _compare(self) -> None:
        self._ledger.listed(self._snapshot.services.keys())
        share = self._patience.max_removals if self._patience.drops else 1.0
        if self._ledger.compare(self._listing, share):
            log.warning(
                "%s: %d of %d records belong to nothing that runs; everything is"
                " listed again before they are removed",
                self._backend.uri,
                len(self._ledger.held),
                len(self._ledger.actual),
            )
            self._request_listing()
        self._compared, self._listing = self._listing, 0
        self._round_at = _now()

    async def _write(self, steps: Plan[R], now: float) -> None:
        """Write first what is new, then remove the old: no gap between the two."""
        try:
            if steps.puts:
                await self._do(self._backend.put, steps.puts)
            if steps.drops and self._patience.drops:
                await self._do(self._backend.drop, steps.drops)
        except BackendError:
            # Again, though it could be read just now: it takes nothing new.
            if self._outage.lasts:
                await self._hold_on(now)
            raise

    async def _hold_on(self, now: float) -> None:
        """Keep what stands alive, and remove what must go, as far as that is done.

        A store that is full, or refuses writing, may still do both.
        """
        with suppress(BackendError):
            await self._refresh()
        owed = self._ledger.steps(self._ledger.due(now, most=None))
        with suppress(BackendError):
            for batch in _batches(owed.drops if self._patience.drops else ()):
                await self._do(self._backend.drop, batch)

    async def _do(
        self,
        write: Callable[[Sequence[Change[R]]], Awaitable[Failures]],
        changes: Sequence[Change[R]],
    ) -> None:
        """Write, and note what has come of it for every one of the changes."""
        self._ledger.writing(changes)
        failures = await write(changes)
        now = _now()
        for change in changes:
            error = failures.get(change.id)
            if error is None:
                heard = self._ledger.done(change)
                self._lag = now - heard if heard else self._lag
                self._tell(change)
            elif isinstance(error, Unavailable):
                self._retries += 1
                if self._ledger.failed(change, str(error), now=now):
                    log.warning("%s; trying again", error)
            elif self._ledger.refuse(change.id, str(error)):
                self._complain(change.id, error)

    def _troubles(self) -> Iterator[str]:
        if self._outage.lasts:
            yield self._outage.error
        yield from self._ledger.troubles

    def _tell(self, change: Change[R]) -> None:
        if change.wanted is None:
            log.info("%s: removed %s", self._backend.uri, change.id)
            return
        service = self._snapshot.services.get(change.id)
        log.info(
            "%s: %s %s%s",
            self._backend.uri,
            "registered" if change.present is None else "updated",
            change.id,
            f" at {endpoint(service.address, service.port)}" if service else "",
        )

    def _complain(self, key: ServiceId, why: BackendError) -> None:
        log.error("%s: %s is refused: %s", self._backend.uri, key, why)

    async def _refresh(self) -> None:
        every = self._backend.refresh_every
        if every is not None and _now() >= self._refreshed_at + every:
            await self._backend.refresh(self._ledger.actual)
            self._refreshed_at = _now()

    def _lose(self, error: BackendError) -> None:
        """Note that the store is away; what it holds must be read anew."""
        self._read = False
        self._retries += 1
        if self._outage.failed(error, now=_now()):
            log.warning("%s; trying again", error)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _batches(changes: tuple[Change[R], ...]) -> Iterable[tuple[Change[R], ...]]:
    return (changes[at : at + BATCH] for at in range(0, len(changes), BATCH))
