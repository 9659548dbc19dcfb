"""A store that keeps its promises and has bad days, and a host to fill it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registrator.backend import Failures
from registrator.errors import BackendError, NotOwner, Rejected, Unavailable
from registrator.fitness import Health
from registrator.memory import MemoryBackend
from registrator.model import ContainerId, Service, ServiceId
from registrator.planner import Change
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot
from samples import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What writing one record comes to."""

    error: BackendError
    written: bool = False
    """Whether the write took place nevertheless, as with an answer that got lost."""


AWAY = Unavailable("the store is away")
BUSY = Fault(error=Unavailable("the store is busy"))
LOST = Fault(error=Unavailable("the answer got lost"), written=True)
NO = Fault(error=Rejected("not like this"))


class FlakyStore(MemoryBackend):
    """Faults are staged by its attributes, and last until they are taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[ServiceId, Fault] = {}
        self.foreign: dict[ServiceId, Service] = {}
        """What others wrote: not ours to see, to change or to remove."""
        self.unfit: set[str] = set()
        """Names that it has no form for."""
        self.full = False
        """It takes nothing new; it is read, lets go and keeps alive as ever."""
        self.breaks_after: int | None = None
        """After so many writes the whole store goes away."""
        self.calls: list[str] = []
        self.refreshed: list[dict[ServiceId, Service]] = []
        self.batches: list[tuple[ServiceId, ...]] = []
        self.busy = False
        self._gate: asyncio.Semaphore | None = None

    def hold(self) -> None:
        """Keep answers back until `release`; what was asked is done nevertheless."""
        self._gate = self._gate or asyncio.Semaphore(0)

    def answer_once(self) -> None:
        """Let one answer pass."""
        assert self._gate is not None
        self._gate.release()

    def release(self) -> None:
        """Let this and all further answers pass."""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.release()

    def record(self, service: Service) -> Service | None:
        if service.name in self.unfit:
            raise Rejected(f"no form for {service.name}")
        return super().record(service)

    async def owned(self) -> Mapping[ServiceId, Service]:
        self.calls.append("owned")
        found = await super().owned()
        await self._answer_later()
        return found

    async def put(self, changes: Sequence[Change[Service]]) -> Failures:
        self.calls.append("put")
        if self.full:
            raise Unavailable("the store is full")
        return await self._write(changes)

    async def drop(self, changes: Sequence[Change[Service]]) -> Failures:
        self.calls.append("drop")
        return await self._write(changes)

    async def refresh(self, records: Mapping[ServiceId, Service]) -> None:
        self._answer()
        self.refreshed.append(dict(records))

    async def _write(self, changes: Sequence[Change[Service]]) -> Failures:
        self._answer()
        self.batches.append(tuple(change.id for change in changes))
        failures: dict[ServiceId, BackendError] = {}
        for change in changes:
            if self.breaks_after == 0:
                self.outage, self.breaks_after = AWAY, None
                await self._answer_later()
                raise AWAY
            fault = self.faults.get(change.id)
            if change.id in self.foreign:
                fault = Fault(error=NotOwner("it belongs to somebody else"))
            if fault is not None:
                failures[change.id] = fault.error
            if fault is None or fault.written:
                self._keep(change)
        await self._answer_later()
        self._answer()
        return failures

    def _keep(self, change: Change[Service]) -> None:
        self.writes += 1
        if self.breaks_after is not None:
            self.breaks_after -= 1
        if change.wanted is None:
            self.records.pop(change.id, None)
        else:
            self.records[change.id] = change.wanted

    async def _answer_later(self) -> None:
        if self._gate is None:
            return
        self.busy = True
        try:
            await self._gate.acquire()
        finally:
            self.busy = False


class Host:
    """A snapshot fed as the engine's side feeds it, and a reconciler that reads it."""

    def __init__(
        self, store: FlakyStore | None = None, patience: Patience | None = None
    ) -> None:
        self.store = store or FlakyStore()
        self.snapshot = Snapshot()
        self.listings_asked = 0
        self.reconciler = Reconciler(
            self.store,
            self.snapshot,
            self._ask_for_listing,
            patience or Patience(max_removals=1.0),
        )

    def starts(
        self, *names: str, port: int = 8000, health: Health = Health.NONE
    ) -> None:
        """Have containers of one service each, whose id and name are theirs."""
        now = asyncio.get_running_loop().time()
        for name in names:
            container = ContainerId(name)
            service = web(
                name, name=name, container=container, port=port, health=health
            )
            self.snapshot.replace(container, [service], at=now)

    def ends(self, *names: str) -> None:
        now = asyncio.get_running_loop().time()
        for name in names:
            self.snapshot.replace(ContainerId(name), (), at=now)

    def lists_all_but(self, *names: str) -> None:
        """Have a listing, which misses some of the containers."""
        for name in names:
            self.snapshot.forget(ContainerId(name))
        self.snapshot.listed()

    @property
    def right(self) -> bool:
        """Whether the store holds what runs here: nothing missing, no ghosts."""
        services = self.snapshot.services.values()
        wanted = {each.id: self.store.record(each) for each in services}
        return self.store.records == {k: r for k, r in wanted.items() if r is not None}

    def _ask_for_listing(self) -> None:
        self.listings_asked += 1


def ids(*names: str) -> set[ServiceId]:
    return {ServiceId(name) for name in names}
