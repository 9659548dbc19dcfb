"""Does what an operator orders through the control API."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from registrator.errors import Gone, Rejected, SourceError
from registrator.health.order_file import OrderFile
from registrator.health.orders import Drain, Maintenance, Orders, Scope, Target
from registrator.labels import Decision
from registrator.model import (
    Container,
    ContainerId,
    ServiceId,
    State,
    is_container,
)
from registrator.orders_views import (
    DrainView,
    HolderView,
    MaintainedView,
    MaintenanceView,
    OrdersView,
)
from registrator.reconciler import Reconciler
from registrator.snapshot import Snapshot
from registrator.source import Source
from registrator.visible import visible

log = logging.getLogger(__name__)

ORDERED: Final = "registrator-ctl drain"
"""Why a container is drained that an operator named."""
_RUNS: Final = frozenset({State.RUNNING, State.PAUSED})


Explain = Callable[[str], tuple[Container, tuple[Decision, ...]] | None]
"""Says what a file has under a name as if it were a container; None where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    file: OrderFile
    source: Source
    snapshot: Snapshot
    reconcilers: Sequence[Reconciler[Any]]
    explain: Explain

    @property
    def orders(self) -> Orders:
        return self.file.orders


class Operations:
    """Takes orders as soon as the daemon has parts, and says what came of each."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._given: _Parts | None = None

    def show(
        self,
        file: OrderFile,
        source: Source,
        snapshot: Snapshot,
        reconcilers: Sequence[Reconciler[Any]],
        explain: Explain = lambda _: None,
    ) -> None:
        """Give orders to these parts of the daemon from now on."""
        self._given = _Parts(
            file=file,
            source=source,
            snapshot=snapshot,
            reconcilers=reconcilers,
            explain=explain,
        )

    def listing(self) -> OrdersView:
        """List all that is out of use by order."""
        orders = self._parts.orders
        return OrdersView(
            maintenance=[
                self._maintenance(target, order)
                for target, order in orders.maintained.items()
            ],
            drains=[self._drain(each, "") for each in orders.drains],
        )

    async def maintain(
        self, scope: str, name: str, reason: str, *, on: bool
    ) -> MaintainedView:
        """Put something into maintenance, or take it out.

        Raise `Gone` for a container that nobody knows, `SourceError` where the engine
        cannot be asked, and `Rejected` where there is too much in maintenance.
        """
        orders = self._parts.orders
        target, called = await self._target(Scope(scope), name)
        notes: list[str] = []
        before = orders.maintained.get(target)
        if on:
            order = Maintenance(
                reason=reason, since=self._clock(), container_name=called
            )
            changed = orders.maintain(target, order)
        else:
            order = before or Maintenance(reason="", since=0.0, container_name=called)
            changed = orders.relieve(target)
        if changed:
            _log(_named(target, called), "in maintenance", reason, on=on)
        concerned = self._concerned(target)
        self._judge(concerned)
        if on and not concerned:
            notes.append(f"{_named(target, called)}: nothing of that is here yet")
        notes += await self._unkept()
        shown = orders.maintained.get(target, order)
        return MaintainedView(
            maintenance=self._maintenance(target, shown),
            on=on,
            changed=changed,
            notes=notes,
        )

    async def drain(self, container: str, *, on: bool | None) -> DrainView:
        """Drain a container, or no more; None: only say how far it is. Raise alike."""
        parts = self._parts
        found = await self._find(container)
        if on and found.id not in parts.orders.drains:
            if found.state not in _RUNS:
                raise Rejected(
                    f"container {found.name} does not run: it is in no registry"
                )
            order = Drain(
                why=ORDERED,
                since=self._clock(),
                container_name=found.name,
                started=found.started,
            )
            parts.orders.drain(found.id, order)
            _log(f"container {found.name}", "drained", ORDERED, on=True)
            self._judge(parts.snapshot.claimed(found.id))
        elif on is False and parts.orders.undrain(found.id):
            _log(f"container {found.name}", "drained", "", on=False)
            self._judge(parts.snapshot.claimed(found.id))
        view = self._drain(found.id, found.name)
        if on is not None:
            view["notes"] += await self._unkept()
        if on and not view["services"]:
            view["notes"].append(f"container {found.name} offers no services")
        return view

    @property
    def _parts(self) -> _Parts:
        if self._given is None:
            raise SourceError("the engine was not reached yet: orders are taken then")
        return self._given

    async def _target(self, scope: Scope, name: str) -> tuple[Target, str]:
        """Say what is meant, and how a container is called."""
        if scope is not Scope.CONTAINER:
            return Target(scope=scope, name=name), ""
        found = await self._find(name)
        return Target(scope=scope, name=found.id), found.name

    async def _find(self, name: str) -> Container:
        if (described := self._parts.explain(name)) is not None:
            return described[0]
        try:
            found, _ = await self._parts.source.explain(name)
        except Gone as error:
            # An order outlives what a file described, and can be lifted then too.
            known = self._ordered(name)
            if known is not None and not is_container(known.id):
                return known
            raise Gone(
                f"no container is called {name}: give the name or the id of one"
            ) from error
        except SourceError:
            if (known := self._ordered(name)) is not None:
                return known
            raise
        return found

    def _ordered(self, name: str) -> Container | None:
        """Say of what something was ordered that is, or was, called *name*."""
        orders = self._parts.orders
        called = {each: order.container_name for each, order in orders.drains.items()}
        for target, order in orders.maintained.items():
            if target.scope is Scope.CONTAINER:
                called[ContainerId(target.name)] = order.container_name
        for each, known in called.items():
            if name in {each, known}:
                return Container(id=each, name=known, image="", state=State.EXITED)
        return None

    def _concerned(self, target: Target) -> Collection[ServiceId]:
        snapshot = self._parts.snapshot
        if target.scope is Scope.CONTAINER:
            return snapshot.claimed(ContainerId(target.name))
        return [
            each.id
            for each in snapshot.services.values()
            if target.scope is Scope.HOST or each.name == target.name
        ]

    def _judge(self, services: Collection[ServiceId]) -> None:
        now = asyncio.get_running_loop().time()
        self._parts.snapshot.judge_anew(tuple(services), at=now)

    async def _unkept(self) -> list[str]:
        kept = await self._parts.file.kept()
        return [] if kept else ["this is not kept over a restart of the daemon: -state"]

    def _maintenance(self, target: Target, order: Maintenance) -> MaintenanceView:
        is_container = target.scope is Scope.CONTAINER
        return MaintenanceView(
            scope=target.scope.value,
            name=order.container_name if is_container else target.name,
            container=target.name if is_container else "",
            reason=order.reason,
            since=_moment(order.since),
            services=sorted(self._concerned(target)),
        )

    def _drain(self, container: ContainerId, name: str) -> DrainView:
        parts = self._parts
        order = parts.orders.drains.get(container)
        services = parts.snapshot.services
        # One that another container holds is that one's, and stays.
        own = [
            each
            for each in sorted(parts.snapshot.claimed(container))
            if services[each].container == container
        ]
        seconds = max((services[each].drain for each in own), default=0.0)
        since = 0.0 if order is None else order.since
        return DrainView(
            container=container,
            name=name or (order.container_name if order else ""),
            draining=order is not None,
            why="" if order is None else order.why,
            since=_moment(since),
            left=max(0.0, since + seconds - self._clock()) if order else 0.0,
            services=cast("list[str]", own),
            holders=list(self._holders(own)),
            notes=[],
        )

    def _holders(self, services: Sequence[ServiceId]) -> Iterator[HolderView]:
        for reconciler in self._parts.reconcilers:
            for each in services:
                state, error = reconciler.sync(each)
                if state != "left-out":
                    yield HolderView(registry=reconciler.uri, service=each, error=error)


def _log(what: str, state: str, why: str, *, on: bool) -> None:
    """Say what was ordered, before what comes of it is logged."""
    reason = f": {why}" if why and on else ""
    log.info("%s is %s%s", visible(what), state if on else f"{state} no more", reason)


def _named(target: Target, called: str) -> str:
    if target.scope is Scope.HOST:
        return "the host"
    return f"{target.scope.value} {called or target.name}"


def _moment(since: float) -> str:
    if not since:
        return ""
    return f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"
