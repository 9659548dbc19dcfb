import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsroom import query, shown
from mutations import mutated
from registrator_dns import wire
from registrator_dns.forward.delivery import Client, deliver
from registrator_dns.forward.response import Response, read
from registrator_dns.forward.walk import Garbled
from registrator_dns.query import read as read_query
from upstreams import Asked, reply

NAME = "Www.Example.org"
KEY = b"\x12\x34"
SOA = "ns.example.org. host.example.org. 1 2 3 4 60"


def asked(kind: str = "A", name: str = NAME) -> Asked:
    made = dns.message.from_wire(query(name, kind, payload=1232))
    assert isinstance(made, dns.message.QueryMessage)
    return made


def question(kind: str = "A") -> bytes:
    packet = query(NAME, kind)
    return packet[wire.HEADER_SIZE :]


def told(*records: str, kind: str = "A", rcode: str = "NOERROR") -> Response:
    packet = reply(asked(kind), *records, rcode=rcode).to_wire(max_size=65_535)
    return read(packet, KEY, question(kind))


def seen(response: Response, age: int = 0, size: int = 65_535) -> dns.message.Message:
    """Deliver a response, and read it with dnspython."""
    packet = query(NAME, "A", payload=size)
    client = Client.of(read_query(packet), packet, udp=size < 65_535)
    octets = deliver(response, age, client)
    assert len(octets) <= size
    return dns.message.from_wire(octets)


@pytest.mark.parametrize(
    ("records", "rcode", "lifetime"),
    [
        (["300 A 192.0.2.1", "60 A 192.0.2.2"], "NOERROR", 60),
        (["300 CNAME a.example.org.", "a.example.org. 7 A 192.0.2.1"], "NOERROR", 7),
        (["86400 A 192.0.2.1"], "NOERROR", 3600),
        (["0 A 192.0.2.1"], "NOERROR", 0),
        (["2147483647 A 192.0.2.1"], "NOERROR", 3600),
        ([f"example.org. 900 SOA {SOA}"], "NXDOMAIN", 60),
        ([f"example.org. 30 SOA {SOA}"], "NOERROR", 30),
        ([f"example.org. 900 SOA {SOA}00"], "NXDOMAIN", 300),
        (["90 CNAME a.org.", f"org. 80 SOA {SOA}"], "NXDOMAIN", 60),
        ([], "NXDOMAIN", 0),
        ([], "NOERROR", 0),
        ([], "SERVFAIL", 0),
    ],
)
def test_an_answer_is_kept_for_its_lowest_ttl_a_denial_for_that_of_its_soa(
    records: list[str], rcode: str, lifetime: int
) -> None:
    assert told(*records, rcode=rcode).lifetime == lifetime


def test_a_ttl_beyond_what_there_is_is_none() -> None:
    packet = reply(asked(), "1 A 192.0.2.1").to_wire()
    huge = packet.replace(b"\0\0\0\1\0\4", b"\x80\0\0\1\0\4")

    response = read(huge, KEY, question())

    assert response.lifetime == 0
    assert seen(response).answer[0].ttl == 0


@pytest.mark.parametrize("kind", ["MX", "NS", "CNAME", "PTR", "SOA", "SRV", "DNAME"])
def test_names_in_records_are_read_where_they_are_compressed(kind: str) -> None:
    data = {"MX": "5 a.example.org.", "SRV": "1 2 3 a.example.org.", "SOA": SOA}
    text = data.get(kind, "a.example.org.")
    told_ = reply(asked(kind))
    told_.answer.append(dns.rrset.from_text(NAME.lower() + ".", 60, "IN", kind, text))

    response = read(told_.to_wire(), KEY, question(kind))

    assert response.counts == (1, 0, 0)


TRUTH = reply(asked(), "60 A 192.0.2.1").to_wire()
END = wire.HEADER_SIZE + len(question())
LIES = {
    "id": b"\x12\x35" + TRUTH[2:],
    "query": TRUTH[:2] + b"\1" + TRUTH[3:],
    "opcode": TRUTH[:2] + b"\xa8" + TRUTH[3:],
    "name": TRUTH.replace(b"Example", b"Exbmple", 1),
    "type": TRUTH[: END - 3] + b"\x1c" + TRUTH[END - 2 :],
    "class": TRUTH[: END - 1] + b"\3" + TRUTH[END:],
    "no question": TRUTH[:4] + b"\0\0" + TRUTH[6:12] + TRUTH[END:],
    "two questions": TRUTH[:4] + b"\0\2" + TRUTH[6:END] + TRUTH[12:],
    "cut": TRUTH[:-12],
    "more": TRUTH + b"\0",
    "counts": TRUTH[:6] + b"\0\2" + TRUTH[8:],
    "length": TRUTH.replace(b"\0\4\xc0\0\2\1", b"\0\3\xc0\0\2\1"),
    "loop": TRUTH.replace(b"\xc0\x0c", (0xC000 | END).to_bytes(2), 1),
    "header pointer": TRUTH.replace(b"\xc0\x0c", b"\xc0\0", 1),
    "nothing": b"",
}


def test_the_truth_is_none_of_the_lies() -> None:
    assert read(TRUTH, KEY, question()).counts == (1, 0, 0)
    assert TRUTH not in LIES.values()


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_is_not_the_answer_to_the_query_is_garbled(lie: bytes) -> None:
    with pytest.raises(Garbled):
        read(lie, KEY, question())


