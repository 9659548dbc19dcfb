"""Packets to packets: the whole responder but for its sockets."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from registrator.model import Instance
from registrator_dns import names, wire
from registrator_dns.authority import Authority
from registrator_dns.clients.cookies import Cookies
from registrator_dns.counters import Counters
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.kept import Kept, Ready, Usual
from registrator_dns.names import Labels
from registrator_dns.query import Edns, Malformed, Query, read
from registrator_dns.ready import MOST_ORDERS, pack, take
from registrator_dns.replies import Manner, Replies, denial
from registrator_dns.reply import Reply
from registrator_dns.zone import Key, Zone

Client = tuple[int, bytes]
"""How many octets a client takes, and the OPT to send to it, if any."""

_WITHOUT_EDNS: Client = (wire.PLAIN_UDP, b"")

_LETTER = re.compile(rb"[A-Za-z]")
_USUAL_FLAGS = wire.RD | wire.AD | wire.CD

# Asked for often enough to be kept; an answer of any other type is built each time.
_KEPT_KINDS = {wire.A, wire.AAAA, wire.SRV, wire.TXT, wire.PTR, wire.HTTPS}


class Answer(Protocol):
    """Answers a packet in no more octets than its transport and sender take.

    None where silence is the answer, `Elsewhere` where others have it. Neither
    raises nor waits.
    """

    def __call__(
        self, packet: bytes, *, udp: bool, client: str = ""
    ) -> bytes | Elsewhere | None:
        """Answer one packet from the address *client*, where it is known."""


class Answers:
    """Answers from a zone, and keeps each answer until the place it is from changes.

    A kept answer is found by the octets of its question in lower case. That lowers
    the type as well, but of the kept ones only HTTPS, for which there is no data.
    """

    def __init__(
        self,
        zone: Zone,
        domains: Sequence[Labels],
        manner: Manner | None = None,
        *,
        kept: int = 1 << 15,
        forwards: bool = False,
        cookies: Cookies | None = None,
    ) -> None:
        """*domains* as in `Authority`; at most *kept* answers are kept.

        *forwards*: what is in no zone of ours is `Elsewhere`, and not refused.
        Clients get cookies if there are *cookies*.
        """
        self.counters = Counters()
        self._zone = zone
        self._domains = tuple(domains)
        self._manner = manner or Manner()
        self._replies = Replies(domains, self._manner)
        self._authority = Authority(
            zone, domains, self._manner.ttl, self._manner.negative_ttl
        )
        self._authority.limit = self._manner.limit
        self._kept = Kept(kept)
        self._cookies = cookies
        self._forwards = forwards
        # The same for every client, for kept answers are; one that may not ask for
        # what is elsewhere is told so where it does (RFC 1035 4.1.1).
        self._recursion = wire.RA if forwards else 0
        self._forget(())

    @property
    def usual(self) -> Usual:
        """What needs no look at a query, for whoever has many of them."""
        return Usual(self._kept.ready, self.counters.udp)

    @property
    def instances(self) -> Mapping[str, Instance]:
        """All that is shown, as it is now."""
        return self._zone.instances

    @property
    def authority(self) -> Authority:
        """What may be said to a question, and what is not."""
        return self._authority

    def put(self, key: str, instance: Instance) -> None:
        """Show *instance* from the next answer on, in place of what had its key."""
        self._forget(self._zone.put(key, instance))

    def drop(self, key: str) -> None:
        """Show an instance no longer from the next answer on."""
        self._forget(self._zone.drop(key))

    def answer(
        self, packet: bytes, *, udp: bool, client: str = ""
    ) -> bytes | Elsewhere | None:
        """Answer one packet, as `Answer` promises."""
        ready = self._kept.ready.get(packet[2:].lower())
        if ready is None:
            return self._answer_carefully(packet, udp=udp, client=client)
        counts = self.counters.udp if udp else self.counters.tcp
        counts[wire.NOERROR] += 1
        return _complete(packet, ready)

    def _answer_carefully(
        self, packet: bytes, *, udp: bool, client: str
    ) -> bytes | Elsewhere | None:
        if len(packet) < wire.HEADER_SIZE or packet[2] & 0x80:
            self.counters.ignored += 1
            return None
        counts = self.counters.udp if udp else self.counters.tcp
        flags = wire.QR | int.from_bytes(packet[2:4]) & (wire.OPCODE | wire.RD)
        flags |= self._recursion
        if flags & wire.OPCODE:
            counts[wire.NOTIMP] += 1
            return wire.header(packet[:2], flags | wire.NOTIMP, 0, 0, 0, 0)
        try:
            query = read(packet)
        except Malformed:
            counts[wire.FORMERR] += 1
            return wire.header(packet[:2], flags | wire.FORMERR, 0, 0, 0, 0)
        found = self._find(packet[wire.HEADER_SIZE : query.end].lower(), query)
        if isinstance(found, Elsewhere):
            return found
        rcode, reply, target = found
        counts[rcode] += 1
        client_ = self._takes(query.edns, rcode, client)
        answer = self._answer_query(packet, query, (rcode, reply), client_, udp=udp)
        if target:
            octets = names.wire(target) + wire.ROOT
            return Elsewhere(query=query, local=answer, target=octets)
        return answer

    def _answer_query(
        self,
        packet: bytes,
        query: Query,
        found: tuple[int, Reply],
        client: Client,
        *,
        udp: bool,
    ) -> bytes:
        rcode, reply = found
        flags = wire.QR | int.from_bytes(packet[2:4]) & wire.RD | rcode & 0x0F
        flags |= self._recursion
        if rcode in {wire.NOERROR, wire.NXDOMAIN}:
            flags |= wire.AA
        question = packet[wire.HEADER_SIZE : query.end]
        size, opt = client
        is_whole = reply.size <= size - query.end - len(opt)
        if is_whole and rcode == wire.NOERROR and _is_usual(packet, query):
            ready = self._ready(flags, query.end, reply, client)
            self._kept.prepare(question.lower(), packet[2:].lower(), ready)
            return _complete(packet, ready)
        room = size if udp else wire.TCP
        return self._write(packet[:2], flags, question, reply, (room, opt))

    def _takes(self, edns: Edns | None, rcode: int, client: str) -> Client:
        if edns is None:
            return _WITHOUT_EDNS
        options = b""
        if edns.cookie and self._cookies and client and not edns.version:
            cookie = self._cookies.renew(edns.cookie, client)
            options = wire.option(wire.COOKIE, cookie) if cookie else b""
        own = self._manner.udp_size
        size = min(max(edns.size, wire.PLAIN_UDP), own)
        return size, wire.opt(rcode, do=edns.do, size=own, options=options)

    def _find(
        self, question: bytes, query: Query
    ) -> tuple[int, Reply, Labels] | Elsewhere:
        """Find what is answered, and the name outside that others are asked for."""
        if query.edns and query.edns.version:
            return wire.BADVERS, denial(b"", 0), ()
        reply = self._kept.find(question)
        if reply is not None:
            return wire.NOERROR, reply, ()
        verdict = self._authority.judge(query)
        if verdict.is_elsewhere and self._forwards:
            return Elsewhere(query=query)
        reply = self._replies.build(query, verdict, self._zone.serial)
        target = verdict.target if self._forwards else ()
        if verdict.key is not None and query.kind in _KEPT_KINDS and not target:
            self._kept.keep(verdict.key, question, reply)
        return verdict.rcode, reply, target

    def _ready(self, flags: int, end: int, reply: Reply, client: Client) -> Ready:
        """Answer queries whose question ends at *end*: in turns, as the SOA is then."""

        def write(packet: bytes) -> bytes:
            question = packet[wire.HEADER_SIZE : end]
            return self._write(packet[:2], flags, question, reply, client)

        if not 0 < reply.orders <= MOST_ORDERS:
            return write
        # What stands for the question is not used.
        return pack([write(bytes(end)) for _ in range(reply.orders)], end)

    def _write(
        self, key: bytes, flags: int, question: bytes, reply: Reply, client: Client
    ) -> bytes:
        size, opt = client
        answers = authority = extra = 0
        if reply.count:
            room = size - wire.HEADER_SIZE - len(question) - len(opt)
            answers, extra, octets = reply.fit(room)
            if answers < reply.count and size < wire.TCP:
                flags |= wire.TC
                self.counters.truncated += 1
        elif reply.apex:
            authority, octets = 1, reply.apex + self._soas[reply.soa]
        else:
            octets = b""
        extra += 1 if opt else 0
        head = wire.header(key, flags, 1, answers, authority, extra)
        return b"".join((head, question, octets, opt))

    def _forget(self, changed: Iterable[Key]) -> None:
        self._kept.forget(changed)
        ttl = self._manner.negative_ttl
        soas = map(self._authority.soa, self._domains)
        self._soas = [b"", *(wire.record(b"", wire.SOA, ttl, soa) for soa in soas)]


def _complete(packet: bytes, ready: Ready) -> bytes:
    return take(ready, packet) if isinstance(ready, bytearray) else ready(packet)


def _is_usual(packet: bytes, query: Query) -> bool:
    """Whether nothing but id, case, RD, AD, CD and the OPT can differ in *packet*.

    An OPT in which an octet could be a letter is unusual: what is kept is found by
    lower case.
    """
    rest = packet[query.end :]
    flags = int.from_bytes(packet[2:4])
    size = wire.OPT_SIZE if query.edns else 0
    return not flags & ~_USUAL_FLAGS and len(rest) == size and not _LETTER.search(rest)
