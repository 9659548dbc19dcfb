"""Names that no other server is asked for, and what is said of them instead.

Sources: RFC 6761, 6762 (local), 7686 (onion), 8375 (home.arpa), 9476 (alt), and the
reverse names of RFC 6303 and RFC 7793.
"""

import ipaddress
from functools import lru_cache

from registrator_dns import names, wire
from registrator_dns.forward.response import Response
from registrator_dns.names import Labels
from registrator_dns.query import Query

_DS = 43
_DNSKEY = 48

_TTL = 10_800  # RFC 6303 section 3
_LOCALHOST: Labels = (b"localhost",)
_LOOPBACK = {wire.A: names.packed("127.0.0.1"), wire.AAAA: names.packed("::1")}
_NOBODY = b"\x06nobody\x07invalid\0"  # RFC 6303 section 3
_NUMBERS = b"".join(part.to_bytes(4) for part in (1, 3600, 1200, 604_800, _TTL))

_NAMES = ("alt", "home.arpa", "invalid", "local", "localhost", "onion", "test")
_NETWORKS = (
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24"),
    *("192.168.0.0/16", "198.51.100.0/24", "203.0.113.0/24", "255.255.255.255/32"),
    *(f"172.{second}.0.0/16" for second in range(16, 32)),
    *(f"100.{second}.0.0/16" for second in range(64, 128)),
    *("::/128", "::1/128", "fc00::/8", "fd00::/8", "2001:db8::/32"),
    *("fe80::/12", "fe90::/12", "fea0::/12", "feb0::/12"),
)


def special(query: Query) -> Response | None:
    """Answer for a name that is never asked elsewhere; None for all others.

    A single label is a host's name without its domain. Resolvers that validate ask
    for the keys of a top level domain as well: these are no hosts.
    """
    zone = _zone(query.labels)
    if zone == _LOCALHOST and query.kind in _LOOPBACK:
        return _found(query.kind)
    if zone:
        # Above an address something may exist, such as a zone of ours.
        exists = zone in {query.labels, _LOCALHOST}
        exists = exists or len(query.labels) < _whole_address(zone)
        rcode = wire.NOERROR if exists else wire.NXDOMAIN
        return _denial(rcode, query.end - 4 - len(names.wire(zone)) - 1)
    if len(query.labels) == 1 and query.kind not in {_DS, _DNSKEY}:
        # Without a SOA nobody may keep it: names below may well exist.
        return Response(rcode=wire.NXDOMAIN)
    return None


def _reverse(network: str) -> Labels:
    parsed = ipaddress.ip_network(network)
    labels = names.reverse(parsed.network_address.packed)
    return labels[(parsed.max_prefixlen - parsed.prefixlen) // _bits(labels) :]


def _bits(labels: Labels) -> int:
    return 4 if labels[-2] == b"ip6" else 8


def _whole_address(zone: Labels) -> int:
    """Count the labels of the name of an address in *zone*; 0 where there is none."""
    return {b"ip6": 34, b"in-addr": 6}.get(zone[-2], 0) if len(zone) > 1 else 0


_ZONES = {names.parse(name) for name in _NAMES} | {_reverse(each) for each in _NETWORKS}
_DEPTHS = sorted({len(zone) for zone in _ZONES})


def _zone(labels: Labels) -> Labels:
    """Find the special zone that a name is in; empty where there is none."""
    for depth in _DEPTHS:
        if labels[-depth:] in _ZONES and len(labels) >= depth:
            return labels[-depth:]
    return ()


@lru_cache(2)
def _found(kind: int) -> Response:
    octets = wire.record(wire.QUESTION_NAME, kind, 0, _LOOPBACK[kind])
    return Response(
        rcode=wire.NOERROR,
        counts=(1, 0, 0),
        octets=octets,
        ends=(len(octets),),
        ttls=(),
    )


@lru_cache(256)
def _denial(rcode: int, apex: int) -> Response:
    """Write a denial with the SOA of a zone whose name is at *apex* of the message."""
    owner = wire.pointer(apex)
    octets = wire.record(owner, wire.SOA, _TTL, owner + _NOBODY + _NUMBERS)
    return Response(
        rcode=rcode, counts=(0, 1, 0), octets=octets, ends=(len(octets),), ttls=()
    )
