"""The way of a query through forwarders like this one, so that none goes in circles.

Each adds a token of its own to one EDNS option, of those for local use (RFC 6891
section 9), as SkyDNS marked the queries for its stub zones.
"""

from struct import Struct

from registrator_dns import wire
from registrator_dns.forward import walk
from registrator_dns.forward.walk import Garbled
from registrator_dns.query import Query

OPTION = 65_307
TOKEN_SIZE = 8
MOST_TOKENS = 8
"""A longer way is taken for a circle."""

_pair = Struct("!2H")
_counts = Struct("!3H").unpack_from


def trail(packet: bytes, query: Query) -> bytes:
    """Read the tokens that a query carries; empty without any."""
    count = sum(_counts(packet, 6))
    try:
        for record in walk.records(packet, query.end, count):
            if record.kind == wire.OPT:
                return _option(packet, record.data, record.end)
    except Garbled:
        pass  # `walk` looks closer than `query`; no forwarder writes such records
    return b""


def is_circle(tokens: bytes, own: bytes) -> bool:
    """Tell whether a query has been here before, or everywhere else."""
    passed = [tokens[at : at + TOKEN_SIZE] for at in range(0, len(tokens), TOKEN_SIZE)]
    return own in passed or len(passed) >= MOST_TOKENS


def option(tokens: bytes) -> bytes:
    """Write the option, with tokens in it."""
    return _pair.pack(OPTION, len(tokens)) + tokens


def _option(packet: bytes, at: int, end: int) -> bytes:
    while at < end:
        code, size = _pair.unpack_from(packet, at)
        at += _pair.size
        if code == OPTION:
            return packet[at : at + size]
        at += size
    return b""
