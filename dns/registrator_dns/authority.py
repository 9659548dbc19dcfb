"""What may be said to a question: our zones, their apexes, and what is not ours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from registrator_dns import names, wire
from registrator_dns.names import Labels
from registrator_dns.places import NS
from registrator_dns.query import Query
from registrator_dns.records import RRset, glue
from registrator_dns.zone import Found, Key, Shares, Zone

Beyond = Callable[[Query], tuple[str, str]]
"""Says for people what becomes of a query: a word, as an rcode is, and the reason."""

_MOST_LINKS: Final = 8


class Link(NamedTuple):
    """What follows an alias in its answer: the records of the name that it leads to."""

    owner: bytes
    """In octets, the root included."""
    rrset: RRset
    ttl: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said, apart from how it is written."""

    rcode: int
    apex: Labels = ()
    """The zone that the name is in; empty where it is in none of ours."""
    rrset: RRset | None = None
    key: Key | None = None
    """That on whose changes this depends; None: not worth keeping."""
    ttl: int = 0
    chain: tuple[Link, ...] = ()
    target: Labels = ()
    """The name outside of our domains that the answer leads to, if it does."""
    is_elsewhere: bool = field(default=False, compare=False)
    """Whether others may know more: a name of class IN that is in no zone of ours."""


_REFUSED = Verdict(wire.REFUSED)
_ELSEWHERE = Verdict(wire.REFUSED, is_elsewhere=True)
_UNKNOWN = Verdict(wire.SERVFAIL)
_VERSION = RRset(wire.TXT, (wire.txt([b"registrator"]),))
_VERSION_NAMES = {(b"version", b"bind"), (b"version", b"server")}


class Authority:
    """Answers for the domains, and in arpa for no more than the addresses it serves.

    Each such address is a zone of its own: to deny a name above it would be to deny
    addresses that others serve (RFC 8020).
    """

    def __init__(
        self, zone: Zone, domains: Sequence[Labels], ttl: int, negative_ttl: int
    ) -> None:
        """The first of the *domains* is what addresses point into; TTLs in seconds."""
        self._zone = zone
        self._written = {each: names.wire(each) + wire.ROOT for each in domains}
        self._primary = domains[0]
        self._longest_first = sorted(domains, key=len, reverse=True)
        self._ttl = ttl
        self._negative_ttl = negative_ttl
        self.complete = True
        """Whether what is not shown is not there; else nobody knows that."""
        self.limit = 0
        """How many of the addresses found are answered at a time; 0: all."""
        self.beyond: Beyond | None = None
        """What is said of names in no zone of ours, where they are not refused."""

    def soa(self, domain: Labels) -> bytes:
        """Write the data of the SOA of *domain* as it is after the last change."""
        return wire.soa(self._written[domain], self._zone.serial, self._negative_ttl)

    def judge(self, query: Query) -> Verdict:
        """Say what there is to be said to *query*."""
        labels, kind = query.labels, query.kind
        if query.cls == wire.CH and kind == wire.TXT and labels in _VERSION_NAMES:
            return Verdict(wire.NOERROR, rrset=_VERSION)
        if query.cls != wire.IN or kind in {wire.AXFR, wire.IXFR}:
            return _REFUSED
        domain = self._domain_of(labels)
        if domain:
            return self._in_domain(domain, labels, kind)
        return self._in_arpa(labels, kind)

    def shares(self, labels: Labels, kind: int) -> Shares:
        """List what each instance puts to the answer to a question."""
        if domain := self._domain_of(labels):
            relative = labels[: -len(domain)]
            return self._zone.shares(relative, kind, self._written[domain])
        try:
            _, address = names.address_place(labels)
        except ValueError:
            return {}
        return self._zone.shares_reverse(address, self._written[self._primary])

    def written(self, apex: Labels) -> bytes:
        """Write what completes a name in an answer from the zone with this *apex*."""
        return self._written.get(apex, self._written[self._primary])

    def _domain_of(self, labels: Labels) -> Labels:
        """Find the domain that a name is in: of two, the one that is in the other."""
        for domain in self._longest_first:
            if labels[-len(domain) :] == domain:
                return domain
        return ()

    def _in_domain(self, domain: Labels, labels: Labels, kind: int) -> Verdict:
        if labels == domain and kind in {wire.SOA, wire.NS, wire.ANY}:
            return self._at_apex(domain, domain, kind)
        found = self._find(domain, labels, kind)
        if found is None:
            return Verdict(wire.NXDOMAIN, domain) if self.complete else _UNKNOWN
        if found.rrset.kind != wire.CNAME or kind in {wire.CNAME, wire.ANY}:
            return Verdict(wire.NOERROR, domain, found.rrset, found.key, found.ttl)
        chain, target = self._follow(labels, found, kind)
        # What a name of ours has, or gets later, depends on more names than this one.
        key = found.key if target and not chain else None
        return Verdict(wire.NOERROR, domain, found.rrset, key, found.ttl, chain, target)

    def _find(self, domain: Labels, labels: Labels, kind: int) -> Found | None:
        return self._zone.find(labels[: -len(domain)], kind, self._written[domain])

    def _follow(
        self, labels: Labels, found: Found, kind: int
    ) -> tuple[tuple[Link, ...], Labels]:
        """Find what an alias leads to among our own names (RFC 1034 4.3.2).

        With it comes the name that leads outside.
        """
        chain: list[Link] = []
        seen = {labels}
        while found.rrset.kind == wire.CNAME and len(chain) < _MOST_LINKS:
            (target,) = found.rrset.rdatas
            labels = _labels(target)
            domain = self._domain_of(labels)
            if not domain:
                return tuple(chain), labels
            further = self._find(domain, labels, kind)
            if further is None or not further.rrset.rdatas or labels in seen:
                break
            seen.add(labels)
            found = further
            chain.append(Link(target, found.rrset, found.ttl))
        return tuple(chain), ()

    def _in_arpa(self, labels: Labels, kind: int) -> Verdict:
        try:
            place, address = names.address_place(labels)
        except ValueError:
            return _ELSEWHERE
        found = self._zone.find_reverse(address, self._written[self._primary])
        if found is None:
            return _ELSEWHERE
        if len(labels) > len(place):
            return Verdict(wire.NXDOMAIN, place)
        if kind in {wire.SOA, wire.NS}:
            return self._at_apex(place, self._primary, kind)
        is_pointer = kind in {wire.PTR, wire.ANY}
        rrset = found.rrset if is_pointer else RRset(kind)
        return Verdict(wire.NOERROR, place, rrset, found.key, found.ttl)

    def _at_apex(self, apex: Labels, domain: Labels, kind: int) -> Verdict:
        if kind == wire.NS:
            beside = glue(names.wire((NS,)), self._zone.host.nameservers)
            target = names.wire((NS,)) + self._written[domain]
            rrset = RRset(kind, (target,), beside)
            return Verdict(wire.NOERROR, apex, rrset, ttl=self._ttl)
        rrset = RRset(wire.SOA, (self.soa(domain),))
        return Verdict(wire.NOERROR, apex, rrset, ttl=self._negative_ttl)


def _labels(name: bytes) -> Labels:
    """Read a name that we wrote ourselves."""
    labels = []
    at = 0
    while size := name[at]:
        labels.append(name[at + 1 : at + 1 + size])
        at += 1 + size
    return tuple(labels)
