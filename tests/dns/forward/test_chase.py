"""CNAMEs of ours that lead outside, and what is found there."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import dns.message
import dns.rcode
import pytest

from dnsroom import flags, query, shown
from registrator_dns import names, wire
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.forward.flight import Patience
from registrator_dns.forward.forwarder import Forwarder
from registrator_dns.forward.options import read
from registrator_dns.query import read as read_query
from upstreams import Script, Upstream, options_with, silent, tells, truncates
from waiting import eventually

OURS = "Cache.service.consul"
TARGET = "redis.example.org"
CNAME = f"{OURS}. CNAME {TARGET}."
SHORT = Patience(one=0.3, all=0.5, local=0.1)
# For what is answered, however late: the machine may be busy elsewhere.
LONG = Patience(one=30.0, all=60.0, local=30.0)
SOA = "example.org. 900 SOA ns.example.org. host.example.org. 1 2 3 4 60"


def elsewhere(packet: bytes, target: str) -> Elsewhere:
    """Make our own part of the answer: the CNAME."""
    asked = read_query(packet)
    end = names.wire(names.parse(target)) + wire.ROOT
    record = wire.record(wire.QUESTION_NAME, wire.CNAME, 5, end)
    opt = wire.opt(0, do=asked.edns.do) if asked.edns else b""
    flags_ = wire.QR | wire.AA | wire.RD
    head = wire.header(packet[:2], flags_, 1, 1, 0, 1 if opt else 0)
    local = head + packet[wire.HEADER_SIZE : asked.end] + record + opt
    return Elsewhere(query=asked, local=local, target=end)


class Chased:
    """A forwarder that is asked directly."""

    def __init__(
        self, *places: tuple[str, int], patience: Patience = LONG, **settings: Any
    ) -> None:
        upstream = ",".join(f"{address}:{port}" for address, port in places)
        pairs = options_with(upstream=upstream, **settings)
        self.forwarder = Forwarder(read(pairs, []), patience=patience)
        self.forwarder.open([])
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, packet: bytes, target: str = TARGET, *, udp: bool = True) -> None:
        self.forwarder.ask(
            elsewhere(packet, target),
            packet,
            "127.0.0.1",
            udp=udp,
            reply=self.replies.put_nowait,
        )

    async def ask(
        self, kind: str = "A", target: str = TARGET, *, udp: bool = True, **edns: Any
    ) -> dns.message.Message:
        packet = query(OURS, kind, **edns)
        self.send(packet, target, udp=udp)
        async with asyncio.timeout(20):
            octets = await self.replies.get()
        answer = dns.message.from_wire(octets)
        assert dns.message.from_wire(packet).is_response(answer)
        assert self.replies.empty()
        return answer


async def chased(
    script: Script, kind: str = "A", **settings: Any
) -> dns.message.Message:
    async with Upstream(script) as upstream:
        patience = SHORT if script is silent else LONG
        some = Chased(upstream.place, patience=patience)
        try:
            return await some.ask(kind, **settings)
        finally:
            some.forwarder.close()


async def test_what_the_target_has_stands_behind_the_cname() -> None:
    answer = await chased(
        tells("60 CNAME r1.example.org.", "r1.example.org. 60 A 192.0.2.1")
    )

    assert [str(rrset.name) for rrset in answer.answer] == [
        f"{OURS}.",
        f"{TARGET}.",
        "r1.example.org.",
    ]
    assert shown(answer.answer) == {
        CNAME,
        f"{TARGET}. CNAME r1.example.org.",
        "r1.example.org. A 192.0.2.1",
    }
    assert flags(answer) == "QR AA RD RA"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("MX", "5 mail.example.org."),
        ("SRV", "1 2 3 mail.example.org."),
        ("TXT", '"some text"'),
        ("AAAA", "2001:db8::1"),
        ("HTTPS", '1 . alpn="h2"'),
    ],
)
async def test_every_type_is_found(kind: str, data: str) -> None:
    answer = await chased(tells(f"60 {kind} {data}"), kind)

    assert shown(answer.answer) == {CNAME, f"{TARGET}. {kind} {data}"}


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
async def test_a_denial_of_the_target_is_passed_on(rcode: str) -> None:
    answer = await chased(tells(SOA, rcode=rcode), payload=1232)

    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert shown(answer.answer) == {CNAME}
    assert len(answer.authority) == 1
    assert answer.edns == 0


@pytest.mark.parametrize("script", [silent, tells(rcode="SERVFAIL")])
async def test_where_nothing_is_found_the_cname_is_the_answer(script: Script) -> None:
    answer = await chased(script, payload=1232)

    assert answer.rcode() == dns.rcode.NOERROR
    assert shown(answer.answer) == {CNAME}
    assert answer.edns == 0


async def test_it_is_answered_at_once_where_all_upstreams_failed_before() -> None:
    async with Upstream(silent) as upstream, AsyncExitStack() as end:
        some = Chased(upstream.place, patience=SHORT)
        end.callback(some.forwarder.close)
        await some.ask()
        await eventually(lambda: some.forwarder.counts.failed, "it has failed")
        answer = await some.ask(target="other.example.org")

    assert len(answer.answer) == 1
    assert some.forwarder.counts.asked == 2
    assert some.forwarder.counts.failed == 1


async def test_names_beyond_where_pointers_lead_are_written_in_full() -> None:
    names_ = [f"r{number}.example.org." for number in range(150)]
    records = [f'{name} 60 TXT "{"x" * 200}"' for name in names_]
    answer = await chased(tells(*records, *records[::-1]), "TXT", udp=False)

    assert [str(rrset.name) for rrset in answer.answer] == [f"{OURS}.", *names_]


@pytest.mark.parametrize(
    ("target", "data"),
    [("localhost", ["127.0.0.1"]), ("db", []), ("printer.local", [])],
)
async def test_names_that_nobody_is_asked_for_are_targets_too(
    target: str, data: Sequence[str]
) -> None:
    answer = await chased(tells("60 A 192.0.2.1"), target=target)

    assert shown(answer.answer) == {
        f"{OURS}. CNAME {target}.",
        *(f"{target}. A {address}" for address in data),
    }


async def test_the_cache_is_used_for_it() -> None:
    async with Upstream(tells("300 A 192.0.2.1")) as upstream, AsyncExitStack() as end:
        some = Chased(upstream.place)
        end.callback(some.forwarder.close)
        answers = [await some.ask() for _ in range(3)]

    assert len(upstream.queries) == 1
    assert [len(answer.answer) for answer in answers] == [2, 2, 2]
    assert [rrset.ttl for rrset in answers[-1].answer] == [5, 300]


@pytest.mark.parametrize("edns", [{}, {"payload": 1232}])
async def test_what_does_not_fit_is_told(edns: dict[str, Any]) -> None:
    many = [f"60 AAAA 2001:db8::{number}" for number in range(1, 101)]
    async with Upstream(truncates(*many)) as upstream, AsyncExitStack() as end:
        some = Chased(upstream.place)
        end.callback(some.forwarder.close)
        cut = await some.ask("AAAA", **edns)
        whole = await some.ask("AAAA", udp=False, **edns)
        cut_again = await some.ask("AAAA", **edns)

    assert "TC" in flags(cut)
    assert "TC" not in flags(whole)
    assert len(shown(whole.answer)) == 101
    assert "TC" in flags(cut_again)
    limit = edns.get("payload", 512)
    assert limit - 28 < len(cut_again.to_wire()) <= limit


async def test_who_may_not_recurse_has_the_cname() -> None:
    async with Upstream(tells("300 A 192.0.2.1")) as upstream:
        some = Chased(upstream.place, allow="10.0.0.0/8")
        answer = await some.ask()

    assert shown(answer.answer) == {CNAME}
    assert flags(answer) == "QR AA RD"
    assert upstream.queries == []