def test_the_case_of_the_name_does_not_matter() -> None:
    packet = reply(asked(), "60 A 192.0.2.1").to_wire()

    response = read(packet.replace(b"Example", b"eXAMPLE"), KEY, question())

    assert shown(seen(response).answer) == {"Www.Example.org. A 192.0.2.1"}


@pytest.mark.parametrize("rcode", ["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED"])
def test_an_error_may_come_without_the_question(rcode: str) -> None:
    code = dns.rcode.from_text(rcode)
    packet = KEY + bytes([0x80, code]) + bytes(8)

    assert read(packet, KEY, question()).rcode == code


def test_an_opt_is_taken_out_with_what_is_behind_it() -> None:
    packet = query(NAME)
    address = wire.record(b"\xc0\x0c", wire.A, 60, b"\x0a\0\0\1")
    opt = wire.opt(0, do=False)
    message = b"".join(
        [
            wire.header(KEY, wire.QR, 1, 1, 0, 3),
            packet[wire.HEADER_SIZE :],
            *(address, address, opt, address),
        ]
    )

    response = read(message, KEY, question())

    assert response.counts == (1, 0, 1)
    assert response.octets == address * 2


@pytest.mark.parametrize(
    "records",
    [
        (wire.opt(0, do=False), b"", b""),
        (b"", b"", b"\1a" + wire.opt(0, do=False)),
    ],
    ids=["answer", "owner"],
)
def test_an_opt_that_is_misplaced_is_garbled(
    records: tuple[bytes, bytes, bytes],
) -> None:
    counts = [1 if record else 0 for record in records]
    head = wire.header(KEY, wire.QR, 1, *counts)

    with pytest.raises(Garbled):
        read(head + question() + b"".join(records), KEY, question())


def test_the_upper_bits_of_an_rcode_are_read() -> None:
    head = wire.header(KEY, wire.QR, 1, 0, 0, 1)
    opt = wire.opt(wire.BADVERS, do=False)

    assert read(head + question() + opt, KEY, question()).rcode == wire.BADVERS


def test_a_truncated_answer_may_be_cut_anywhere() -> None:
    truth = reply(asked(), "60 A 192.0.2.1")
    truth.flags |= dns.flags.TC
    packet = truth.to_wire()

    whole = read(packet, KEY, question())
    cut = read(packet[:-15], KEY, question())

    assert whole.truncated
    assert whole.counts == (1, 0, 0)
    assert whole.lifetime == cut.lifetime == 0
    assert cut.truncated
    assert cut.counts == (0, 0, 0)


def test_pointers_that_lead_back_by_the_thousand_are_not_followed() -> None:
    chain = b"".join((0xC000 | at).to_bytes(2) for at in range(12, 16_000, 2))
    record = wire.record(b"\0", 0xFF00, 60, chain)
    start = wire.HEADER_SIZE + len(question()) + 11
    links = b"".join(
        (0xC000 | (start + 2 * index)).to_bytes(2) for index in range(-1, 60)
    )
    hostile = wire.record(b"\0", 0xFF00, 60, b"\0\0" + links[2:])
    last = wire.record((0xC000 | (start + 2 * 59)).to_bytes(2), wire.A, 60, bytes(4))
    for octets, count in ((record, 1), (hostile, 1)):
        head = wire.header(KEY, wire.QR, 1, count, 0, 0)
        assert read(head + question() + octets, KEY, question()).counts[0] == count
    head = wire.header(KEY, wire.QR, 1, 2, 0, 0)

    with pytest.raises(Garbled):
        read(head + question() + hostile + last, KEY, question())


RECORDS = st.sampled_from(
    [
        "60 A 192.0.2.1",
        "300 AAAA 2001:db8::1",
        "30 CNAME a.example.org.",
        "a.example.org. 10 MX 5 mail.example.org.",
        '60 TXT "some text"',
        f"example.org. 60 SOA {SOA}",
    ]
)


REPLIES = st.lists(RECORDS, max_size=12).map(
    lambda records: reply(asked(), *records).to_wire(max_size=65_535)
)


@settings(max_examples=800)
@given(mutated(REPLIES), st.integers(512, 1232), st.booleans(), st.integers(0, 4000))
def test_whatever_a_server_answers_what_is_delivered_keeps_to_the_query(
    packet: bytes, size: int, udp: bool, age: int
) -> None:
    try:
        response = read(packet, KEY, question())
    except Garbled:
        return
    mine = query(NAME.upper(), "A", payload=size)
    client = Client.of(read_query(mine), mine, udp=udp)

    octets = deliver(response, age, client)

    assert len(octets) <= (size if udp else 65_535)
    assert octets[12 : 12 + len(client.question)] == client.question
    # Data of a type without names is passed on as it is, be it right or wrong.
    answer = dns.message.from_wire(octets, continue_on_error=True)
    assert {type(each.exception) for each in answer.errors} <= {dns.exception.FormError}
    assert dns.message.from_wire(mine).is_response(answer)
    assert answer.flags & dns.flags.RA
    assert not answer.flags & (dns.flags.AA | dns.flags.AD)
    assert bool(answer.flags & dns.flags.TC) <= udp
    assert answer.edns == 0


@settings(max_examples=500)
@given(st.binary(max_size=80), st.integers(0, 3))
def test_any_octets_behind_the_question_are_read_or_garbled(
    rest: bytes, count: int
) -> None:
    head = wire.header(KEY, wire.QR, 1, count, 0, 0)
    try:
        response = read(head + question() + rest, KEY, question())
    except Garbled:
        return
    assert response.counts[0] == count
