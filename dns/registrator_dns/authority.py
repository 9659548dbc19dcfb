"""What may be said to a question: our zones, their apexes, and what is not ours."""

from dataclasses import dataclass

from registrator_dns import names, wire
from registrator_dns.names import Labels
from registrator_dns.places import NS, Key
from registrator_dns.query import Query
from registrator_dns.records import RRset, glue
from registrator_dns.zone import Zone


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said, apart from how it is written."""

    rcode: int
    apex: Labels = ()
    """The zone that the name is in; empty where it is in none of ours."""
    rrset: RRset | None = None
    key: Key | None = None
    """The place on whose changes this depends; None: not worth keeping."""


_REFUSED = Verdict(wire.REFUSED)
_VERSION = RRset(wire.TXT, (wire.txt([b"registrator"]),))
_VERSION_NAMES = {(b"version", b"bind"), (b"version", b"server")}


class Authority:
    """Answers for the domain, and in arpa for no more than the addresses it serves.

    Each such address is a zone of its own: to deny a name above it would be to deny
    addresses that others serve (RFC 8020).
    """

    def __init__(self, zone: Zone, domain: Labels, ttl: int) -> None:
        self._zone = zone
        self._apex = domain
        self._domain = names.wire(domain) + wire.ROOT
        self._ttl = ttl

    def soa(self) -> bytes:
        """Write the data of the SOA as it is after the last change."""
        return wire.soa(self._domain, self._zone.serial, self._ttl)

    def judge(self, query: Query) -> Verdict:
        """Say what there is to be said to *query*."""
        labels, kind = query.labels, query.kind
        if query.cls == wire.CH and kind == wire.TXT and labels in _VERSION_NAMES:
            return Verdict(wire.NOERROR, rrset=_VERSION)
        if query.cls != wire.IN or kind in {wire.AXFR, wire.IXFR}:
            return _REFUSED
        if labels[-len(self._apex) :] == self._apex:
            return self._in_domain(labels[: -len(self._apex)], kind)
        return self._in_arpa(labels, kind)

    def _in_domain(self, labels: Labels, kind: int) -> Verdict:
        if not labels and kind in {wire.SOA, wire.NS, wire.ANY}:
            return self._at_apex(self._apex, kind)
        found = self._zone.find(labels, kind, self._domain)
        if found is None:
            return Verdict(wire.NXDOMAIN, self._apex)
        return Verdict(wire.NOERROR, self._apex, found.rrset, found.key)

    def _in_arpa(self, labels: Labels, kind: int) -> Verdict:
        try:
            place = names.address_place(labels)
        except ValueError:
            return _REFUSED
        found = self._zone.find_reverse(place, self._domain)
        if found is None:
            return _REFUSED
        if len(labels) > len(place):
            return Verdict(wire.NXDOMAIN, place)
        if kind in {wire.SOA, wire.NS}:
            return self._at_apex(place, kind)
        if kind in {wire.PTR, wire.ANY}:
            return Verdict(wire.NOERROR, place, found.rrset, found.key)
        return Verdict(wire.NOERROR, place, RRset(kind), found.key)

    def _at_apex(self, apex: Labels, kind: int) -> Verdict:
        if kind == wire.NS:
            beside = glue(names.wire((NS,)), self._zone.host.nameservers)
            target = names.wire((NS,)) + self._domain
            return Verdict(wire.NOERROR, apex, RRset(kind, (target,), beside))
        return Verdict(wire.NOERROR, apex, RRset(wire.SOA, (self.soa(),)))
