"""What browsers of services are told: types, instances, domains (RFC 6763)."""

from itertools import chain, islice
from typing import Final

from registrator_dns import names, records, wire
from registrator_dns.names import Labels
from registrator_dns.places import DNS_SD
from registrator_dns.records import Glue, Naming, RRset
from registrator_dns.tree import MOST, Node, Tree

_WITH_RECORDS: Final = 8
"""Instances, beyond which an answer would have no room for their records."""

_TYPES: Labels = (b"_services", *DNS_SD)
_DOMAINS: Final = {(b"b", *DNS_SD), (b"lb", *DNS_SD)}
"""The domain to browse, and the one to browse when nobody chose (section 11)."""

PLACES: Final = frozenset({_TYPES, *_DOMAINS})
"""Where it is told what can be browsed."""


def beginnings(place: Labels, tree: Tree, suffix: bytes) -> RRset:
    """Build the pointers of one of `PLACES`.

    *suffix* is what the name ends in, in octets: what is browsed is in there too.
    """
    if place in _DOMAINS:
        return RRset(wire.PTR, (suffix,))
    types = (
        names.wire((name, proto)) + suffix
        for proto in (b"_tcp", b"_udp")
        if (protocol := tree.get((proto,))) is not None
        for name, node in protocol.below.items()
        if node.below
    )
    return RRset(wire.PTR, tuple(islice(types, MOST)))


def instances(node: Node, owner: bytes, naming: Naming) -> RRset:
    """Build the pointers of a type to its instances, which are below its *node*.

    *owner* is the type's name relative to the domain. With few instances, what they
    are found by goes with the answer (section 12.1).
    """
    below = dict(islice(node.below.items(), MOST))
    owners = {names.wire((label,)) + owner: each for label, each in below.items()}
    beside: list[Glue] = []
    if len(owners) <= _WITH_RECORDS:
        addresses: dict[Glue, None] = {}
        for name, each in owners.items():
            srv = records.of_members(each.members, wire.SRV, naming)
            txt = records.of_members(each.members, wire.TXT, naming)
            beside += [Glue(name, it.kind, it.rdatas) for it in (srv, txt) if it.rdatas]
            addresses |= dict.fromkeys(srv.glue)
        beside += chain(addresses)
    rdatas = tuple(name + naming.domain for name in owners)
    return RRset(wire.PTR, rdatas, tuple(beside))
