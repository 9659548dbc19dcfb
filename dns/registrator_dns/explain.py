"""Why a question is answered as it is: for people, not for the network.

Pure, and slower than an answer; it is asked for by `registrator-ctl dns`.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from registrator_dns import names, text, wire
from registrator_dns.authority import Authority, Verdict
from registrator_dns.names import Labels
from registrator_dns.process.frames import Message
from registrator_dns.query import Query
from registrator_dns.records import RRset

_RCODES: Final = {
    wire.NOERROR: "NOERROR",
    wire.SERVFAIL: "SERVFAIL",
    wire.NXDOMAIN: "NXDOMAIN",
    wire.REFUSED: "REFUSED",
}
_REASONS: Final = {
    wire.NOERROR: "there is such a name, with nothing of this type",
    wire.SERVFAIL: "no such name is shown, but a registry was not read, or is away",
    wire.NXDOMAIN: "no instance that is shown has this name, or one below it",
    wire.REFUSED: "the name is in no domain of this responder",
}


def explain(authority: Authority, name: str, kind: str) -> Message:
    """Answer a question, and say which instances each record stands for.

    Instances are given by key. Raise ValueError for what is no question.
    """
    labels, number = text.name_of(name), text.kind_of(kind)
    verdict = _judge(authority, labels, number)
    records = list(_records(authority, labels, verdict))
    is_answer = verdict.rcode == wire.NOERROR and bool(records)
    return {
        "rcode": _RCODES[verdict.rcode],
        "reason": "" if is_answer else _REASONS[verdict.rcode],
        "records": records,
    }


def _judge(authority: Authority, labels: Labels, kind: int) -> Verdict:
    end = wire.HEADER_SIZE + len(names.wire(labels)) + 1 + 4
    return authority.judge(Query(labels, kind, wire.IN, end, None))


def _records(
    authority: Authority, labels: Labels, verdict: Verdict
) -> Iterator[Message]:
    if verdict.rrset is None:
        return
    owner = names.wire(labels) + wire.ROOT
    yield from _of(authority, labels, owner, verdict.rrset, verdict.ttl)
    for link in verdict.chain:
        target = text.name_of(text.name(link.owner))
        yield from _of(authority, target, link.owner, link.rrset, link.ttl)
    domain = authority.written(verdict.apex)
    for each in verdict.rrset.glue:
        yield from (
            _record("additional", each.owner + domain, each.kind, verdict.ttl, rdata)
            for rdata in each.rdatas
        )


def _of(
    authority: Authority, labels: Labels, owner: bytes, rrset: RRset, ttl: int
) -> Iterator[Message]:
    shares = authority.shares(labels, rrset.kind)
    for rdata in rrset.rdatas:
        sources = [key for key, share in shares.items() if key and rdata in share]
        yield _record("answer", owner, rrset.kind, ttl, rdata, sources)


def _record(
    section: str,
    owner: bytes,
    kind: int,
    ttl: int,
    rdata: bytes,
    sources: Iterable[str] = (),
) -> Message:
    return {
        "section": section,
        "name": text.name(owner),
        "ttl": ttl,
        "type": text.word_of(kind),
        "data": text.data(kind, rdata),
        "sources": list(sources),
    }
