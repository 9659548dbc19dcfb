"""Answers of other servers, written for one client."""

from bisect import bisect_right
from dataclasses import dataclass
from struct import Struct

from registrator_dns import wire
from registrator_dns.forward.response import Response
from registrator_dns.query import Query

_put_ttl = Struct("!I").pack_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What an answer repeats of its query, and what it keeps to."""

    key: bytes
    question: bytes
    flags: int
    """Of the flags that are repeated, RD and CD, those that are set."""
    size: int
    edns: bool
    do: bool

    @classmethod
    def of(cls, query: Query, packet: bytes, *, udp: bool) -> "Client":
        """Read who asks from its query."""
        edns = query.edns
        size = wire.PLAIN_UDP
        if edns is not None:
            size = min(max(edns.size, wire.PLAIN_UDP), wire.OWN_UDP)
        return cls(
            key=packet[:2],
            question=packet[wire.HEADER_SIZE : query.end],
            flags=int.from_bytes(packet[2:4]) & (wire.RD | wire.CD),
            size=size if udp else wire.TCP,
            edns=edns is not None,
            do=edns is not None and edns.do,
        )


def deliver(response: Response, age: int, client: Client) -> bytes:
    """Write *response*, kept for *age* seconds, in no more octets than asked for.

    What does not fit is left out from the end. That is told by TC, but for the
    additional section (RFC 2181 section 9).
    """
    opt = wire.opt(response.rcode, do=client.do) if client.edns else b""
    room = client.size - wire.HEADER_SIZE - len(client.question) - len(opt)
    fitting = bisect_right(response.ends, room)
    answers, authority, extra = response.counts
    flags = wire.QR | wire.RA | client.flags | response.rcode & 0x0F
    if response.truncated or fitting < answers + authority:
        flags |= wire.TC if client.size < wire.TCP else 0
    counts = (
        min(answers, fitting),
        min(authority, max(fitting - answers, 0)),
        min(extra, max(fitting - answers - authority, 0)) + (1 if opt else 0),
    )
    head = wire.header(client.key, flags, 1, *counts)
    return b"".join((head, client.question, aged(response, age, fitting), opt))


def refuse(client: Client, rcode: int, *, recursive: bool) -> bytes:
    """Write an answer without records; *recursive*: this client may recurse."""
    opt = wire.opt(rcode, do=client.do) if client.edns else b""
    flags = wire.QR | client.flags | rcode | (wire.RA if recursive else 0)
    head = wire.header(client.key, flags, 1, 0, 0, 1 if opt else 0)
    return head + client.question + opt


def aged(response: Response, age: int, count: int) -> bytes:
    """Write the first *count* records, their TTLs *age* seconds lower."""
    octets = bytearray(response.octets[: response.ends[count - 1] if count else 0])
    for at, ttl in response.ttls[:count]:
        _put_ttl(octets, at, max(ttl - age, 0))
    return bytes(octets)
