"""What another server answered: reading it, and how long it may be kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct

from registrator_dns import wire
from registrator_dns.forward import walk
from registrator_dns.forward.walk import Garbled, Record

LONGEST = 3600
"""Seconds that an answer is kept at most."""
LONGEST_DENIAL = 300
"""Seconds that a denial is kept at most (RFC 2308 section 7.1 has hours)."""

_HEADER = Struct("!6H").unpack_from
_SHORTEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, as it stands behind a question of the same length.

    Its pointers lead back, into it or into the question, so that any first part
    of it is as good as the whole.
    """

    rcode: int
    truncated: bool = False
    counts: tuple[int, int, int] = (0, 0, 0)
    """The records in the answer, authority and additional sections."""
    octets: bytes = b""
    ends: tuple[int, ...] = ()
    """Where each of the records ends in the octets."""
    ttls: tuple[tuple[int, int], ...] = ()
    """Where each TTL is in the octets, and what it is."""
    lifetime: int = 0
    """The seconds that it may be kept."""


FAILURE = Response(rcode=wire.SERVFAIL)
"""What is said when no server has an answer."""


def read(packet: bytes, key: bytes, question: bytes) -> Response:
    """Read the response to the query *key* for *question*; raise `Garbled`.

    An error may come without the question: who does not understand a query cannot
    always repeat it.
    """
    if len(packet) < _SHORTEST or packet[:2] != key:
        raise Garbled("not the answer to this query")
    _, flags, questions, *counts = _HEADER(packet)
    if flags & (wire.QR | wire.OPCODE) != wire.QR:
        raise Garbled("not a response to a query")
    rcode = flags & 0x0F
    if questions == 0 and rcode not in {wire.NOERROR, wire.NXDOMAIN}:
        return Response(rcode=rcode)
    start = wire.HEADER_SIZE + len(question)
    if questions != 1 or not same(packet[wire.HEADER_SIZE : start], question):
        raise Garbled("another question")
    truncated = bool(flags & wire.TC)
    try:
        return _collect(packet, start, rcode, counts, truncated=truncated)
    except Garbled:
        if not truncated:
            raise
        # Some servers cut in the middle of a record.
        return Response(rcode=rcode, truncated=True)


def same(question: bytes, other: bytes) -> bool:
    """Tell whether two questions are one, but for the case of the name."""
    return question[-4:] == other[-4:] and question[:-4].lower() == other[:-4].lower()


def _collect(
    packet: bytes, start: int, rcode: int, counts: Sequence[int], *, truncated: bool
) -> Response:
    answers, authority, _ = counts
    found = list(walk.records(packet, start, sum(counts)))
    if (found[-1].end if found else start) != len(packet):
        raise Garbled("other octets than the counts tell")
    kept = found
    for index, record in enumerate(found):
        if record.kind == wire.OPT:
            if index < answers + authority or packet[record.start]:
                raise Garbled("misplaced OPT")
            rcode |= packet[record.ttl_at] << 4  # RFC 6891 section 6.1.3
            # What follows may point behind it, and nobody needs it.
            kept = found[:index]
            break
    denial = [each for each in kept[answers : answers + authority] if _is_soa(each)]
    return Response(
        rcode=rcode,
        truncated=truncated,
        counts=(answers, authority, len(kept) - answers - authority),
        octets=packet[start : kept[-1].end if kept else start],
        ends=tuple(each.end - start for each in kept),
        ttls=tuple((each.ttl_at - start, each.ttl) for each in kept),
        lifetime=0 if truncated else _lifetime(packet, kept, answers, denial),
    )


def _is_soa(record: Record) -> bool:
    return record.kind == wire.SOA


def _lifetime(
    packet: bytes, kept: Iterable[Record], answers: int, denial: Sequence[Record]
) -> int:
    """Find the lowest TTL; a denial lives by its SOA (RFC 2308 section 5)."""
    shortest = min((each.ttl for each in kept), default=0)
    if denial:
        minimum = int.from_bytes(packet[denial[0].end - 4 : denial[0].end])
        return min(shortest, minimum, LONGEST_DENIAL)
    # Without a SOA, nothing says how long there will be nothing.
    return min(shortest, LONGEST) if answers else 0
