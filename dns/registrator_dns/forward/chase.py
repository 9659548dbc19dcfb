"""A CNAME of ours that leads outside, with what is found there behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from registrator_dns import wire
from registrator_dns.forward import walk
from registrator_dns.forward.delivery import aged
from registrator_dns.forward.response import FAILURE, Response

_LAST_POINTED = 0x3FFF  # beyond it no pointer leads

_HEADER = Struct("!2s5H").unpack_from


@dataclass(frozen=True, slots=True)
class Found:
    """What was found at the end: a response to a question, and its age in seconds."""

    question: bytes
    response: Response
    age: int


def complete(local: bytes, end: int, found: Found, size: int) -> bytes:
    """Put what was found behind the answers of *local*, in at most *size* octets.

    *local* is our answer, whose question ends at *end*. It is given back as it is
    where nothing was found. The rcode is that of the last name (RFC 6604).
    """
    if found.response is FAILURE:
        return local
    key, flags, _, answers, authority, extra = _HEADER(local)
    own = list(walk.records(local, end, answers + authority + extra))
    opt = b"".join(local[it.start : it.end] for it in own if it.kind == wire.OPT)
    message = bytearray(local[: own[answers - 1].end])
    # The data of our CNAME, where the name of what was found stands already.
    names = {found.question[:-4]: own[answers - 1].data}
    counts = [answers, 0]
    flags |= wire.RA | found.response.rcode & 0x0F
    is_cut = found.response.truncated
    for section, owner, rest in _sections(found):
        at = names.get(owner)
        record = (owner if at is None else wire.pointer(at)) + rest
        if len(message) + len(record) + len(opt) > size:
            is_cut = True
            break
        if len(message) <= _LAST_POINTED:
            names.setdefault(owner, len(message))
        message += record
        counts[section] += 1
    flags |= wire.TC if is_cut and size < wire.TCP else 0
    head = wire.header(key, flags, 1, *counts, 1 if opt else 0)
    return head + message[wire.HEADER_SIZE :] + opt


def _sections(found: Found) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield answers (0) and authority (1): owner and the rest, without pointers."""
    response = found.response
    answers, authority, _ = response.counts
    octets = aged(response, found.age, len(response.ends))
    packet = bytes(wire.HEADER_SIZE) + found.question + octets
    start = wire.HEADER_SIZE + len(found.question)
    for index, record in enumerate(walk.records(packet, start, answers + authority)):
        owner, _ = walk.name(packet, record.start)
        data = walk.data(packet, record)
        rest = wire.record(b"", record.kind, record.ttl, data, cls=record.cls)
        yield index >= answers, owner, rest
