"""The naming scheme: where services are shown, and what place a name asks for.

Names here are relative to the domain. Several spellings mean one place, and all is
kept under the first of each line::

    db.service           db.service.dc1  _db._tcp.service  _db._tcp  _db._tcp.dc1
    master.db.service    master.db.service.dc1  _db._master.service  _db._master
    _db._udp             _db._udp.dc1  _db._udp.service  _db._udp.service.dc1

The scheme is Consul's. There `_udp` asks for the services that have the tag udp;
here also for those that are reached over UDP.
"""

from collections.abc import Iterator

from registrator.model import Service
from registrator_dns.names import MAX_LABEL, Labels, parse, wire

Key = bytes
"""A place, as the octets of its labels."""

SERVICE = b"service"
NODE = b"node"
ADDR = b"addr"
NS = b"ns"
QUERY = b"query"
"""Consul's prepared queries: kept free, so that the name never means anything else."""

WORDS = frozenset({SERVICE, NODE, ADDR, NS, QUERY})
"""The labels next to the domain that a data center cannot be called."""

_TCP = b"_tcp"
_UDP = b"_udp"


def asked(labels: Labels, dc: bytes) -> tuple[Labels, bool]:
    """Find the place that *labels* mean, and whether they are an RFC 2782 name.

    Nothing is below an RFC 2782 name, so it never is an empty non-terminal.
    """
    if len(labels) > 1 and labels[-1] == dc and _is_whole(labels[-2]):
        labels = labels[:-1]
    pair = labels[:-1] if labels[-1:] == (SERVICE,) else labels
    if len(pair) != 2 or not ends_as_pair(pair):
        return labels, False
    name, proto = (label[1:] for label in pair)
    if proto == b"tcp":
        return (name, SERVICE), True
    if proto == b"udp":
        return pair, True
    return (proto, name, SERVICE), True


def shown(service: Service) -> tuple[set[Key], set[Key]]:
    """Say at which places *service* is shown, and which it makes empty non-terminals.

    A tag that makes no labels, or labels that read as an RFC 2782 name, has no
    place. A place too long to be asked for does no harm.
    """
    owners: set[Key] = set()
    between: set[Key] = set()
    for labels in _names(service):
        owners.add(wire((*labels, SERVICE)))
        between.update(
            wire((*labels[start:], SERVICE)) for start in range(1, len(labels))
        )
        for proto, place in _protos(labels, service):
            owners |= place
            between |= {wire((proto,)), wire((proto, SERVICE))}
    return owners, between - owners


def ends_as_pair(labels: Labels) -> bool:
    """Whether the last labels read as `_name._proto`."""
    return len(labels) > 1 and labels[-2][:1] == labels[-1][:1] == b"_"


def _is_whole(label: bytes) -> bool:
    """Whether a name may end here, so that what follows is the data center."""
    return label in {SERVICE, NODE, ADDR, QUERY} or label[:1] == b"_"


def _names(service: Service) -> Iterator[Labels]:
    name = parse(service.name)
    yield name
    for tag in service.tags:
        try:
            labels = parse(tag) + name
        except ValueError:
            continue
        if not ends_as_pair(labels):
            yield labels


def _protos(labels: Labels, service: Service) -> Iterator[tuple[bytes, set[Key]]]:
    """Yield what can stand for a protocol over *labels*, with the place it has alone.

    An underscore makes a label longer, which not every label can be.
    """
    *tag, name = labels
    if len(tag) > 1 or max(map(len, labels)) == MAX_LABEL:
        return
    udp = {wire((b"_" + name, _UDP))}
    if tag:
        yield b"_" + tag[0], udp if tag[0] == b"udp" else set()
        return
    yield _TCP, set()
    if service.transport == "udp":
        yield _UDP, udp
