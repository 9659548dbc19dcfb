"""Response rate limiting: a responder is no use for flooding somebody else.

Queries over UDP may come from whom they say or not. So a network gets no more than so
many answers of one kind in a second; of the queries above that every second one is
told to come over TCP, where nobody can pretend, and the others are not answered. The
way is BIND's and Knot's (Vixie and Schryver, "DNS Response Rate Limiting", 2012).
"""

import ipaddress
from array import array
from collections.abc import Callable
from functools import lru_cache

from registrator_dns import names, wire
from registrator_dns.answers import Answer
from registrator_dns.clients.cookies import Cookies
from registrator_dns.counters import Counters
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.places import ADDR
from registrator_dns.query import Malformed, Query, read

_SLOTS = 1 << 16
"""Of two networks or kinds in one slot, each has its part of what one would have."""

_ADDR = names.wire((ADDR,))
_POINTER = 0xC0  # what a name that goes on elsewhere goes on with (RFC 1035 4.1.4)
_COOKIE = b"\0\x0a\0"  # what an OPT with a cookie has in it


class Rates:
    """Counts in a table that never grows, whatever comes.

    Python's hash of octets has a secret: nobody can find who shares his slot.
    """

    def __init__(self, rate: int) -> None:
        """*rate* is how many may come in a second, also at once."""
        self._step = 1 / rate
        self._ahead = 1 - self._step / 2
        self._due = array("d", bytes(8 * _SLOTS))
        self._refused = bytearray(_SLOTS)

    def allows(self, network: bytes, kind: bytes, now: float) -> bool:
        """Whether there may be one more; *now* is in seconds."""
        slot = hash((network, kind)) % _SLOTS
        due = max(self._due[slot], now)
        if due - now > self._ahead:
            return False
        self._due[slot] = due + self._step
        return True

    def slips(self, network: bytes, kind: bytes) -> bool:
        """Whether one that is not allowed is to be told so: every second is."""
        slot = hash((network, kind)) % _SLOTS
        self._refused[slot] ^= 1
        return not self._refused[slot]


class Limited:
    """Answers as another does, over UDP no more of one kind to one network.

    Who has shown by a cookie that its address is its own is not limited, nor is this
    host: nobody else can use its loopback addresses.
    """

    def __init__(
        self,
        answer: Answer,
        rate: int,
        clock: Callable[[], float],
        counters: Counters,
        cookies: Cookies | None = None,
    ) -> None:
        """*rate* is in answers a second, *clock* gives seconds."""
        self._answer = answer
        self._rates = Rates(rate)
        self._clock = clock
        self._counters = counters
        self._cookies = cookies

    def answer(
        self, packet: bytes, *, udp: bool, client: str = ""
    ) -> bytes | Elsewhere | None:
        """Answer one packet, as `Answer` promises."""
        reply = self._answer(packet, udp=udp, client=client)
        return self.limit(packet, reply, client) if reply and udp else reply

    def limit(self, packet: bytes, reply: bytes, client: str) -> bytes | None:
        """Say what is sent over UDP where *reply* is the answer to *packet*."""
        network = _network(client)
        if not network:
            return reply
        kind = _kind(reply)
        if self._rates.allows(network, kind, self._clock()):
            return reply
        if self._is_proved(packet, client):
            return reply
        self._counters.limited += 1
        return _truncated(packet, reply) if self._rates.slips(network, kind) else None

    def _is_proved(self, packet: bytes, client: str) -> bool:
        if self._cookies is None or _COOKIE not in packet:
            return False
        query = _read(packet)
        cookie = query.edns.cookie if query and query.edns else b""
        return self._cookies.proves(cookie, client)


@lru_cache(4096)
def _network(client: str) -> bytes:
    """Find the network of an address: /24 or /56; empty for one without a limit."""
    if not client:
        return b""
    address = ipaddress.ip_address(client.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        # What a socket for both calls a client of IPv4.
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return b""
    return address.packed[: 3 if address.version == 4 else 7]


def _kind(reply: bytes) -> bytes:
    """Say what makes answers one kind: the name, and the type of what it has.

    Of the types that it has not, which are most, all are one; so are all addresses
    as names, which are there whether anybody has them or not. Of errors, it is the
    rcode.
    """
    rcode = reply[3] & 0x0F
    answers = int.from_bytes(reply[6:8])
    is_empty = not answers and not int.from_bytes(reply[8:10]) and not reply[2] & 0x02
    if rcode or is_empty:
        return bytes((rcode,))  # what is empty is BADVERS, or has nothing to tell
    end = _past(reply, wire.HEADER_SIZE)
    name = _shared(reply[wire.HEADER_SIZE : end].lower())
    if not answers:
        return name
    at = _past(reply, end + 4)
    return name + reply[at : at + 2]


def _past(message: bytes, at: int) -> int:
    """Find the end of the name that begins *at*."""
    while 0 < message[at] < _POINTER:
        at += 1 + message[at]
    return at + 2 if message[at] else at + 1


def _shared(name: bytes) -> bytes:
    """Leave out the address that a name begins with, if it is one as `addr` has it."""
    rest = name[1 + name[0] :]
    if not rest.startswith(_ADDR):
        return name
    try:
        names.from_hex(name[1 : 1 + name[0]])
    except ValueError:
        return name
    return rest


def _truncated(packet: bytes, reply: bytes) -> bytes:
    """Tell the client to come over TCP, in no more octets than it sent."""
    query = _read(packet)
    if query is None:
        return reply  # a header without anything else
    flags = int.from_bytes(reply[2:4]) | wire.TC
    opt = wire.opt(0, do=query.edns.do) if query.edns else b""
    head = wire.header(packet[:2], flags, 1, 0, 0, 1 if opt else 0)
    return b"".join((head, packet[wire.HEADER_SIZE : query.end], opt))


def _read(packet: bytes) -> Query | None:
    try:
        return read(packet)
    except Malformed:
        return None
