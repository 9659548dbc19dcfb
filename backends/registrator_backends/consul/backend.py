"""A Consul agent as a store of services.

Services are registered with the agent of their host, which runs their checks and
keeps Consul's catalog in agreement. An agent knows no compare-and-set: a record is
looked at just before it is written, so that one with another's mark stays alone.
"""

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import replace
from types import TracebackType
from typing import Any, ClassVar, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.check import Check
from registrator.errors import BackendError, NotOwner, Unavailable
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.consul.agent import DEADLINE, Denied, Refused
from registrator_backends.consul.checks import runs, waits_for_us
from registrator_backends.consul.client import CONNECTIONS, ConsulClient
from registrator_backends.consul.record import ConsulRecord, owner, read, render
from registrator_backends.consul.uri import ConsulAddress, read_address
from registrator_backends.consul.watch import watch

log = logging.getLogger(__name__)

_SOONEST = 0.3  # seconds between heartbeats, however short a TTL a label asks for
_ENOUGH = 16  # refusals without one success, after which the rest is not tried


class ConsulBackend(Backend[ConsulRecord]):
    """Keeps services in a Consul agent."""

    schemes: ClassVar[tuple[str, ...]] = ("consul", "consul-tls", "consul-unix")

    def __init__(
        self, address: ConsulAddress, site: Site, deadline: float = DEADLINE
    ) -> None:
        self._address = address
        self._site = site
        self._deadline = deadline
        self._client = ConsulClient(address, deadline)
        self._mute: Failures = {}
        # How gliderlabs/registrator names the services of this host.
        self._anchors_id = re.compile(
            rf"{re.escape(site.node)}:[a-zA-Z0-9][a-zA-Z0-9_.-]+:[0-9]+(:(udp|sctp))?"
        )

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``consul://host:port`` or its kin, and Consul's own variables."""
        return cls(read_address(uri, site.environment), site)

    @property
    def uri(self) -> str:
        """The agent's address, also where the environment gave it."""
        return self._address.place.uri

    async def __aenter__(self) -> Self:
        """Make ready to connect."""
        await self._client.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections; services stay registered."""
        await self._client.close()

    def runs(self, check: Check) -> bool:
        """Whether the agent runs it: what it can, unless all is to run here."""
        return waits_for_us(check) if self._site.local_checks else runs(check)

    def record(self, service: Service) -> ConsulRecord:
        """Keep every service: Consul has a status for those that do not pass."""
        # The agent would begin anew with what the daemon has already found to pass,
        # and show as critical what is to be shown as nothing else than passing.
        runs = waits_for_us if service.health_required else self.runs
        return render(service, self._site.node, runs)

    async def owned(self) -> Mapping[ServiceId, ConsulRecord]:
        """Read the agent's services that are ours, with their checks."""
        services = await self._client.services()
        checks: defaultdict[object, list[Mapping[str, Any]]] = defaultdict(list)
        for check in (await self._client.checks()).values():
            checks[check.get("ServiceID")].append(check)
        try:
            found = {
                ServiceId(name): read(ServiceId(name), service, checks[name])
                for name, service in services.items()
                if self._is_ours(name, owner(service))
            }
        except ValueError as error:
            raise Unavailable(f"{self.uri}: {error}") from error
        self.refresh_every = _pace(found.values())
        return found

    async def put(self, changes: Sequence[Change[ConsulRecord]]) -> Failures:
        """Register what is new or other; of a mere change of health, report it."""
        return await self._each(self._put, changes)

    async def drop(self, changes: Sequence[Change[ConsulRecord]]) -> Failures:
        """Deregister services."""
        return await self._each(self._drop, changes)

    def watch(self, name: str = "") -> AsyncGenerator[Reading, None]:
        """Yield what the whole catalog holds: also other hosts' services, Consul's."""
        return watch(self._address, name, deadline=self._deadline)

    async def refresh(self, records: Mapping[ServiceId, ConsulRecord]) -> None:
        """Report on checks with a TTL; nothing is sent where there are none.

        Raise `Unavailable` also where such a check is gone: what the agent lost
        must be found out by reading it. A report that is refused is only told: its
        check expires, which is what a registry's readers should then see.
        """
        beating = [
            Change(service, record, record)
            for service, record in records.items()
            if record.heartbeats
        ]
        failures = await self._each(self._beat, beating)
        for error in failures.values():
            if isinstance(error, _Gone):
                raise error
        for service in failures.keys() - self._mute.keys():
            log.warning("%s; its checks will expire", failures[service])
        self._mute = failures

    def _is_ours(self, service: str, mark: str | None) -> bool:
        if mark is None and self._site.cleanup:
            return self._anchors_id.fullmatch(service) is not None
        return mark == self._site.node

    async def _put(self, change: Change[ConsulRecord]) -> None:
        wanted = change.wanted
        if wanted is None:
            return
        if _differs_in_health_only(change) and await self._report(change.id, wanted):
            return
        found = await self._client.service(change.id)
        if found is not None and owner(found) not in {None, self._site.node}:
            raise NotOwner(f"its record belongs to {owner(found)!r}")
        await self._client.register(change.id, wanted.body)
        if not await self._report(change.id, wanted):
            raise _Gone(f"{self.uri}: {change.id}: its checks are gone again")
        self.refresh_every = _pace([wanted], self.refresh_every)

    async def _drop(self, change: Change[ConsulRecord]) -> None:
        found = await self._client.service(change.id)
        if found is None:
            return
        mark = owner(found)
        if not self._is_ours(change.id, mark):
            belongs = f"belongs to {mark!r}" if mark else "carries nobody's mark"
            raise NotOwner(f"its record {belongs}")
        await self._client.deregister(change.id)

    async def _beat(self, change: Change[ConsulRecord]) -> None:
        wanted = change.wanted
        if wanted is not None and not await self._report(change.id, wanted):
            raise _Gone(f"{self.uri}: {change.id}: a check with a TTL is gone")

    async def _report(self, service: ServiceId, record: ConsulRecord) -> bool:
        """Tell the agent what only we know; False where it has no such check."""
        for check, said in record.reports(service).items():
            if not await self._client.report(service, check, said):
                return False
        return True

    async def _each(
        self,
        write: Callable[[Change[ConsulRecord]], Awaitable[None]],
        changes: Sequence[Change[ConsulRecord]],
    ) -> Failures:
        """Do all writes, some at once; stop where the agent turns out to be away."""
        failures: dict[ServiceId, BackendError] = {}
        away: list[Unavailable] = []
        queue = iter(changes)
        written = refused = 0

        async def work() -> None:
            nonlocal written, refused
            while not away and (change := next(queue, None)) is not None:
                try:
                    await write(change)
                    written += 1
                except Refused as error:
                    failures[change.id] = error
                    # What a token may not write is no word on what it may.
                    refused += not isinstance(error, Denied)
                    if refused >= _ENOUGH and not written:
                        away.append(error)
                except Unavailable as error:
                    away.append(error)
                except BackendError as error:
                    failures[change.id] = error

        async with asyncio.TaskGroup() as workers:
            for number in range(min(CONNECTIONS, len(changes))):
                workers.create_task(work(), name=f"{self.uri} write {number}")
        if away:
            raise away[0]
        return failures


class _Gone(Refused):
    """A check that only we can report on is not there."""


def _differs_in_health_only(change: Change[ConsulRecord]) -> bool:
    present, wanted = change.present, change.wanted
    if present is None or wanted is None:
        return False
    # A check that is to come or go takes a registration.
    same = None not in {present.health, wanted.health}
    return same and replace(present, health=wanted.health) == wanted


def _pace(records: Iterable[ConsulRecord], before: float | None = None) -> float | None:
    """Say how often to report: three times within the shortest TTL."""
    paces = [max(_SOONEST, ttl / 3) for ttl in (r.ttl for r in records) if ttl]
    return min([*paces, *filter(None, [before])], default=None)
