"""``skydns2://`` and ``coredns://``: services as messages that DNS servers show."""

import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from typing import ClassVar, Self

from registrator.backend import Failures, Reading, Site
from registrator.model import ServiceId
from registrator.planner import Change, Plan
from registrator_backends.etcd.client import DEADLINE
from registrator_backends.etcd.faults import Refused
from registrator_backends.etcd.layout import EtcdRecord
from registrator_backends.etcd.listing import values
from registrator_backends.etcd.store import EtcdStore
from registrator_backends.etcd.uri import EtcdAddress
from registrator_backends.etcd.watching import follow
from registrator_backends.skydns.answers import answer
from registrator_backends.skydns.layout import SkydnsLayout
from registrator_backends.skydns.pointers import Pointers
from registrator_backends.skydns.uri import read_uri

log = logging.getLogger(__name__)


class SkydnsBackend(EtcdStore):
    """Keeps services as ``/skydns/domain/name/id``, and pointers of their addresses.

    Pointers follow the services, right after each write. One that cannot be written
    is no failure of a service: it is told, and tried again after the next reading. One
    that is another's is left alone.
    """

    schemes: ClassVar[tuple[str, ...]] = ("skydns2", "coredns")

    def __init__(
        self,
        address: EtcdAddress,
        layout: SkydnsLayout,
        site: Site,
        *,
        reverse: bool = True,
        deadline: float = DEADLINE,
    ) -> None:
        super().__init__(address, layout, site, deadline=deadline)
        self._names = layout
        self._pointers = Pointers(layout, site.ttl, wanted=reverse)
        self._known = False
        """Whether the pointers know all that etcd holds of ours."""
        self._told: Mapping[ServiceId, str] = {}

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``skydns2://host:port,host:port/domain?options``."""
        found = read_uri(uri, site)
        return cls(found.address, found.layout, site, reverse=found.reverse)

    async def owned(self) -> Mapping[ServiceId, EtcdRecord]:
        """Read what hangs on our leases; pointers are not shown."""
        services = self._pointers.found(await super().owned())
        self._known = True
        return services

    async def put(self, changes: Sequence[Change[EtcdRecord]]) -> Failures:
        """Write services, and the pointers that follow from them."""
        return await self._with_pointers(changes, super().put)

    async def drop(self, changes: Sequence[Change[EtcdRecord]]) -> Failures:
        """Remove services, likewise."""
        if any(change.present is None for change in changes):
            held = await self.owned()
            changes = [
                Change(change.id, None, present)
                for change in changes
                if (present := change.present or held.get(change.id))
            ]
        return await self._with_pointers(changes, super().drop)

    async def refresh(self, records: Mapping[ServiceId, EtcdRecord]) -> None:
        """Keep everything alive, and mend pointers if need be."""
        await super().refresh(records)
        if self._known:
            await self._mend_pointers()

    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Follow all services, or what DNS servers would answer for a name."""
        return self._answers(name) if name else super().watch()

    async def _answers(self, name: str) -> AsyncGenerator[Reading]:
        last, place = None, self._names.readers_prefix(name)
        readings = follow(self._client, self._names, name)
        async with aclosing(readings):
            async for reading in readings:
                if (found := answer(reading, place, name)) != last:
                    yield found
                    last = found

    async def _with_pointers(
        self,
        changes: Sequence[Change[EtcdRecord]],
        write: Callable[[Sequence[Change[EtcdRecord]]], Awaitable[Failures]],
    ) -> Failures:
        if not self._known:
            await self.owned()
        # Whatever breaks off leaves nobody knowing what etcd holds.
        self._known = False
        failures = await write(changes)
        for change in changes:
            if change.id in failures:
                continue
            if change.wanted is None:
                self._pointers.drop(change.id)
            else:
                self._pointers.put(change.id, change.wanted)
        await self._mend_pointers()
        self._known = True
        return failures

    async def _mend_pointers(self) -> None:
        steps = self._pointers.steps()
        if not steps:
            return
        taken = await self._taken(steps)
        puts = [each for each in steps.puts if each.id not in taken]
        failures = {**await super().put(puts), **await super().drop(steps.drops)}
        for key, error in failures.items():
            if self._told.get(key) != str(error):
                log.warning("%s: no pointer from %s: %s", self.uri, key, error)
        self._told = {key: str(error) for key, error in failures.items()}
        self._pointers.settled(steps, {*taken, *failures})

    async def _taken(self, steps: Plan[EtcdRecord]) -> Collection[ServiceId]:
        """Say which pointers are another's already, with a lease or without one."""
        new = [each.id.encode() for each in steps.puts if each.present is None]
        try:
            there = await values(self._client, new)
        except Refused:
            return ()  # writing them is refused as well, with a reason for each
        return {
            ServiceId(entry.key.decode())
            for entry in there
            if entry.lease not in self._lease.ids
        }
