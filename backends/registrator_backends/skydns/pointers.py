"""One pointer an address: which this host's services ask for, and which it has.

Pure. SkyDNS and CoreDNS find a pointer under the exact key of its address, and no
other (CoreDNS, plugin/backend_lookup.go, PTR), so services at one address share it.
It leads to the name of theirs that sorts first, as in the embedded DNS.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from registrator.model import ServiceId
from registrator.planner import Plan, plan
from registrator_backends.etcd.layout import EtcdRecord
from registrator_backends.skydns.layout import SkydnsLayout
from registrator_backends.skydns.message import Message, write_message

Records = Mapping[ServiceId, EtcdRecord]


class Pointers:
    """Pointers as records like those of services; a pointer's key is its id."""

    def __init__(self, layout: SkydnsLayout, ttl: float, *, wanted: bool) -> None:
        self._layout = layout
        self._ttl = ttl
        self._wanted = wanted
        self._names: defaultdict[ServiceId, dict[ServiceId, str]] = defaultdict(dict)
        self._places: dict[ServiceId, ServiceId] = {}
        self._present: dict[ServiceId, EtcdRecord] = {}
        self._unsettled: set[ServiceId] = set()

    def found(self, everything: Records) -> Records:
        """Take in all that etcd holds of ours; those records that are services'."""
        self._names.clear()
        self._places.clear()
        self._present = {
            key: record
            for key, record in everything.items()
            if all(each.startswith(self._layout.arpa) for each, _ in record.entries)
        }
        self._unsettled = set(self._present)
        services = {
            service: record
            for service, record in everything.items()
            if service not in self._present
        }
        for service, record in services.items():
            self.put(service, record)
        return services

    def put(self, service: ServiceId, record: EtcdRecord) -> None:
        """Take in that etcd holds *record* for a service."""
        self.drop(service)
        pointer = self._layout.pointer(*record.entries[-1]) if self._wanted else None
        if pointer is not None:
            place, name = ServiceId(pointer[0]), pointer[1]
            self._places[service] = place
            self._names[place][service] = name
            self._unsettled.add(place)

    def drop(self, service: ServiceId) -> None:
        """Take in that a service is gone."""
        place = self._places.pop(service, None)
        if place is not None:
            del self._names[place][service]
            self._unsettled.add(place)

    def steps(self) -> Plan[EtcdRecord]:
        """Say what is to be written where something may have changed."""
        wanted = {
            place: self._record(place, min(names.values()))
            for place in self._unsettled
            if (names := self._names.get(place))
        }
        places = self._unsettled & self._present.keys()
        return plan(wanted, {place: self._present[place] for place in places})

    def settled(self, steps: Plan[EtcdRecord], failed: Iterable[ServiceId]) -> None:
        """Take in that *steps* are done, but for those that *failed*.

        Those are tried again when their services change, or after `found`.
        """
        refused = set(failed)
        for change in (*steps.puts, *steps.drops):
            if change.id in refused:
                continue
            if change.wanted is None:
                del self._present[change.id]
            else:
                self._present[change.id] = change.wanted
        self._unsettled.clear()

    def _record(self, place: ServiceId, name: str) -> EtcdRecord:
        said = write_message(Message(host=name, ttl=self._layout.record_ttl))
        return EtcdRecord(entries=((place, said),), ttl=self._ttl)
