"""Consul's key/value store as a store of services.

What is to be written is looked at first: what is another's stays alone, and what is
right already is not written. Then a transaction writes a service's key and its entry
in the index together, under one session, if nobody touched them meanwhile. So at any
moment there are both or neither, also when the session ends.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import ClassVar, Final, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.errors import Rejected
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.consul.agent import DEADLINE
from registrator_backends.consulkv.client import KvClient
from registrator_backends.consulkv.entries import MOST, Entry
from registrator_backends.consulkv.layout import KvRecord
from registrator_backends.consulkv.session import KeySession
from registrator_backends.consulkv.uri import KvAddress, read_kv_address
from registrator_backends.consulkv.watch import watch
from registrator_backends.consulkv.writing import Writing
from registrator_backends.values import HAS_STATUS, RENDER

_LONGEST: Final = 256 * 1024  # octets of a value; in Base64 it must fit into 512 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What was read of ours, all of it as we write it."""

    index: int
    """The store's, from before it was read."""
    proof: Entry
    """The newest entry of the index: it is not in a store that began anew."""
    records: Mapping[ServiceId, KvRecord]


class ConsulKvBackend(Backend[KvRecord]):
    """Keeps services as keys in Consul."""

    schemes: ClassVar[tuple[str, ...]] = ("consulkv", "consulkv-tls", "consulkv-unix")

    def __init__(
        self, address: KvAddress, site: Site, deadline: float = DEADLINE
    ) -> None:
        self._address = address
        self._layout = address.layout
        self._site = site
        self._deadline = deadline
        self._client = KvClient(address.agent, deadline)
        self._session = KeySession(self._client, site.node, site.ttl)
        self._writing = Writing(
            self._client, self._session, self._layout, cleanup=site.cleanup
        )
        self._last: _Reading | None = None
        self._is_large = False
        self.refresh_every = site.ttl_refresh if site.ttl else None

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``consulkv://host:port/prefix`` or its kin, and Consul's variables."""
        return cls(read_kv_address(uri, site), site)

    @property
    def uri(self) -> str:
        """The agent's address, also where the environment gave it, and the prefix."""
        return self._address.agent.place.uri

    async def __aenter__(self) -> Self:
        """Make ready to connect."""
        await self._client.agent.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections; keys stay until the session ends."""
        await self._client.agent.close()

    def record(self, service: Service) -> KvRecord | None:
        """Keep every service that is passing; others only with their status."""
        has_status = self._address.format in HAS_STATUS
        if not self._site.shows(service.status, has_status=has_status):
            return None
        value = RENDER[self._address.format](service, self._site.node)
        if len(value) > _LONGEST:
            raise Rejected(f"{len(value)} octets: more than a transaction carries")
        return KvRecord(key=self._layout.key(service), value=value)

    async def owned(self) -> Mapping[ServiceId, KvRecord]:
        """Read what the index names, and with -cleanup what the anchor left here.

        What takes more than two requests is not read again where no key in all of
        Consul has changed; the answers to two requests tell.
        """
        moment = None
        if self._is_large:
            moment = await self._client.index(self._layout.index_tree)
            last = self._last
            if last and last.index == moment and await self._stands(last.proof):
                return last.records
        # What is kept must not be older than the index that it is kept with.
        consistent = moment is not None
        entries = await self._client.tree(
            self._layout.index_tree, consistent=consistent
        )
        await self._session.find(entries)
        records = await self._records(entries, consistent=consistent)
        self._last = None
        held = [entry for entry in entries if self._session.holds(entry)]
        if moment and held and all(each.marked for each in records.values()):
            proof = max(held, key=lambda entry: entry.index)
            self._last = _Reading(index=moment, proof=proof, records=records)
        return records

    async def put(self, changes: Sequence[Change[KvRecord]]) -> Failures:
        """Write keys, in the place of any that the same service had before."""
        return await self._writing.put(changes)

    async def drop(self, changes: Sequence[Change[KvRecord]]) -> Failures:
        """Remove keys."""
        return await self._writing.drop(changes)

    def watch(self, name: str = "") -> AsyncGenerator[Reading, None]:
        """Yield what all keys under the prefix hold, in either format."""
        return watch(self._address.agent, self._layout, name, deadline=self._deadline)

    async def refresh(self, records: Mapping[ServiceId, KvRecord]) -> None:
        """Renew the session, with one request for all keys.

        Raise `Unavailable` where it ended: then all keys are gone.
        """
        del records
        await self._session.renew()

    async def _stands(self, proof: Entry) -> bool:
        """Whether an entry still is what it was, and held as it should be."""
        found = await self._client.look([proof.key], consistent=True)
        return found.get(proof.key) == proof and self._session.holds(proof)

    async def _records(
        self, entries: Iterable[Entry], *, consistent: bool
    ) -> Mapping[ServiceId, KvRecord]:
        named = {}
        for entry in entries:
            if (read := self._layout.indexed(entry.key, entry.value)) is not None:
                named[read[0]] = (read[1], entry)
        strays = await self._strays(
            {key for key, _ in named.values()}, consistent=consistent
        )
        self._is_large = self._site.cleanup or len(named) > MOST
        found = await self._client.look(
            [*(key for key, _ in named.values()), *(key for _, key in strays)],
            consistent=consistent,
        )
        records = {
            service: self._record(service, key, found.get(key), index)
            for service, (key, index) in named.items()
        }
        for service, key in strays:
            left = found.get(key)
            if left is None or left.flags or left.session:
                continue
            if service in records:
                known = records[service]
                records[service] = replace(known, strays=(*known.strays, key))
            else:
                records[service] = KvRecord(key=key, value=left.value, marked=False)
        return records

    def _record(
        self, service: ServiceId, key: str, found: Entry | None, index: Entry
    ) -> KvRecord:
        if found is None or not self._writing.is_ours(service, found, index):
            return KvRecord(key=key, value=b"", marked=False)
        marked = all(
            entry.flags == self._layout.mark and self._session.holds(entry)
            for entry in (found, index)
        )
        return KvRecord(key=key, value=found.value, marked=marked)

    async def _strays(
        self, indexed: Iterable[str], *, consistent: bool
    ) -> list[tuple[ServiceId, str]]:
        """List the keys, not in the index, that the anchor may have left here."""
        if not self._site.cleanup:
            return []
        strays = []
        keys = await self._client.keys(self._layout.tree, consistent=consistent)
        for key in set(keys).difference(indexed):
            read = self._layout.identify(key)
            if read is not None and self._layout.is_of_the_anchors(read[1]):
                strays.append((read[1], key))
        return sorted(strays)
