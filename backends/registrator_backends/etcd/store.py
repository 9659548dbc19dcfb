"""etcd as a store of services, whatever their layout there.

Every record hangs on this host's lease, which is the mark of its owner as well. A
write looks at the leases of its keys in the same transaction: nothing that is
another's is ever overwritten, whatever happened since it was last read.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.errors import BackendError, NotOwner, Rejected, Unavailable
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.etcd import wire, writes
from registrator_backends.etcd.client import DEADLINE, EtcdClient
from registrator_backends.etcd.faults import LeaseGone, Refused
from registrator_backends.etcd.layout import EtcdRecord, Layout
from registrator_backends.etcd.lease import HostLease, lease_ids
from registrator_backends.etcd.listing import listing, values
from registrator_backends.etcd.records import gather, text
from registrator_backends.etcd.stream import SILENCE
from registrator_backends.etcd.uri import EtcdAddress
from registrator_backends.etcd.watching import follow
from registrator_backends.etcd.writes import Write
from registrator_backends.values import LONGEST

_NO_LEASE: Final = 0
_TRIES: Final = 3  # for a record that changes while it is written


class EtcdStore(Backend[EtcdRecord]):
    """Keeps services in etcd as a layout says; a registry derives from it."""

    def __init__(
        self,
        address: EtcdAddress,
        layout: Layout,
        site: Site,
        *,
        deadline: float = DEADLINE,
        silence: float = SILENCE,
    ) -> None:
        self._address = address
        self._layout = layout
        self._site = site
        self._client = EtcdClient(address, deadline=deadline, silence=silence)
        ids = lease_ids(layout.kind, layout.prefix, site.node)
        self._lease = HostLease(self._client, ids, site.ttl)
        # How gliderlabs/registrator names the services of this host.
        self._anchors_id = re.compile(
            rf"{re.escape(site.node)}:[a-zA-Z0-9][a-zA-Z0-9_.-]+:[0-9]+(:(udp|sctp))?"
        )
        if site.ttl:
            self.refresh_every = site.ttl_refresh

    @property
    def uri(self) -> str:
        """The cluster's address."""
        return self._address.uri

    @property
    def identity(self) -> str:
        """The endpoints, whatever their order, and the layout without its format."""
        places = sorted(str(place.base) for place in self._address.places)
        return f"{self._layout.kind} {self._layout.prefix} {' '.join(places)}"

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
        """Close the connections; records stay until their lease runs out."""
        await self._client.close()

    def record(self, service: Service) -> EtcdRecord | None:
        """Keep services that pass; others only with their status."""
        has_status = self._layout.has_status
        if not self._site.shows(service.status, has_status=has_status):
            return None
        entries = self._layout.entries(service)
        if any(len(value) > LONGEST for _, value in entries):
            raise Rejected(f"{service.id}: longer than {LONGEST} octets")
        return EtcdRecord(entries=entries, ttl=self._site.ttl)

    async def owned(self) -> Mapping[ServiceId, EtcdRecord]:
        """Read what hangs on our leases; nobody else's records are read."""
        held = await self._lease.survey()
        lives: dict[int, float | None] = {
            lease: self._site.ttl if self._lease.fits(each.seconds) else each.seconds
            for lease, each in held.items()
        }
        keys = sorted(key for each in held.values() for key in each.keys)
        entries = await values(self._client, keys)
        if self._site.cleanup:
            entries += await self._left_behind()
            lives[_NO_LEASE] = None
        return gather(self._layout, entries, lives, self._site.ttl)

    async def put(self, changes: Sequence[Change[EtcdRecord]]) -> Failures:
        """Write records, many in one transaction, each with a verdict of its own."""
        wanted = [change for change in changes if change.wanted is not None]
        failures = await self._write([writes.write_of(change) for change in wanted])
        if any(_moves(change) for change in wanted):
            await self._lease.leave()
        return failures

    async def drop(self, changes: Sequence[Change[EtcdRecord]]) -> Failures:
        """Remove records, likewise."""
        if any(change.present is None for change in changes):
            held = await self.owned()
            changes = [
                Change(each.id, None, each.present or held.get(each.id))
                for each in changes
            ]
        return await self._write([writes.write_of(change) for change in changes])

    async def refresh(self, records: Mapping[ServiceId, EtcdRecord]) -> None:
        """Keep the lease, and all that hangs on it, alive: one request for all."""
        await self._lease.keep(needed=bool(records))

    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Follow the keys of a name, or of all names."""
        return follow(self._client, self._layout, name)

    async def _left_behind(self) -> list[wire.Entry]:
        """Read what gliderlabs/registrator, or a fork of it, left for this host."""
        prefix = self._layout.readers_prefix("").encode()
        there = await listing(self._client, prefix, keys_only=True)
        keys = [entry.key for entry in there.entries if entry.lease == _NO_LEASE]
        return [
            entry
            for entry in await values(self._client, keys)
            if (key := text(entry.key))
            and (service := self._layout.identify(key, entry.value))
            and self._is_left_behind(service)
        ]

    def _is_left_behind(self, service: ServiceId) -> bool:
        named_so = self._anchors_id.fullmatch(service) is not None
        return self._site.cleanup and named_so

    async def _write(self, todo: Sequence[Write]) -> Failures:
        """Write all; what is not as expected is looked at, and tried again."""
        failures: dict[ServiceId, BackendError] = {}
        todo = [each for each in todo if each.keys]
        for _ in range(_TRIES):
            if not todo:
                return failures
            puts = any(each.puts for each in todo)
            lease = await self._lease.hold() if puts else _NO_LEASE
            todo = [
                again
                for batch in writes.batches(todo)
                for again in await self._send(batch, lease, failures)
                if again.keys
            ]
        if todo:
            again = todo[0].id
            raise Unavailable(f"{self.uri}: {again} changes whenever it is written")
        return failures

    async def _send(
        self,
        batch: Sequence[Write],
        lease: int,
        failures: dict[ServiceId, BackendError],
    ) -> Sequence[Write]:
        """Send one transaction, or its halves where etcd refuses it; what to repeat."""
        ours = self._lease.ids
        try:
            request = writes.request(batch, lease, ours)
            leases = await self._client.ask("kv/txn", request, writes.verdict)
        except Refused as error:
            if len(batch) == 1:
                failures[batch[0].id] = Rejected(str(error))
                return ()
            half = len(batch) // 2
            first = await self._send(batch[:half], lease, failures)
            return (*first, *await self._send(batch[half:], lease, failures))
        except LeaseGone:
            self._lease.forget()
            raise
        if leases is None:
            return ()
        repeated: list[Write] = []
        for each in batch:
            try:
                repeated.append(writes.again(each, leases, ours, self._is_left_behind))
            except NotOwner as error:
                failures[each.id] = error
        return repeated


def _moves(change: Change[EtcdRecord]) -> bool:
    """Whether it takes a record from one of our leases to the other."""
    if change.present is None or change.wanted is None:
        return False
    return change.present.ttl not in {None, change.wanted.ttl}
