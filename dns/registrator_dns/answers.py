"""Packets to packets: the whole responder but for its sockets."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol

from registrator.model import Service, ServiceId
from registrator_dns import names, wire
from registrator_dns.authority import Authority, Verdict
from registrator_dns.counters import Counters
from registrator_dns.names import Labels
from registrator_dns.places import Key
from registrator_dns.query import Edns, Malformed, Query, read
from registrator_dns.reply import Reply
from registrator_dns.zone import Zone

Client = tuple[int, bytes]
"""How many octets a client takes, and the OPT to send to it, if any."""

_WITHOUT_EDNS: Client = (wire.PLAIN_UDP, b"")

# Asked for often enough to be kept; an answer of any other type is built each time.
_KEPT_KINDS = {wire.A, wire.AAAA, wire.SRV, wire.TXT, wire.PTR, wire.HTTPS}


class Answer(Protocol):
    """Answers a packet in no more octets than its transport and sender take.

    None where silence is the answer. Neither raises nor waits.
    """

    def __call__(self, packet: bytes, *, udp: bool) -> bytes | None:
        """Answer one packet."""


class Answers:
    """Answers from a zone, and keeps each answer until the place it is from changes.

    A kept answer is found by the octets of its question in lower case. That lowers
    the type as well, but of the kept ones only HTTPS, for which there is no data.
    """

    def __init__(
        self, zone: Zone, domain: Labels, ttl: int, *, kept: int = 1 << 16
    ) -> None:
        """*ttl* is in seconds; at most *kept* answers are kept."""
        self.counters = Counters()
        self._zone = zone
        self._apex = domain
        self._domain = names.wire(domain) + wire.ROOT
        self._ttl = ttl
        self._authority = Authority(zone, domain, ttl)
        self._replies: dict[bytes, Reply] = {}
        self._questions: dict[Key, list[bytes]] = {}
        self._limit = kept
        self._forget(())

    @property
    def services(self) -> Mapping[ServiceId, Service]:
        """All that is shown."""
        return self._zone.services

    def put(self, service: Service) -> None:
        """Show *service* from the next answer on."""
        self._forget(self._zone.put(service))

    def drop(self, key: ServiceId) -> None:
        """Show a service no longer from the next answer on."""
        self._forget(self._zone.drop(key))

    def answer(self, packet: bytes, *, udp: bool) -> bytes | None:
        """Answer one packet, as `Answer` promises."""
        size, opt = _WITHOUT_EDNS
        question = packet[wire.HEADER_SIZE :]
        reply = self._replies.get(question.lower())
        if reply is not None:
            head = reply.heads.get(packet[2:12])
        else:
            question = packet[wire.HEADER_SIZE : -wire.OPT_SIZE]
            reply = self._replies.get(question.lower())
            if reply is None:
                return self._answer_carefully(packet, udp=udp)
            size, opt = _usual_client(packet[-wire.OPT_SIZE :])
            head = reply.heads_with_opt.get(packet[2:12]) if opt else None
        if head is None:
            return self._answer_carefully(packet, udp=udp)
        if udp:
            self.counters.udp[wire.NOERROR] += 1
        else:
            self.counters.tcp[wire.NOERROR] += 1
            size = wire.TCP
        if size - wire.HEADER_SIZE - len(question) - len(opt) < reply.usual_size:
            flags = int.from_bytes(head[:2])
            return self._write(packet[:2], flags, question, reply, (size, opt))
        soa = self._soa if reply.apex else b""
        return b"".join((packet[:2], head, question, reply.usual(), soa, opt))

    def _answer_carefully(self, packet: bytes, *, udp: bool) -> bytes | None:
        if len(packet) < wire.HEADER_SIZE or packet[2] & 0x80:
            self.counters.ignored += 1
            return None
        counts = self.counters.udp if udp else self.counters.tcp
        flags = wire.QR | int.from_bytes(packet[2:4]) & (wire.OPCODE | wire.RD)
        if flags & wire.OPCODE:
            counts[wire.NOTIMP] += 1
            return wire.header(packet[:2], flags | wire.NOTIMP, 0, 0, 0, 0)
        try:
            query = read(packet)
        except Malformed:
            counts[wire.FORMERR] += 1
            return wire.header(packet[:2], flags | wire.FORMERR, 0, 0, 0, 0)
        rcode, reply = self._find(packet[wire.HEADER_SIZE : query.end].lower(), query)
        counts[rcode] += 1
        flags |= rcode & 0x0F
        if rcode in {wire.NOERROR, wire.NXDOMAIN}:
            flags |= wire.AA
        size, opt = _client(query.edns, rcode)
        return self._write(
            packet[:2],
            flags,
            packet[wire.HEADER_SIZE : query.end],
            reply,
            (size if udp else wire.TCP, opt),
        )

    def _find(self, question: bytes, query: Query) -> tuple[int, Reply]:
        if query.edns and query.edns.version:
            return wire.BADVERS, _denial(b"")
        reply = self._replies.get(question)
        if reply is not None:
            return wire.NOERROR, reply
        verdict = self._authority.judge(query)
        reply = self._build(query, verdict)
        if verdict.key is not None and query.kind in _KEPT_KINDS:
            self._keep(verdict.key, question, reply)
        return verdict.rcode, reply

    def _build(self, query: Query, verdict: Verdict) -> Reply:
        name_end = query.end - 4
        if verdict.rrset is None or not verdict.rrset.rdatas:
            size = len(names.wire(verdict.apex)) + 1
            return _denial(wire.pointer(name_end - size) if verdict.apex else b"")
        domain = self._domain
        if verdict.apex == self._apex:
            domain = wire.pointer(name_end - len(domain))

        def write(owner: bytes, kind: int, rdatas: Iterable[bytes]) -> list[bytes]:
            return [
                wire.record(owner, kind, self._ttl, rdata, cls=query.cls)
                for rdata in rdatas
            ]

        rrset = verdict.rrset
        return Reply(
            write(wire.QUESTION_NAME, rrset.kind, rrset.rdatas),
            [
                (len(it.rdatas), b"".join(write(it.owner + domain, it.kind, it.rdatas)))
                for it in rrset.glue
            ],
            # Where changes are frequent, not always the same one is to be first.
            turn=self._zone.serial,
        )

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
            authority, octets = 1, reply.apex + self._soa
        else:
            octets = b""
        extra += 1 if opt else 0
        head = wire.header(key, flags, 1, answers, authority, extra)
        return b"".join((head, question, octets, opt))

    def _keep(self, key: Key, question: bytes, reply: Reply) -> None:
        while len(self._replies) >= self._limit:
            # The newest goes: whoever asks for everything evicts mostly his own.
            for other in self._questions.popitem()[1]:
                del self._replies[other]
        self._replies[question] = reply
        self._questions.setdefault(key, []).append(question)

    def _forget(self, changed: Iterable[Key]) -> None:
        for key in changed:
            for question in self._questions.pop(key, ()):
                del self._replies[question]
        self._soa = wire.record(b"", wire.SOA, self._ttl, self._authority.soa())


@lru_cache(512)
def _denial(apex: bytes) -> Reply:
    """Share what has no records of its own; *apex* is empty or a pointer."""
    return Reply(apex=apex)


def _client(edns: Edns | None, rcode: int) -> Client:
    if edns is None:
        return _WITHOUT_EDNS
    size = min(max(edns.size, wire.PLAIN_UDP), wire.OWN_UDP)
    return size, wire.opt(rcode, do=edns.do)


@lru_cache(256)
def _usual_client(rest: bytes) -> Client:
    """Read what follows a question; without an OPT to send if it is unusual.

    Usual is one OPT, of version 0 and without options.
    """
    if rest[:3] != b"\0\0\x29" or rest[6] or rest[9:] != b"\0\0":
        return _WITHOUT_EDNS
    edns = Edns(int.from_bytes(rest[3:5]), 0, bool(rest[7] & 0x80))
    return _client(edns, wire.NOERROR)
