"""The naming scheme: where instances are shown, and what place a name asks for.

Names here are relative to the domain. Several spellings mean one place, and all is
kept under the first of each line::

    db.service           db.service.dc1  _db._tcp.service  _db._tcp  _db._tcp.dc1
    master.db.service    master.db.service.dc1  _db._master.service  _db._master
    _db._udp             _db._udp.dc1  _db._udp.service  _db._udp.service.dc1
    a._db._tcp           a._db._tcp.dc1  a._db._tcp.service  a._db._tcp.service.dc1
    web_2e1.web.dev      web_2e1.web.dev.dc1

The scheme is Consul's; there `_udp` asks for the services that have the tag udp, here
also for those that are reached over UDP. `a._db._tcp` is the instance a of RFC 6763.
The last is a container of its image, as in skydock: with the option `short` only.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from registrator.model import Instance
from registrator_dns import spelling
from registrator_dns.members import Member
from registrator_dns.names import MAX_LABEL, MAX_NAME, Labels, parse, wire
from registrator_dns.tree import ANY

SERVICE = b"service"
NODE = b"node"
ADDR = b"addr"
NS = b"ns"
QUERY = b"query"
"""Consul's prepared queries: kept free, so that the name never means anything else."""

WORDS = frozenset({SERVICE, NODE, ADDR, NS, QUERY})
"""The labels next to the domain that nothing else can be called."""

DNS_SD: Labels = (b"_dns-sd", b"_udp")
"""Below it is told what can be browsed (RFC 6763): no service's to have."""

MOST_TAGS = 64
"""So many tags of one instance have names, the first: each name costs a change time."""

_TCP = b"_tcp"
_UDP = b"_udp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """What names may look like under the domains of one responder."""

    dc: bytes
    short: Labels = ()
    """The labels that short names end in; none: there are no short names."""
    room: int = MAX_NAME
    """The octets that are left for a name before the data center and the domain."""

    def ends(self, label: bytes) -> bool:
        """Whether *label* can end a name, so that what follows is the data center."""
        return (
            label in {SERVICE, NODE, ADDR, QUERY, *self.short[-1:]} or label[:1] == b"_"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a name means."""

    place: Labels
    """Whose members it stands for."""
    type: Labels = ()
    """The type of service whose instances can be browsed here, if it is one."""
    is_pair: bool = False
    """Whether it is an RFC 2782 name: then a place without members is not there."""


def asked(labels: Labels, scheme: Scheme) -> Asked:
    """Find the place that *labels* mean."""
    if len(labels) > 1 and labels[-1] in {scheme.dc, ANY} and scheme.ends(labels[-2]):
        labels = labels[:-1]
    pair = labels[:-1] if labels[-1:] == (SERVICE,) else labels
    if len(pair) not in {2, 3} or not _asks_for_pair(pair):
        return Asked(labels)
    if len(pair) == 3:
        return Asked(pair)
    name, proto = pair
    name = name if name == ANY else name[1:]
    if proto == _UDP:
        return Asked(pair, pair, is_pair=True)
    if proto == _TCP:
        return Asked((name, SERVICE), pair, is_pair=True)
    return Asked((proto[1:], name, SERVICE), is_pair=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """Where one instance is shown."""

    places: AbstractSet[Labels]
    protos: AbstractSet[bytes]
    """What stands for a protocol over its names, and is there because of it."""
    type: Labels
    """The type of service that it is browsed as, if it is."""
    node: Labels
    """The name of its node, if that has one; it stands for the node itself."""


def shown(member: Member, scheme: Scheme) -> Shown:
    """Say at which places *member* is shown.

    A tag that makes no labels, or labels that read as an RFC 2782 name, has no place.
    A place too long to be asked for does no harm.
    """
    instance = member.instance
    places: set[Labels] = {*_short(instance, scheme)}
    protos: set[bytes] = set()
    for labels in _names(instance):
        places.add((*labels, SERVICE))
        for proto, place in _protos(labels, instance):
            protos.add(proto)
            places.update(place)
    entry = _browsed(instance, scheme)
    if entry:
        places.add(entry)
    return Shown(places, protos, entry[1:], node(member, scheme))


def node(member: Member, scheme: Scheme) -> Labels:
    """Name the node of *member*, if it has a name, and an address that is known."""
    if not member.node_address:
        return ()
    try:
        labels = (*parse(member.instance.node), NODE)
    except ValueError:
        return ()
    # It is a target in answers: there it must fit.
    return labels if len(wire(labels)) <= scheme.room else ()


def ends_as_pair(labels: Labels) -> bool:
    """Whether the last labels read as `_name._proto`."""
    return len(labels) > 1 and labels[-2][:1] == labels[-1][:1] == b"_"


def _asks_for_pair(labels: Labels) -> bool:
    return labels[-1][:1] == b"_" and (labels[-2][:1] == b"_" or labels[-2] == ANY)


def _names(instance: Instance) -> Iterator[Labels]:
    name = parse(instance.name)
    yield name
    for tag in instance.tags[:MOST_TAGS]:
        try:
            labels = parse(tag) + name
        except ValueError:
            continue
        if not ends_as_pair(labels):
            yield labels


def _protos(labels: Labels, instance: Instance) -> Iterator[tuple[bytes, set[Labels]]]:
    """Yield what can stand for a protocol over *labels*, with the place it has alone.

    An underscore makes a label longer, which not every label can be.
    """
    *tag, name = labels
    if len(tag) > 1 or max(map(len, labels)) == MAX_LABEL:
        return
    udp: set[Labels] = {(b"_" + name, _UDP)}
    if tag:
        yield b"_" + tag[0], udp if tag[0] == b"udp" else set()
        return
    yield _TCP, set()
    if instance.transport == "udp":
        yield _UDP, udp


def _browsed(instance: Instance, scheme: Scheme) -> Labels:
    """Name *instance* as browsers do (RFC 6763 4.1); nothing where it has no type.

    A type is two labels, so a name with a dot has none. Whatever is not TCP is _udp.
    """
    name = parse(instance.name)
    proto = _TCP if instance.transport == "tcp" else _UDP
    place = (spelling.label(instance.id), b"_" + name[0], proto)
    is_type = len(name) == 1 and len(name[0]) < MAX_LABEL and place[1:] != DNS_SD
    # A browser is given the name in an answer: there it must fit, `service` and all.
    if not is_type or len(wire((*place, SERVICE))) > scheme.room:
        return ()
    return place


def _short(instance: Instance, scheme: Scheme) -> Iterator[Labels]:
    """Yield a container's name behind its image's, and what is right of either."""
    if scheme.short and instance.container and instance.image:
        parts = (instance.container, instance.image)
        labels = (*map(spelling.label, parts), *scheme.short)
        yield from (labels, labels[1:], labels[2:])
