"""Reading a query, strictly: what is not quite one is malformed."""

from dataclasses import dataclass
from struct import Struct, error

from registrator_dns.clients.cookies import SIZES as COOKIE_SIZES
from registrator_dns.names import MAX_LABEL, MAX_NAME, Labels
from registrator_dns.wire import COOKIE, HEADER_SIZE, OPT

_COUNTS = Struct("!4H").unpack_from
_PAIR = Struct("!2H").unpack_from
_RECORD = Struct("!2HIH").unpack_from
_POINTER = 0xC0


class Malformed(ValueError):
    """The packet is not a well-formed query."""


@dataclass(frozen=True, slots=True)
class Edns:
    """What a client says of itself in its OPT."""

    size: int
    version: int
    do: bool
    cookie: bytes = b""
    """The client's, and perhaps the server's behind it; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question, its name in lower case, and where it ends in the packet."""

    labels: Labels
    kind: int
    cls: int
    end: int
    edns: Edns | None


def read(packet: bytes) -> Query:
    """Read a packet of at least a header's size; raise `Malformed`."""
    try:
        questions, *others = _COUNTS(packet, 4)
        if questions != 1:
            raise Malformed(f"{questions} questions")
        labels, at = _name(packet)
        kind, cls = _PAIR(packet, at)
        edns = _additional(packet, at + 4, sum(others[:2]), others[2])
    except (IndexError, error) as cut:
        raise Malformed("cut short") from cut
    return Query(labels, kind, cls, at + 4, edns)


def _name(packet: bytes) -> tuple[Labels, int]:
    """Read the name asked; nothing stands before it that a pointer could mean."""
    labels = []
    at = HEADER_SIZE
    while size := packet[at]:
        if size > MAX_LABEL:
            raise Malformed(f"label of type {size >> 6}")
        labels.append(packet[at + 1 : at + 1 + size].lower())
        at += 1 + size
    at += 1
    if at - HEADER_SIZE > MAX_NAME:
        raise Malformed("name of more than 255 octets")
    return tuple(labels), at


def _additional(packet: bytes, at: int, before: int, count: int) -> Edns | None:
    """Walk all records for the one OPT; *before* stand outside the additional ones."""
    edns = None
    for index in range(before + count):
        start = at
        at = _skip_name(packet, start)
        kind, size, ttl, length = _RECORD(packet, at)
        at += 10 + length
        if kind == OPT:
            # RFC 6891 6.1.1: one OPT, among the additional records, at the root.
            if edns is not None or index < before or packet[start]:
                raise Malformed("misplaced OPT")
            cookie = _cookie(packet, at - length, at)
            edns = Edns(size, ttl >> 16 & 0xFF, bool(ttl & 0x8000), cookie)
    if at != len(packet):
        raise Malformed("other octets than the counts tell")
    return edns


def _skip_name(packet: bytes, start: int) -> int:
    """Find the end of a name; a pointer must lead back, so that none can loop."""
    at = start
    while size := packet[at]:
        if size >= _POINTER:
            if _PAIR(packet, at)[0] & 0x3FFF >= start:
                raise Malformed("pointer that does not lead back")
            return at + 2
        if size > MAX_LABEL:
            raise Malformed(f"label of type {size >> 6}")
        at += 1 + size
    return at + 1


def _cookie(packet: bytes, at: int, end: int) -> bytes:
    """Walk all options for the first cookie (RFC 7873 5.2)."""
    cookie = b""
    while at < end:
        code, size = _PAIR(packet, at)
        at += 4 + size
        if code == COOKIE and not cookie:
            if size not in COOKIE_SIZES:
                raise Malformed(f"cookie of {size} octets")
            cookie = packet[at - size : at]
    if at != end:
        raise Malformed("option longer than its OPT")
    return cookie
