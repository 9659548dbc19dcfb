"""A Eureka cluster as a store of services.

A server answers for all instances out of a cache that is up to half a minute old, and
for a single instance as it is. So ours are read one by one; the whole registry is read
only after a start, to find what an earlier daemon left.

Eureka knows no compare-and-set: an instance is looked at just before it is written, so
that one with another's mark stays alone.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Final, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.errors import NotOwner
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.eureka.client import DEADLINE, EurekaClient, Refused
from registrator_backends.eureka.entry import Entry
from registrator_backends.eureka.lease import Lease, Pulse
from registrator_backends.eureka.reading import readings
from registrator_backends.eureka.record import (
    OWNER,
    EurekaRecord,
    instance_id,
    read,
    render,
)
from registrator_backends.eureka.roster import Place, Roster
from registrator_backends.eureka.uri import EurekaAddress, read_address
from registrator_backends.eureka.workers import each, for_all

log = logging.getLogger(__name__)

_CACHED: Final = 60.0  # seconds after which no server answers with what was before


class EurekaBackend(Backend[EurekaRecord]):
    """Keeps services in Eureka."""

    schemes: ClassVar[tuple[str, ...]] = ("eureka", "eurekas")

    def __init__(
        self, address: EurekaAddress, site: Site, deadline: float = DEADLINE
    ) -> None:
        self._address = address
        self._site = site
        self._client = EurekaClient(address, deadline)
        self._lease = Lease.of(site)
        self._pulse = Pulse(self._lease.interval)
        self._roster = Roster(site.state, address.uri, site.node)
        self._first_look: float | None = None
        self._settled = False
        self._mute: Failures = {}

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``eureka://host:port,host:port/path`` or ``eurekas:``."""
        return cls(read_address(uri), site)

    @property
    def uri(self) -> str:
        """The servers' address."""
        return self._address.uri

    async def __aenter__(self) -> Self:
        """Make ready to connect; what an earlier start knew is known again."""
        self._roster.load()
        await self._client.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections; instances stay until their leases end."""
        await self._client.close()

    def record(self, service: Service) -> EurekaRecord:
        """Keep every service: Eureka has a status for those that do not pass."""
        return render(service, self._site.node, self._lease.told)

    async def owned(self) -> Mapping[ServiceId, EurekaRecord]:
        """Read our instances, each as it is now."""
        places = sorted(self._roster.places | await self._left_behind())
        found: list[Entry] = []

        async def look(place: Place) -> None:
            entry = await self._client.instance(*place)
            if entry is not None and self._is_ours(entry):
                found.append(entry)

        await for_all(look, places)
        found.sort(key=lambda entry: entry.place)
        self._roster.keep({entry.place: entry.dirty for entry in found})
        self._roster.save()
        self._pace()
        return _by_service(found)

    async def put(self, changes: Sequence[Change[EurekaRecord]]) -> Failures:
        """Register what is new or other."""
        for change in changes:
            if change.wanted is not None:
                self._roster.add(change.wanted.place)
        self._roster.save()
        failures = await each(self._put, changes)
        self._pace()
        return failures

    async def drop(self, changes: Sequence[Change[EurekaRecord]]) -> Failures:
        """Cancel instances."""
        failures = await each(self._drop, changes)
        self._roster.save()
        self._pace()
        return failures

    async def refresh(self, records: Mapping[ServiceId, EurekaRecord]) -> None:
        """Send the heartbeats that are due.

        Raise `Unavailable` also where a server does not know an instance (any
        more): what it lost must be found out by reading. A heartbeat that is
        refused is only told: the lease then ends, as is right.
        """
        due = self._pulse.due(records.keys(), _now())
        beating = [Change(key, records[key], records[key]) for key in due]
        failures = await each(self._beat, beating)
        for error in failures.values():
            if isinstance(error, _Gone):
                raise error
        for key in failures.keys() - self._mute.keys():
            log.warning("%s; its lease will end", failures[key])
        kept = {key: error for key, error in self._mute.items() if key not in due}
        self._mute = kept | dict(failures)
        self._pace()

    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Read everything, then the changes, every `poll` seconds."""
        return readings(self._client, self._address.poll, name)

    async def _left_behind(self) -> set[Place]:
        """Find what an earlier daemon of this host has written.

        What it wrote last may not be in the servers' caches yet: so once more when
        they are filled anew.
        """
        if self._settled:
            return set()
        listing = await self._client.everything()
        now = _now()
        self._first_look = now if self._first_look is None else self._first_look
        self._settled = now >= self._first_look + _CACHED
        return {entry.place for entry in listing.entries if self._is_ours(entry)}

    def _is_ours(self, entry: Entry) -> bool:
        mark = entry.metadata.get(OWNER)
        if mark is None and self._site.cleanup:
            # How hudl's fork of gliderlabs/registrator marks what it has written.
            theirs = entry.metadata.get("is-container") == "true"
            return theirs and entry.address == self._site.address
        return mark == self._site.node

    async def _put(self, change: Change[EurekaRecord]) -> None:
        wanted = change.wanted
        if wanted is None:
            return
        present = await self._client.instance(wanted.app, wanted.instance)
        mark = None if present is None else present.metadata.get(OWNER)
        if mark not in {None, self._site.node}:
            self._roster.discard(wanted.place)
            raise NotOwner(f"its instance belongs to {mark!r}")
        if present is None or read(present) != wanted:
            await self._register(wanted, present)
            self._pulse.beaten(change.id, _now(), unasked=True)
        else:
            self._roster.add(wanted.place, present.dirty)
        for app in self._roster.apps(wanted.instance) - {wanted.app}:
            await self._cancel(app, wanted.instance)

    async def _register(self, wanted: EurekaRecord, present: Entry | None) -> None:
        """Write an instance as younger than the one there: an older one is ignored."""
        dirty = max(int(time.time() * 1000), self._roster.dirty(wanted.place) + 1)
        if present is not None:
            dirty = max(dirty, present.dirty + 1)
            if _is_toggled(present, wanted):
                await self._client.register(*wanted.place, wanted.body(dirty, "DOWN"))
                dirty += 1
        await self._client.register(*wanted.place, wanted.body(dirty))
        self._roster.add(wanted.place, dirty)

    async def _drop(self, change: Change[EurekaRecord]) -> None:
        instance = change.present.instance if change.present else instance_id(change.id)
        apps = set(self._roster.apps(instance))
        if change.present is not None:
            apps |= {change.present.app, *change.present.elsewhere}
        if not apps and (found := await self._client.find(instance)):
            apps = {found.app}
        for app in sorted(apps):
            await self._cancel(app, instance)

    async def _cancel(self, app: str, instance: str) -> None:
        """Remove one instance of ours, whatever has become of it."""
        found = await self._client.instance(app, instance)
        if found is not None and not self._is_ours(found):
            self._roster.discard((app, instance))
            mark = found.metadata.get(OWNER)
            belongs = f"belongs to {mark!r}" if mark else "carries nobody's mark"
            raise NotOwner(f"its instance {belongs}")
        if found is not None:
            await self._client.cancel(app, instance)
        self._roster.discard((app, instance))

    async def _beat(self, change: Change[EurekaRecord]) -> None:
        record = change.wanted
        if record is None:
            return
        dirty = self._roster.dirty(record.place)
        if not await self._client.renew(*record.place, record.status, dirty):
            raise _Gone(f"{self._client.server}: {change.id}: no such lease")
        self._pulse.beaten(change.id, _now())

    def _pace(self) -> None:
        self.refresh_every = self._pulse.every(len(self._roster.places))


class _Gone(Refused):
    """A server has no lease to renew."""


def _is_toggled(present: Entry, wanted: EurekaRecord) -> bool:
    """Whether a registration alone cannot change the status as wanted.

    A server takes UP and OUT_OF_SERVICE from a registration only where it has
    neither of them yet (Netflix's LeaseExistsRule): only by way of DOWN.
    """
    both = {present.status, wanted.status} == {"UP", "OUT_OF_SERVICE"}
    return both and present.overridden == "UNKNOWN"


def _by_service(entries: Sequence[Entry]) -> Mapping[ServiceId, EurekaRecord]:
    """Name instances by their services; one that stands twice is to be put right."""
    apps: defaultdict[ServiceId, list[Entry]] = defaultdict(list)
    for entry in entries:
        apps[read(entry).service].append(entry)
    return {
        service: read(first, frozenset(other.app for other in others))
        for service, (first, *others) in apps.items()
    }


def _now() -> float:
    return asyncio.get_running_loop().time()
