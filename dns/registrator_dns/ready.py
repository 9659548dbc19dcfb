"""Answers to usual queries, all orders of one in one piece of memory.

Of such a query an answer repeats the id and the question, so it is made where the
query lies: by `take`, or by _drain.c, which reads what `pack` writes. What is kept
otherwise, in objects of their own, costs more for being all over the memory.
"""

from collections.abc import Sequence
from struct import Struct

from registrator_dns.wire import HEADER_SIZE

MOST_ORDERS = 8
"""With more answers than these, an order is put together when it is due."""

_HEAD = Struct("!2B2H10s")
"""Which order is next, of how many; where the question ends; the octets of one
order; and what takes the place of the query's header, but for the id."""


def pack(orders: Sequence[bytes], end: int) -> bytearray:
    """Keep whole answers that differ only after the question, which ends at *end*."""
    first = orders[0]
    head = _HEAD.pack(0, len(orders), end, len(first) - end, first[2:HEADER_SIZE])
    return bytearray(b"".join([head, *(order[end:] for order in orders)]))


def take(ready: bytearray, packet: bytes) -> bytes:
    """Answer *packet* in the next order."""
    turn, turns, end, size, head = _HEAD.unpack_from(ready)
    ready[0] = (turn + 1) % turns
    at = _HEAD.size + turn * size
    rest = ready[at : at + size]
    return b"".join((packet[:2], head, packet[HEADER_SIZE:end], rest))
