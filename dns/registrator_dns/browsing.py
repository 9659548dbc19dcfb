"""What browsers of services are told: types, instances, domains (RFC 6763)."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, islice
from typing import Final

from registrator_dns import names, records, wire
from registrator_dns.names import Labels
from registrator_dns.places import DNS_SD, Asked
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
    types = (names.wire(labels) + suffix for labels, _ in _types(tree))
    return RRset(wire.PTR, tuple(islice(types, MOST)))


def shares(
    asked: Asked, tree: Tree, owner: bytes
) -> Mapping[str, Collection[bytes]] | None:
    """List by key which pointers of *owner* are there because of each instance.

    None where there is nothing to browse.
    """
    if asked.place == _TYPES:
        suffix = owner[len(names.wire(_TYPES)) :]
        return {
            each.key: (names.wire(labels) + suffix,)
            for labels, node in _types(tree)
            for below in node.below.values()
            for each in below.members
        }
    node = tree.get(asked.type) if asked.type else None
    if node is None or not node.below:
        return None
    return {
        each.key: (names.wire((label,)) + owner,)
        for label, below in node.below.items()
        for each in below.members
    }


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


def _types(tree: Tree) -> Iterator[tuple[Labels, Node]]:
    """Yield the types of service that have instances, each with its node."""
    for proto in (b"_tcp", b"_udp"):
        protocol = tree.get((proto,))
        for name, node in protocol.below.items() if protocol else ():
            if node.below:
                yield (name, proto), node
