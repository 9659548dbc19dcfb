"""Hostile packets: whatever comes, the reply is small, readable, or not there."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from dns.edns import OptionType
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsroom import FOO, query, responder
from mutations import mutated
from registrator_dns.answers import Answers
from registrator_dns.wire import TCP
from samples import web

LONGEST_DOMAIN = ".".join(["d" * 29] * 3)[:89]
NAMES = [
    "a.service.consul",
    "tag.a.service.dc1.consul",
    "_a._tcp.consul",
    "foo.node.consul",
    "0a000001.addr.consul",
    "1.0.0.10.in-addr.arpa",
    "consul",
    "service.consul",
    "x.service.consul",
    "*.service.consul",
    "*.a.service.*.consul",
    "b._a._tcp.consul",
    "_services._dns-sd._udp.consul",
    "alias.service.consul",
    "a.service.alt.example",
    "example.org",
    ".",
]
KINDS = ["A", "AAAA", "SRV", "TXT", "SOA", "NS", "PTR", "ANY", "HTTPS", "AXFR", "OPT"]
EDNS = [
    {},
    {"payload": 0},
    {"payload": 1232},
    {"payload": 65_535, "ednsflags": 0x8000},
    {"edns": 1},
    {"options": [dns.edns.GenericOption(OptionType.COOKIE, b"12345678")]},
]


def filled(domain: str = "consul") -> Answers:
    services = [
        web(str(n), name="a", address=f"10.0.0.{n}", tags=("tag",), metadata={"v": "1"})
        for n in range(1, 60)
    ]
    alias = web("alias", name="alias", address=f"a.service.{domain}")
    domains = f"{domain},alt.example"
    return responder(*services, web("b", name="b"), alias, host=FOO, domain=domains)


RESPONDER = filled()

QUERIES = st.builds(
    lambda name, kind, cls, edns: query(name, kind, cls, **edns),
    st.sampled_from(NAMES),
    st.sampled_from(KINDS),
    st.sampled_from(["IN", "IN", "CH", "ANY"]),
    st.sampled_from(EDNS),
)


def allowed(packet: bytes, *, udp: bool) -> int:
    """Say how large the reply may be, reading the query with dnspython."""
    if not udp:
        return TCP
    try:
        asked = dns.message.from_wire(packet)
    except Exception:  # noqa: BLE001  dnspython raises many kinds, struct's included
        return 1232
    return min(max(asked.payload, 512), 1232) if asked.edns >= 0 else 512


def check(answers: Answers, packet: bytes, *, udp: bool) -> None:
    octets = answers.answer(packet, udp=udp)
    if len(packet) < 12 or packet[2] & 0x80:
        assert octets is None
        return
    assert isinstance(octets, bytes)
    assert octets[:2] == packet[:2]
    reply = dns.message.from_wire(octets)
    assert reply.flags & dns.flags.QR
    assert not reply.flags & (dns.flags.RA | dns.flags.AD | dns.flags.CD | 0x40)
    assert reply.opcode() == packet[2] >> 3 & 15
    assert len(octets) <= allowed(packet, udp=udp)
    assert answers.answer(octets, udp=udp) is None


@settings(max_examples=300)
@given(st.binary(max_size=80), st.booleans())
def test_any_octets_are_answered_properly_or_not_at_all(
    packet: bytes, udp: bool
) -> None:
    check(RESPONDER, packet, udp=udp)


@settings(max_examples=300)
@given(st.binary(max_size=60), st.booleans())
def test_any_octets_behind_a_header_are_answered_properly(
    body: bytes, udp: bool
) -> None:
    check(RESPONDER, b"id\1\0\0\1\0\0\0\0\0\1" + body, udp=udp)


@settings(max_examples=600)
@given(mutated(QUERIES, fewest=1), st.booleans())
def test_a_mutated_query_is_answered_properly_or_not_at_all(
    packet: bytes, udp: bool
) -> None:
    check(RESPONDER, packet, udp=udp)


@settings(max_examples=300)
@given(QUERIES, st.booleans())
def test_a_proper_query_is_never_malformed(packet: bytes, udp: bool) -> None:
    check(RESPONDER, packet, udp=udp)
    octets = RESPONDER.answer(packet, udp=udp)

    assert isinstance(octets, bytes)
    assert octets[3] & 0x0F != dns.rcode.FORMERR


@settings(max_examples=200)
@given(st.lists(st.sampled_from(b"aZ\0.\xc0\xff_"), min_size=1, max_size=63))
def test_the_question_is_always_echoed_octet_by_octet(label: list[int]) -> None:
    name = bytes([len(label), *label]) + b"\1a\7sERvice\6ConSUL\0"
    packet = b"id\0\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"

    for answers in (RESPONDER, filled()):
        octets = answers.answer(packet, udp=True)

        assert isinstance(octets, bytes)
        assert octets[12 : len(packet)] == packet[12:]


@pytest.mark.parametrize(
    "suffix", [LONGEST_DOMAIN, f"service.{LONGEST_DOMAIN}", "1.0.0.10.in-addr.arpa"]
)
@pytest.mark.parametrize("kind", ["A", "SRV", "SOA", "NS", "PTR"])
def test_the_longest_names_leave_room_for_a_denial(suffix: str, kind: str) -> None:
    answers = filled(domain=LONGEST_DOMAIN)
    room = 253 - len(suffix)
    name = ".".join(["y" * 60] * 4)[: room - 1].rstrip(".") + f".{suffix}"

    octets = answers.answer(query(name, kind, payload=512), udp=True)

    assert isinstance(octets, bytes)
    assert len(octets) <= 512
    assert len(dns.message.from_wire(octets).authority) == 1


def test_a_packet_of_nothing_but_records_is_read_through() -> None:
    packet = b"id\0\0\0\1" + b"\xff" * 6 + b"\0\0\1\0\1" + b"\0" * 65_000

    octets = RESPONDER.answer(packet, udp=False)

    assert octets == b"id\x80\1" + bytes(8)
