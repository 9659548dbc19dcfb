"""What a verdict becomes: the records that are answered, and in which manner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from registrator_dns import names, wire
from registrator_dns.authority import Verdict
from registrator_dns.names import Labels
from registrator_dns.query import Query
from registrator_dns.records import RRset
from registrator_dns.reply import Order, Reply, arranged


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How answers are given, whatever they say; the TTLs are seconds."""

    ttl: int = 0
    """Of what belongs to no service: there the zone says which."""
    negative_ttl: int = 0
    limit: int = 0
    """How many addresses one answer may have; 0: as many as there are."""
    order: Order = Order.ROTATE
    udp_size: int = wire.OWN_UDP
    """The octets of the largest answer over UDP."""


class Replies:
    """Builds replies for the zones of these *domains*."""

    def __init__(self, domains: Sequence[Labels], manner: Manner) -> None:
        self._domains = tuple(domains)
        self._primary = names.wire(domains[0]) + wire.ROOT
        self._manner = manner
        self._turn = 0

    def build(self, query: Query, verdict: Verdict, turn: int) -> Reply:
        """Build the reply to *query*; its answers begin with that whose *turn* it is.

        Where changes are frequent, not always the same one is to be first.
        """
        rrset, apex, ttl = verdict.rrset, verdict.apex, verdict.ttl
        at_apex = query.end - 4 - len(names.wire(apex)) - 1
        is_own = apex in self._domains
        if rrset is None or not rrset.rdatas:
            soa = 1 + self._domains.index(apex) if is_own else 1
            return denial(wire.pointer(at_apex), soa) if apex else denial(b"", 0)
        if verdict.chain:
            return self._build_chain(rrset, verdict)
        domain = wire.pointer(at_apex) if is_own else self._primary
        glue = [
            (len(it.rdatas), _records(it.owner + domain, it.kind, it.rdatas, ttl))
            for it in rrset.glue
        ]
        return Reply(
            _records(wire.QUESTION_NAME, rrset.kind, rrset.rdatas, ttl, cls=query.cls),
            [(count, b"".join(octets)) for count, octets in glue],
            turn=turn,
            order=self._manner.order,
            limit=self._limit_of(rrset),
        )

    def _build_chain(self, alias: RRset, verdict: Verdict) -> Reply:
        """Build an answer that begins with an alias: there is nothing to turn.

        Of what the alias leads to, another record is the first each time, for such an
        answer is built each time.
        """
        *further, (owner, last, ttl) = verdict.chain
        self._turn += 1
        first = self._turn % len(last.rdatas)
        count = min(len(last.rdatas), self._limit_of(last) or len(last.rdatas))
        rdatas = arranged(last.rdatas, self._manner.order, first, count)
        parts = [
            (wire.QUESTION_NAME, alias.kind, alias.rdatas, verdict.ttl),
            *((each, rrset.kind, rrset.rdatas, ttl) for each, rrset, ttl in further),
            (owner, last.kind, rdatas, ttl),
        ]
        answers = [record for part in parts for record in _records(*part)]
        return Reply(answers, order=Order.FIXED)

    def _limit_of(self, rrset: RRset) -> int:
        return self._manner.limit if rrset.kind in {wire.A, wire.AAAA} else 0


@lru_cache(512)
def denial(apex: bytes, soa: int) -> Reply:
    """Share what has no records of its own; *apex* is empty or a pointer."""
    return Reply(apex=apex, soa=soa)


def _records(
    owner: bytes, kind: int, rdatas: Iterable[bytes], ttl: int, *, cls: int = wire.IN
) -> list[bytes]:
    return [wire.record(owner, kind, ttl, rdata, cls=cls) for rdata in rdatas]
