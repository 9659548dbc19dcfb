"""The services of a snapshot as instances, by name, at the cost of what changes."""

from collections.abc import Mapping
from typing import Final

from registrator.bell import Bell
from registrator.model import Instance, Service, ServiceId
from registrator.snapshot import Snapshot

Table = Mapping[str, Instance]

_EMPTY: Final[Table] = {}


class Tables:
    """Tables that never change: where something does, there is a new one."""

    def __init__(self, snapshot: Snapshot, node: str) -> None:
        self._snapshot = snapshot
        self._inbox = snapshot.subscribe()
        self._node = node
        self._names: dict[ServiceId, str] = {}
        self._tables: dict[str, dict[str, Instance]] = {}
        self._all: Table | None = None

    async def follow(self, changes: Bell) -> None:
        """Ring *changes* whenever something may have changed, until cancelled."""
        while True:
            await self._inbox.wait()
            self._update()
            changes.ring()

    def of(self, name: str) -> Table:
        """Return the instances called *name*, or all for ""; the same till changed."""
        self._update()
        if name:
            return self._tables.get(name, _EMPTY)
        if self._all is None:
            tables = self._tables.values()
            self._all = {key: each for table in tables for key, each in table.items()}
        return self._all

    def _update(self) -> None:
        changed, listing = self._inbox.take()
        services = self._snapshot.services
        ids = set(changed)
        if listing:
            # What went with a listing is not told one by one.
            ids |= self._names.keys() - services.keys()
        touched: dict[str, dict[str, Instance]] = {}
        for id_ in ids:
            before = self._names.pop(id_, None)
            if before is not None:
                self._open(touched, before).pop(id_, None)
            service = services.get(id_)
            if service is not None and not service.withheld:
                self._names[id_] = service.name
                self._open(touched, service.name)[id_] = self._instance(service)
        for name, table in touched.items():
            if table == self._tables.get(name, _EMPTY):
                continue
            self._all = None
            if table:
                self._tables[name] = table
            else:
                del self._tables[name]

    def _open(
        self, touched: dict[str, dict[str, Instance]], name: str
    ) -> dict[str, Instance]:
        if name not in touched:
            touched[name] = dict(self._tables.get(name, _EMPTY))
        return touched[name]

    def _instance(self, service: Service) -> Instance:
        return Instance.of(service, node=self._node)
