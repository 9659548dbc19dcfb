"""ZooKeeper as a store of services.

Records are written in one of four formats that others read, and live with our
session. An index beside them says which are ours.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import ClassVar, Final, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.errors import (
    BackendError,
    ConfigError,
    NotOwner,
    Rejected,
    Unavailable,
)
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.zookeeper.anchor import left_by_the_anchor
from registrator_backends.zookeeper.cache import ZnodeCache
from registrator_backends.zookeeper.formats import FORMATS
from registrator_backends.zookeeper.index import ROOT, Index, ZooKeeperRecord
from registrator_backends.zookeeper.leftovers import Leftovers
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.marks import MarkReader
from registrator_backends.zookeeper.paths import escaped, is_name, parent
from registrator_backends.zookeeper.session import DEADLINE, Session
from registrator_backends.zookeeper.terms import Terms
from registrator_backends.zookeeper.tree import Tree
from registrator_backends.zookeeper.uri import ZooKeeperAddress, read_address
from registrator_backends.zookeeper.vault import Vault
from registrator_backends.zookeeper.writer import Plan, Writer
from registrator_backends.zookeeper.znode import Fault, Znode

log = logging.getLogger(__name__)

LOOK: Final = 1.0
"""Seconds between two looks at whether our session still is what it was."""

_READING: Final = 30.0  # seconds that a session lasts which holds nothing
_LONGEST: Final = 512 * 1024  # octets of a record


@dataclass(slots=True)
class _Hold:
    """What we know to be ours, as long as the session lasts and nothing is in doubt."""

    index: Index
    session: int
    is_ours: bool = False
    """Whether all of it ends with our session, as far as it should."""


class ZooKeeperBackend(Backend[ZooKeeperRecord]):
    """Keeps services in ZooKeeper."""

    schemes: ClassVar[tuple[str, ...]] = ("zookeeper",)
    refresh_every: float | None = LOOK

    def __init__(
        self, address: ZooKeeperAddress, site: Site, deadline: float = DEADLINE
    ) -> None:
        self._address, self._site = address, site
        self._format = FORMATS[address.format]
        place = f"*{address.instance}" if address.deep else address.base or "/"
        scope = f"{address.format}:{place}"
        self._root = "/".join(
            (f"{address.chroot}/{ROOT}", escaped(site.node), escaped(scope))
        )
        terms = Terms(
            uri=address.uri,
            timeout=site.ttl or _READING,
            deadline=deadline,
            login=address.login,
            acl=address.acl,
        )
        self._vault = Vault(site.state, address.uri, self._root)
        self._session = Session(address.servers, terms, self._vault)
        self._hold: _Hold | None = None
        self._cache: ZnodeCache | None = None
        self._directories: set[str] = set()
        self._leftovers = Leftovers()
        self._barred: Mapping[str, Fault] = {}
        self._wrote = False

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``zookeeper://host:port,host:port/base?options``."""
        address = read_address(uri, site.environment)
        try:
            return cls(address, site)
        except Rejected as error:
            what = "the path, or this host's name, is too long for the index"
            raise ConfigError(f"{address.uri}: {what}") from error

    @property
    def uri(self) -> str:
        """The servers and the path, without who we are to them."""
        return self._address.uri

    @property
    def identity(self) -> str:
        """The servers and the index, which is of one format."""
        servers = sorted(map(str, self._address.servers))
        return f"{self._root} {' '.join(servers)}"

    async def __aenter__(self) -> Self:
        """Make ready; the first connection is opened when there is something to ask."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection; the session goes on if anything may live with it."""
        await self._session.close(leave=not self._wrote and self._vault.path is None)

    def record(self, service: Service) -> ZooKeeperRecord | None:
        """Keep what is passing; other services only with their status."""
        has_status = self._format.has_status
        if not self._site.shows(service.status, has_status=has_status):
            return None
        directory = self._address.directory(service)
        escaped(service.id)
        node = self._address.instance or self._site.node
        entry = self._format.render(service, node, not self._site.ttl)
        if len(entry.data) > _LONGEST:
            raise Rejected(f"{len(entry.data)} octets are more than ZooKeeper takes")
        return ZooKeeperRecord(
            directory=directory,
            name=entry.leaf,
            data=entry.data,
        )

    async def owned(self) -> Mapping[ServiceId, ZooKeeperRecord]:
        """Read our index and what it names, unless the server knows it unchanged."""
        self._hold = None
        hold = await self._held(await self._session.link())
        records = hold.index.records
        self._leftovers.found(record.directory for record in records.values())
        return records

    async def put(self, changes: Sequence[Change[ZooKeeperRecord]]) -> Failures:
        """Write what is new or other; what is there already stays as it is."""
        wanted = {c.id: c.wanted for c in changes if c.wanted is not None}
        if not wanted:
            return {}
        link = await self._session.link()
        hold = await self._held(link)
        self._hold, self._wrote = None, True  # in doubt, until all answers are there
        index = hold.index
        self._leftovers.wrote(each.directory for each in wanted.values())
        plans = {key: partial(index.put, key, each) for key, each in wanted.items()}
        faults = await self._write(link, index, plans)
        taken = [key for key, fault in faults.items() if fault is Fault.EXISTS]
        adopted = await self._adopt(link, index, {key: wanted[key] for key in taken})
        if adopted:
            again = {key: plans[key] for key in adopted}
            faults = {
                **{key: fault for key, fault in faults.items() if key not in adopted},
                **await self._write(link, index, again),
            }
        self._hold = hold
        return {
            key: self._error(key, wanted[key].path, fault)
            for key, fault in faults.items()
        }

    async def drop(self, changes: Sequence[Change[ZooKeeperRecord]]) -> Failures:
        """Remove records, and the znodes of names that have no instance any more."""
        if not changes:
            return {}
        link = await self._session.link()
        hold = await self._held(link)
        self._hold = None
        index = hold.index
        marked = {c.id: index.find(c.id) for c in changes}
        plans = {key: partial(index.drop, key) for key, mark in marked.items() if mark}
        faults = await self._write(link, index, plans)
        paths = {key: mark.path for key, mark in marked.items() if mark}
        failures = {
            key: self._error(key, paths[key], fault) for key, fault in faults.items()
        }
        self._leftovers.dropped(parent(path) for path in paths.values())
        self._directories -= await self._leftovers.tidy(link)
        strange = {
            c.id: c.present.path
            for c in changes
            if not marked[c.id] and c.present and not self._format.sequential
        }
        self._hold = hold
        return {**failures, **await self._strangers(link, index, strange)}

    async def refresh(self, records: Mapping[ServiceId, ZooKeeperRecord]) -> None:
        """Look whether our session is what it was; nothing is sent to find out.

        What lives with the session of a daemon before us is taken into ours: each
        is made anew in the moment in which the old one goes.
        """
        del records  # they are known, and cost nothing as long as the session lasts
        link, hold = self._session.living, self._hold
        if link is None:
            raise Unavailable(f"{self.uri}: the connection broke off")
        if hold is None or hold.session != link.ticket.session:
            raise Unavailable(f"{self.uri}: another session has begun")
        self._directories -= await self._leftovers.tidy(link)
        if hold.is_ours:
            return
        self._hold, self._wrote = None, True
        index = hold.index
        unheld = index.unheld
        plans = {key: partial(index.put, key, each) for key, each in unheld.items()}
        faults = await self._write(link, index, plans)
        for key, fault in faults.items():
            error = self._error(key, unheld[key].path, fault)
            log.warning("%s; it goes with the session that it lives with", error)
        hold.is_ours = True
        self._hold = hold

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what is there in any of the formats, whenever ZooKeeper tells."""
        if name and not is_name(name):
            raise Rejected(f"name {name[:64]!r} cannot be that of a znode")
        link = await self._session.link()
        tree = Tree(self.uri, link, self._address.base, name)
        before: Reading | None = None
        while True:
            reading = await tree.look()
            if reading != before:
                before = reading
                yield reading
            await tree.changed()

    async def _held(self, link: Link) -> _Hold:
        """Say what is ours: as known, or read anew."""
        session = link.ticket.session
        if self._hold is not None and self._hold.session == session:
            return self._hold
        index = Index(
            self._root,
            owner=session if self._site.ttl else 0,
            sequential=self._format.sequential,
        )
        if self._cache is None or self._cache.link is not link:
            self._cache = ZnodeCache(link)
        await self._reader(link).read_all(index, self._cache)
        self._directories.clear()
        self._wrote = self._wrote or bool(index.records)
        self._hold = _Hold(index, session, is_ours=not index.unheld)
        return self._hold

    def _reader(self, link: Link) -> MarkReader:
        address, sequential = self._address, self._format.sequential
        return MarkReader(
            self.uri, link, address.base, sequential=sequential, deep=address.deep
        )

    async def _write(
        self, link: Link, index: Index, plans: Mapping[ServiceId, Plan]
    ) -> dict[ServiceId, Fault]:
        writer = Writer(link, index, self._reader(link), self._directories)
        faults = await writer.write(plans)
        self._barred = writer.barred
        return faults

    async def _adopt(
        self, link: Link, index: Index, wanted: Mapping[ServiceId, ZooKeeperRecord]
    ) -> list[ServiceId]:
        """Count what gliderlabs/registrator wrote of the same endpoints as ours."""
        if not self._site.cleanup:
            return []
        left = await left_by_the_anchor(link, wanted)
        for key, data in left.items():
            index.adopt(wanted[key].path, data)
        return list(left)

    async def _strangers(
        self, link: Link, index: Index, paths: Mapping[ServiceId, str]
    ) -> dict[ServiceId, BackendError]:
        """Say which of the records that carry no mark of ours are somebody else's."""
        found = await link.get(paths.values())
        return {
            key: NotOwner(f"{path} is there, and carries no mark of ours")
            for (key, path), znode in zip(paths.items(), found, strict=True)
            if isinstance(znode, Znode) and not index.names(path)
        }

    def _error(self, key: ServiceId, path: str, fault: Fault) -> BackendError:
        if fault is Fault.EXISTS:
            return NotOwner(f"{path} is there, and carries no mark of ours")
        if fault is Fault.MISSING and self._barred:
            path, fault = next(iter(self._barred.items()))
        return Unavailable(f"{self.uri}: {key}: {path}: {fault.value}")
