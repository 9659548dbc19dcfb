"""The table of services, and what each name of the domain has to say."""

from collections.abc import Mapping
from dataclasses import dataclass

from registrator.model import Service, ServiceId
from registrator_dns import names, records, wire
from registrator_dns.names import Labels
from registrator_dns.places import (
    ADDR,
    NODE,
    NS,
    QUERY,
    SERVICE,
    Key,
    asked,
    shown,
)
from registrator_dns.records import Host, RRset


@dataclass(frozen=True, slots=True)
class Found:
    """What a name that exists has of one type; maybe nothing."""

    rrset: RRset
    key: Key | None
    """The place on whose changes this depends; None: not worth keeping."""


class Zone:
    """Shows services; a change costs by the names of that one service only."""

    def __init__(self, host: Host, serial: int = 1) -> None:
        """*serial* is the first; every change adds one."""
        self.host = host
        self.serial = serial
        self._services: dict[ServiceId, Service] = {}
        self._owners: dict[Key, dict[ServiceId, Service]] = {}
        self._between: dict[Key, int] = {}
        self._fixed = _fixed(host)

    @property
    def services(self) -> Mapping[ServiceId, Service]:
        """All that is shown."""
        return self._services

    def put(self, service: Service) -> set[Key]:
        """Show *service* in place of what had its id; say where answers change."""
        changed = self.drop(service.id)
        owners, between = _places(service)
        for key in owners:
            self._owners.setdefault(key, {})[service.id] = service
        for key in between:
            self._between[key] = self._between.get(key, 0) + 1
        self._services[service.id] = service
        self.serial += 1
        return changed | owners

    def drop(self, key: ServiceId) -> set[Key]:
        """Show a service no longer, if it is shown; say where answers change."""
        service = self._services.pop(key, None)
        if service is None:
            return set()
        self.serial += 1
        owners, between = _places(service)
        for place in owners:
            del self._owners[place][key]
            if not self._owners[place]:
                del self._owners[place]
        for place in between:
            self._between[place] -= 1
            if not self._between[place]:
                del self._between[place]
        return owners

    def find(self, labels: Labels, kind: int, domain: bytes) -> Found | None:
        """Find what a name relative to the domain has; None where there is no name.

        *domain* is written into the answer, and ends in the root.
        """
        labels, is_pair = asked(labels, self.host.dc)
        key = names.wire(labels)
        if services := self._owners.get(key):
            found = records.of_services(services.values(), kind, self.host, domain)
            return Found(found, key)
        if (addresses := self._fixed.get(key)) is not None:
            return Found(records.of_addresses(addresses, kind), key)
        if len(labels) == 2 and labels[1] == ADDR:
            return self._find_address(labels[0], kind)
        if key in self._between and not is_pair:
            return Found(RRset(kind), None)
        return None

    def find_reverse(self, place: Labels, domain: bytes) -> Found | None:
        """Find the PTR of the address with this *place* in arpa; None: not ours."""
        key = names.wire(place)
        host = self.host
        if host.address and place == names.reverse(host.address):
            target = host.target(host.address) + domain
            return Found(RRset(wire.PTR, (target,)), key)
        if services := self._owners.get(key):
            return Found(records.of_reverse(services.values(), host, domain), key)
        return None

    def _find_address(self, label: bytes, kind: int) -> Found | None:
        try:
            address = names.from_hex(label)
        except ValueError:
            return None
        # There are more such names than can be kept: only those of services are.
        key = names.wire(names.reverse(address))
        found = records.of_addresses((address,), kind)
        return Found(found, key if key in self._owners else None)


def _places(service: Service) -> tuple[set[Key], set[Key]]:
    owners, between = shown(service)
    owners.add(names.wire(names.reverse(names.packed(service.address))))
    return owners, between


def _fixed(host: Host) -> Mapping[Key, tuple[bytes, ...]]:
    """List the names that are there without any service, with their addresses."""
    empty = [(), (host.dc,), (SERVICE,), (NODE,), (ADDR,), (QUERY,)]
    below_node = [(*host.node[start:], NODE) for start in range(1, len(host.node))]
    return {
        **{names.wire(labels): () for labels in empty + below_node},
        names.wire((NS,)): host.nameservers,
        names.wire((*host.node, NODE)): (host.address,) if host.address else (),
    }
