"""Hostile queries: each is answered properly, forwarded, or not at all."""

import dns.message
import dns.opcode
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsroom import query, responder
from mutations import mutated
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.forward.asked import Question, asked
from registrator_dns.forward.forwarder import Forwarder
from registrator_dns.forward.options import NAMES, read
from samples import web

ANSWERS = responder(web(), forwards=True)
# One zone only: every other name is refused, or answered for what it is.
FORWARDER = Forwarder(read({**NAMES, "zone-upstream": "corp.example=192.0.2.1"}, []))

OURS = "web.service.consul"
NAMES_ASKED = [OURS, "www.example.org", "db", "a.localhost", "x.local", "consul", "."]
EDNS = [{}, {"payload": 0}, {"payload": 1232, "ednsflags": 0x8000}, {"edns": 1}]
PASSED_ON = Question(octets=query("a.test")[12:], do=True, cd=True, udp=True)
TRAILING = asked(PASSED_ON, b"8 octets", edns=True)

QUERIES = st.one_of(
    st.builds(
        lambda name, kind, edns: query(name, kind, **edns),
        st.sampled_from(NAMES_ASKED),
        st.sampled_from(["A", "AAAA", "SRV", "AXFR", "TKEY", "ANY", "OPT", "DS"]),
        st.sampled_from(EDNS),
    ),
    st.just(TRAILING),
)


@settings(max_examples=800)
@given(
    mutated(QUERIES),
    st.booleans(),
    st.sampled_from(["127.0.0.1", "8.8.8.8", "fe80::1%7"]),
)
def test_whatever_is_asked_one_proper_answer_comes_back(
    packet: bytes, udp: bool, client: str
) -> None:
    found = ANSWERS.answer(packet, udp=udp)
    if not isinstance(found, Elsewhere):
        return
    replies: list[bytes] = []

    FORWARDER.ask(found, packet, client, udp=udp, reply=replies.append)

    (octets,) = replies
    assert octets[:2] == packet[:2]
    assert octets[12 : found.query.end] == packet[12 : found.query.end]
    assert len(octets) <= (1232 if udp else 65_535)
    assert dns.message.from_wire(octets).opcode() == dns.opcode.QUERY
    assert ANSWERS.answer(octets, udp=udp) is None
