"""The data of records: what the names of services and addresses resolve to."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from registrator.model import Service
from registrator_dns import names, wire
from registrator_dns.names import Labels
from registrator_dns.places import ADDR, NODE, SERVICE

MAX_STRING = 255
"""Octets of one string of a TXT (RFC 1035 3.3)."""

_SIZES: Mapping[int, int] = {wire.A: 4, wire.AAAA: 16}


@dataclass(frozen=True, slots=True)
class Glue:
    """The addresses of a name that an answer mentions; *owner* is relative."""

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
    """Where the names lead to: this host, as the names call it."""

    node: Labels
    dc: bytes
    address: bytes = b""
    """4 or 16 octets; none where the host's address is not known."""
    nameservers: tuple[bytes, ...] = ()
    """The addresses at which this responder is asked."""

    def target(self, address: bytes) -> bytes:
        """Name the place, relative to the domain, that has just this address."""
        if address == self.address:
            return names.wire((*self.node, NODE, self.dc))
        return names.wire((names.to_hex(address), ADDR, self.dc))


def of_services(
    services: Collection[Service], kind: int, host: Host, domain: bytes
) -> RRset:
    """Build the records of a service's name; *domain* ends in the root.

    Equal ones collapse, as in Consul; the order is stable.
    """
    if kind == wire.SRV:
        return _srv(services, host, domain)
    if kind == wire.TXT:
        return RRset(kind, tuple(sorted({_txt(service) for service in services})))
    return of_addresses({names.packed(each.address) for each in services}, kind)


def of_addresses(addresses: Collection[bytes], kind: int) -> RRset:
    """Build the records of a name that stands for *addresses*.

    Asked for ANY, it is one type (RFC 8482 4.1).
    """
    if kind == wire.ANY:
        kind = wire.A if any(len(each) == 4 for each in addresses) else wire.AAAA
    size = _SIZES.get(kind)
    return RRset(kind, tuple(sorted(each for each in addresses if len(each) == size)))


def of_reverse(services: Collection[Service], host: Host, domain: bytes) -> RRset:
    """Build the one PTR of an address: to its first service by name."""
    name = min(names.parse(service.name) for service in services)
    return RRset(wire.PTR, (names.wire((*name, SERVICE, host.dc)) + domain,))


def glue(owner: bytes, addresses: Collection[bytes]) -> tuple[Glue, ...]:
    """Build the address records that go with a mention of *owner*."""
    rrsets = [of_addresses(addresses, kind) for kind in _SIZES]
    return tuple(Glue(owner, each.kind, each.rdatas) for each in rrsets if each.rdatas)


def strings(service: Service) -> Iterator[bytes]:
    """Yield the metadata as RFC 6763 section 6 has it, and the tags as one more pair.

    A comma in a tag stands behind a backslash. Left out are pairs that are too long
    for a string, and tags that find no room.
    """
    for key, value in sorted(service.metadata.items()):
        pair = f"{key}={value}".encode()
        if len(pair) <= MAX_STRING:
            yield pair
    if service.tags:
        yield b"tags=" + b",".join(_fitting_tags(service, MAX_STRING - len("tags=")))


def _fitting_tags(service: Service, room: int) -> Iterator[bytes]:
    for tag in service.tags:
        octets = tag.replace(",", r"\,").encode()
        if len(octets) <= room:
            yield octets
            room -= len(octets) + 1


def _srv(services: Collection[Service], host: Host, domain: bytes) -> RRset:
    """One record for a target and port: the first by priority, then by weight."""
    best: dict[tuple[bytes, int], tuple[int, int]] = {}
    for service in services:
        place = (names.packed(service.address), service.port)
        rank = (service.priority, service.weight)
        best[place] = min(rank, best.get(place, rank))
    targets = {address: host.target(address) for address, _ in sorted(best)}
    rdatas = tuple(
        wire.srv(*best[address, port], port, targets[address] + domain)
        for address, port in sorted(best)
    )
    beside = [glue(target, (address,)) for address, target in targets.items()]
    return RRset(wire.SRV, rdatas, tuple(each for pair in beside for each in pair))


def _txt(service: Service) -> bytes:
    return wire.txt(strings(service))
