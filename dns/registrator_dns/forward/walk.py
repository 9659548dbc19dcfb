"""Walks the records of a message from another server, and trusts none of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from struct import Struct, error

from registrator_dns import wire
from registrator_dns.names import MAX_LABEL, MAX_NAME

_PAIR = Struct("!H").unpack_from
_FIXED = Struct("!2HIH").unpack_from
_POINTER = 0xC0
_MOST_POINTERS = 40  # one for each label of an IPv6 address's name, and some
_MX = 15
_DNAME = 39
_ADDRESSES = {wire.A: 4, wire.AAAA: 16}


class Garbled(ValueError):
    """The octets are no well-formed message."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record stands in its message, and what its fixed fields say."""

    start: int
    kind: int
    cls: int
    ttl: int
    """In seconds; 0 where it is beyond what RFC 2181 section 8 allows."""
    ttl_at: int
    data: int
    end: int


def name(packet: bytes, at: int) -> tuple[bytes, int]:
    """Read the name at *at* as octets without pointers, and where it ends.

    Pointers must lead back to before the name that has them: none can loop.
    """
    parts = []
    bound, end, pointers = at, 0, 0
    while size := packet[at]:
        if size >= _POINTER:
            target = _PAIR(packet, at)[0] & 0x3FFF
            pointers += 1
            if not wire.HEADER_SIZE <= target < bound or pointers > _MOST_POINTERS:
                raise Garbled("pointer that does not lead back to a name")
            end = end or at + 2
            at = bound = target
        elif size > MAX_LABEL:
            raise Garbled(f"label of type {size >> 6}")
        else:
            parts.append(packet[at : at + 1 + size])
            at += 1 + size
    whole = b"".join(parts) + wire.ROOT
    if len(whole) > MAX_NAME:
        raise Garbled("name of more than 255 octets")
    return whole, end or at + 1


def records(packet: bytes, at: int, count: int) -> Iterator[Record]:
    """Yield *count* records, each checked; raise `Garbled`."""
    try:
        for _ in range(count):
            record = _record(packet, at)
            yield record
            at = record.end
    except (IndexError, error) as cut:
        raise Garbled("cut short") from cut


def data(packet: bytes, record: Record) -> bytes:
    """Write the data of a checked record so that it means the same elsewhere."""
    spell = _SPELLINGS.get(record.kind)
    if spell is None:
        return packet[record.data : record.end]
    return spell(packet, record)


def _record(packet: bytes, start: int) -> Record:
    if packet[start : start + 2] == wire.QUESTION_NAME:
        at = start + 2  # most are of the name that was asked
    else:
        _, at = name(packet, start)
    kind, cls, ttl, length = _FIXED(packet, at)
    data_at = at + 10
    end = data_at + length
    if end > len(packet):
        raise Garbled("record longer than its message")
    record = Record(start, kind, cls, ttl if ttl < 1 << 31 else 0, at + 4, data_at, end)
    if kind != wire.OPT:
        _check_data(packet, record)
    return record


def _check_data(packet: bytes, record: Record) -> None:
    if record.kind in _ADDRESSES:
        if record.end - record.data != _ADDRESSES[record.kind]:
            raise Garbled("address of another length")
    elif record.kind in _SPELLINGS:
        _SPELLINGS[record.kind](packet, record)


def _names(
    packet: bytes, record: Record, *, before: int, count: int, rest: int
) -> bytes:
    """Spell data of *before* octets, *count* names, and *rest* octets."""
    at = record.data + before
    spelt = packet[record.data : at]
    for _ in range(count):
        each, at = name(packet, at)
        spelt += each
    if at + rest != record.end:
        raise Garbled("data of another length than its record tells")
    return spelt + packet[at : record.end]


def _layout(before: int, count: int, rest: int) -> Callable[[bytes, Record], bytes]:
    return lambda packet, record: _names(
        packet, record, before=before, count=count, rest=rest
    )


# The types whose names other servers compress (RFC 1035), or did once (RFC 3597).
_SPELLINGS: Mapping[int, Callable[[bytes, Record], bytes]] = {
    wire.NS: _layout(0, 1, 0),
    wire.CNAME: _layout(0, 1, 0),
    wire.PTR: _layout(0, 1, 0),
    _DNAME: _layout(0, 1, 0),
    wire.SOA: _layout(0, 2, 20),
    _MX: _layout(2, 1, 0),
    wire.SRV: _layout(6, 1, 0),
}
