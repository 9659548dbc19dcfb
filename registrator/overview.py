"""What the daemon shows of itself: the source, the snapshot and every store."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from registrator.dns_views import DnsAnswerView, ResponderView
from registrator.errors import SourceError
from registrator.health.checks import CheckReport
from registrator.labels import Decision
from registrator.model import Container, Service
from registrator.nameserver import NameServer
from registrator.reconciler import Reconciler
from registrator.report import BackendReport
from registrator.service_views import service_view
from registrator.snapshot import Snapshot
from registrator.source import Source
from registrator.version import __version__
from registrator.views import (
    BackendView,
    ContainerView,
    EngineView,
    PortView,
    ServiceView,
    StatusView,
    SyncView,
)

Filed = Callable[[str], tuple[Container, tuple[Decision, ...]] | None]
"""Explains what a file describes, by the id that stands for a container's."""
Checked = Callable[[Service], Sequence[CheckReport | None]]
"""Says how each of a service's checks stands; None for one that does not run here."""


class Overview:
    """Answers the control API from the daemon's parts; changes none of them.

    There are none at first: the engine must say whose they are, and may be away.
    *endpoint* and *registries* are addresses for people.
    """

    def __init__(self, endpoint: str, registries: Sequence[str], node: str) -> None:
        self._node = node
        self._registries = registries
        self._away = _silent(endpoint)
        self._source: Source | None = None
        self._snapshot = Snapshot()
        self._reconcilers: Sequence[Reconciler[Any]] = ()
        self._name_servers: Sequence[NameServer] = ()
        self._filed: Filed = lambda _: None
        self._checked: Checked = lambda _: ()

    def waiting(self, error: str) -> None:
        """Show why the daemon has no parts yet."""
        self._away["error"] = error

    def show(
        self,
        node: str,
        source: Source,
        snapshot: Snapshot,
        reconcilers: Sequence[Reconciler[Any]],
        name_servers: Sequence[NameServer] = (),
        filed: Filed = lambda _: None,
        checked: Checked = lambda _: (),
    ) -> None:
        """Show these parts from now on; *filed* explains what is no container."""
        self._filed = filed
        self._checked = checked
        self._node = node
        self._source = source
        self._snapshot = snapshot
        self._reconcilers = reconcilers
        self._name_servers = name_servers

    def services(self, name: str) -> list[ServiceView]:
        """List every service, or those called *name* unless it is empty."""
        found = self._snapshot.services.values()
        chosen = [each for each in found if name in {"", each.name}]
        chosen.sort(key=lambda service: (service.name, service.id))
        return [self._service(service) for service in chosen]

    async def explain(self, container: str) -> ContainerView:
        """Explain one container; raise `Gone` or `SourceError`."""
        if self._source is None:
            raise SourceError(self._away["error"] or "the engine was not reached yet")
        known = self._filed(container)
        found, decisions = known or await self._source.explain(container)
        return ContainerView(
            container=found.id,
            name=found.name,
            image=found.image,
            state=found.state,
            health=found.health,
            network_mode=found.network_mode,
            ports=[self._port(decision) for decision in decisions],
        )

    def status(self) -> StatusView:
        """Show the daemon at a glance."""
        engine = self._engine()
        reports = [reconciler.report() for reconciler in self._reconcilers]
        backends = [_backend(report) for report in reports]
        if self._source is None:
            backends = [_untouched(uri) for uri in self._registries]
        return StatusView(
            version=__version__,
            node=self._node,
            well=engine["connected"]
            and all(report.reachable and not report.error for report in reports),
            services=len(self._snapshot.services),
            engine=engine,
            backends=backends,
        )

    async def responders(self) -> list[ResponderView]:
        """List the DNS responders; raise `Unavailable`."""
        return [await each.describe() for each in self._name_servers]

    async def look_up(self, name: str, kind: str) -> list[DnsAnswerView]:
        """Ask every DNS responder; raise `Rejected` or `Unavailable`."""
        return [await each.look_up(name, kind) for each in self._name_servers]

    def _engine(self) -> EngineView:
        if self._source is None:
            return self._away
        report = self._source.report()
        # Services of a file are there before the engine was ever reached.
        early = "" if report.connected else self._away["error"]
        return EngineView(
            endpoint=report.endpoint,
            connected=report.connected,
            containers=report.containers,
            waiting=report.waiting,
            listings=report.listings,
            listed_ago=_ago(report.listed_at),
            error=report.error or early,
        )

    def _port(self, decision: Decision) -> PortView:
        service, reason = decision.service, decision.reason
        if service is not None:
            holder = self._snapshot.services.get(service.id)
            if holder is not None and holder.container != service.container:
                reason += (
                    f"; but the id {service.id} belongs to container"
                    f" {holder.container_name}, which started later"
                )
        return PortView(
            port="" if decision.port is None else str(decision.port),
            registered=service is not None,
            rule=decision.rule,
            reason=reason,
            notes=list(decision.notes),
            service=None
            if service is None
            else self._service(self._snapshot.judge(service)),
        )

    def _service(self, service: Service) -> ServiceView:
        own = [x for x in self._reconcilers if x.registry == service.registry]
        syncs = [self._sync(each, service) for each in own]
        return service_view(service, syncs, self._checked(service))

    def _sync(self, reconciler: Reconciler[Any], service: Service) -> SyncView:
        state, error = reconciler.sync(service.id)
        return SyncView(registry=reconciler.uri, state=state, error=error)


def _silent(endpoint: str) -> EngineView:
    return EngineView(
        endpoint=endpoint,
        connected=False,
        containers=0,
        waiting=0,
        listings=0,
        listed_ago=None,
        error="",
    )


def _backend(report: BackendReport) -> BackendView:
    return BackendView(
        registry=report.uri,
        reachable=report.reachable,
        records=report.records,
        waiting=report.waiting,
        held=report.held,
        error=report.error,
        round_ago=_ago(report.round_at),
        lag=report.lag,
        retries=report.retries,
    )


def _untouched(uri: str) -> BackendView:
    return BackendView(
        registry=uri,
        reachable=False,
        records=0,
        waiting=0,
        held=0,
        error="",
        round_ago=None,
        lag=None,
        retries=0,
    )


def _ago(at: float | None) -> float | None:
    return None if at is None else asyncio.get_running_loop().time() - at
