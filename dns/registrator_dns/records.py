"""The data of records: what the names of instances and addresses resolve to."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from registrator.model import Instance
from registrator_dns import names, places, spelling, wire
from registrator_dns.members import Member, Members
from registrator_dns.names import Labels
from registrator_dns.places import ADDR, NODE, SERVICE, Scheme

MAX_STRING = 255
"""Octets of one string of a TXT (RFC 1035 3.3)."""

_SIZES: Mapping[int, int] = {wire.A: 4, wire.AAAA: 16}


@dataclass(frozen=True, slots=True)
class Glue:
    """Further records of a name that an answer mentions; *owner* is relative."""

    owner: bytes
    kind: int
    rdatas: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RRset:
    """The data of all records of one name and type, and what goes with them."""

    kind: int
    rdatas: tuple[bytes, ...] = ()
    glue: tuple[Glue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """This host, as the names call it."""

    node: Labels
    dc: bytes
    address: bytes = b""
    """4 or 16 octets; none where the host's address is not known."""
    nameservers: tuple[bytes, ...] = ()
    """The addresses at which this responder is asked."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What hosts are called in answers that are given in one domain."""

    host: Host
    scheme: Scheme
    domain: bytes
    """In octets, the root included."""

    def target(self, member: Member) -> tuple[bytes, bytes]:
        """Name where *member* is: relative to the domain, and what completes it."""
        address = member.address
        if not address:
            return names.wire(spelling.host_name(member.instance.address)), wire.ROOT
        node: Labels = ()
        if address == self.host.address:
            node = (*self.host.node, NODE)
        elif address == member.node_address:
            node = places.node(member, self.scheme)
        place = node or (names.to_hex(address), ADDR)
        return names.wire((*place, self.scheme.dc)), self.domain


def of_members(members: Members, kind: int, naming: Naming) -> RRset:
    """Build the records of a name that stands for *members*.

    Equal ones collapse, as in Consul; the order is stable. Where nobody has an
    address, the name is an alias of the first host by name (RFC 1034 3.6.2).
    """
    if kind == wire.SRV:
        return _srv(members, naming)
    if kind == wire.TXT:
        return RRset(kind, tuple(sorted({_txt(each.instance) for each in members})))
    addresses = {each.address for each in members if each.address}
    if addresses or not members:
        return of_addresses(addresses, kind)
    host = min(spelling.host_name(each.instance.address) for each in members)
    return RRset(wire.CNAME, (names.wire(host) + wire.ROOT,))


def of_addresses(addresses: Collection[bytes], kind: int) -> RRset:
    """Build the records of a name that stands for *addresses*.

    Asked for ANY, it is one type (RFC 8482 4.1).
    """
    if kind == wire.ANY:
        kind = wire.A if any(len(each) == 4 for each in addresses) else wire.AAAA
    size = _SIZES.get(kind)
    return RRset(kind, tuple(sorted(each for each in addresses if len(each) == size)))


def of_reverse(address: bytes, members: Members, naming: Naming) -> RRset:
    """Build the one PTR of *address*: to a node, else to a service, the first by name.

    *members* are those whose address it is, and this host goes before all.
    """
    dc = naming.scheme.dc
    known = [places.node(each, naming.scheme) for each in members if each.is_node]
    nodes = [(*node, dc) for node in known if node]
    services = [
        (*names.parse(each.instance.name), SERVICE, dc)
        for each in members
        if not each.is_node
    ]
    if naming.host.address == address:
        nodes = [(*naming.host.node, NODE, dc)]
    first = min(nodes or services)
    return RRset(wire.PTR, (names.wire(first) + naming.domain,))


def glue(owner: bytes, addresses: Collection[bytes]) -> tuple[Glue, ...]:
    """Build the address records that go with a mention of *owner*."""
    rrsets = [of_addresses(addresses, kind) for kind in _SIZES]
    return tuple(Glue(owner, each.kind, each.rdatas) for each in rrsets if each.rdatas)


def strings(instance: Instance) -> Iterator[bytes]:
    """Yield the metadata as RFC 6763 section 6 has it, and the tags as one more pair.

    A comma in a tag stands behind a backslash. Left out are pairs that are too long
    for a string, and tags that find no room.
    """
    for key, value in sorted(instance.metadata.items()):
        pair = f"{key}={value}".encode()
        if len(pair) <= MAX_STRING:
            yield pair
    if instance.tags:
        yield b"tags=" + b",".join(_fitting_tags(instance, MAX_STRING - len("tags=")))


def _fitting_tags(instance: Instance, room: int) -> Iterator[bytes]:
    for tag in instance.tags:
        octets = tag.replace(",", r"\,").encode()
        if len(octets) <= room:
            yield octets
            room -= len(octets) + 1


def _srv(members: Members, naming: Naming) -> RRset:
    """One record for a target and port: the first by priority, then by weight.

    An instance without a port has none. An address goes with its target; a host that
    is called by its own name brings none.
    """
    best: dict[tuple[bytes, bytes, int], tuple[int, int]] = {}
    addresses: dict[bytes, bytes] = {}
    for member in members:
        instance = member.instance
        if not instance.port:
            continue
        target, rest = naming.target(member)
        address = addresses.setdefault(target, member.address)
        place = (address, target + rest, instance.port)
        rank = (instance.priority, instance.weight)
        best[place] = min(rank, best.get(place, rank))
    rdatas = [wire.srv(*best[place], place[2], place[1]) for place in sorted(best)]
    beside = [
        Glue(target, wire.A if len(address) == 4 else wire.AAAA, (address,))
        for address, target in sorted((a, t) for t, a in addresses.items())
        if address
    ]
    return RRset(wire.SRV, tuple(rdatas), tuple(beside))


def _txt(instance: Instance) -> bytes:
    return wire.txt(strings(instance))
