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
    query = _query(text.name_of(name), text.kind_of(kind))
    verdict = authority.judge(query)
    if verdict.is_elsewhere and authority.beyond is not None:
        word, reason = authority.beyond(query)
        return {"rcode": word, "reason": reason, "records": []}
    records = list(_records(authority, query.labels, verdict))
    is_answer = verdict.rcode == wire.NOERROR and bool(records)
    reason = _REASONS[verdict.rcode]
    return {
        "rcode": text.rcode(verdict.rcode),
        "reason": _manner(verdict, authority.limit) if is_answer else reason,
        "records": records,
    }


def _query(labels: Labels, kind: int) -> Query:
    end = wire.HEADER_SIZE + len(names.wire(labels)) + 1 + 4
    return Query(labels, kind, wire.IN, end, None)


def _manner(verdict: Verdict, limit: int) -> str:
    """Say what an answer has of the records, if that is not all of them."""
    last = verdict.chain[-1].rrset if verdict.chain else verdict.rrset
    if last is None or last.kind not in {wire.A, wire.AAAA}:
        return ""
    is_limited = 0 < limit < len(last.rdatas)
    return f"each answer has {limit} of the addresses" if is_limited else ""


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
    sources: dict[bytes, list[str]] = {}
    for key, share in authority.shares(labels, rrset.kind).items():
        for rdata in share if key else ():
            sources.setdefault(rdata, []).append(key)
    for rdata in rrset.rdatas:
        yield _record("answer", owner, rrset.kind, ttl, rdata, sources.get(rdata, ()))


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
