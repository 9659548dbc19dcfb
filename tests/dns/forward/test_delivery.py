from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from dnsroom import data, flags, query
from registrator_dns import wire
from registrator_dns.forward.delivery import Client, deliver, refuse
from registrator_dns.forward.response import Response, read
from registrator_dns.query import read as read_query
from upstreams import reply

NAME = "www.example.org"
MANY = [f"300 A 192.0.2.{n}" for n in range(100)]


def client(packet: bytes, *, udp: bool = True) -> Client:
    return Client.of(read_query(packet), packet, udp=udp)


def response(*records: str, extra: int = 0) -> Response:
    asked = dns.message.make_query(NAME, "A", id=7)
    assert isinstance(asked, dns.message.QueryMessage)
    told = reply(asked, *records)
    for number in range(extra):
        told.additional.append(
            dns.rrset.from_text(f"x{number}.org.", 60, "IN", "A", "192.0.2.1")
        )
    packet = told.to_wire(max_size=65_535)
    return read(packet, b"\0\7", packet[12 : 12 + len(NAME) + 6])


def delivered(
    found: Response, packet: bytes, *, age: int = 0, udp: bool = True
) -> dns.message.Message:
    octets = deliver(found, age, client(packet, udp=udp))
    answer = dns.message.from_wire(octets)
    assert dns.message.from_wire(packet).is_response(answer)
    return answer


def test_id_case_and_flags_are_the_clients() -> None:
    asked = dns.message.make_query("wWw.eXample.Org", "A", id=0x4321)
    asked.flags |= dns.flags.CD | dns.flags.AD
    answer = delivered(response("300 A 192.0.2.1"), asked.to_wire())

    assert answer.id == 0x4321
    assert answer.question[0].name.to_text() == "wWw.eXample.Org."
    assert answer.answer[0].name.to_text() == "wWw.eXample.Org."
    assert flags(answer) == "QR RD RA CD"


def test_ttls_count_down_to_zero() -> None:
    found = response("300 A 192.0.2.1", "a.org. 10 A 192.0.2.1")

    answer = delivered(found, query(NAME), age=20)

    assert [rrset.ttl for rrset in answer.answer] == [280, 0]


@pytest.mark.parametrize(
    ("edns", "limit", "opt"),
    [
        ({}, 512, -1),
        ({"payload": 100}, 512, 0),
        ({"payload": 800}, 800, 0),
        ({"payload": 65_535, "ednsflags": 0x8000}, 1232, 0),
    ],
)
def test_an_answer_is_cut_to_what_the_client_takes(
    edns: dict[str, Any], limit: int, opt: int
) -> None:
    packet = query(NAME, **edns)
    octets = deliver(response(*MANY), 0, client(packet))
    answer = dns.message.from_wire(octets)

    assert limit - 16 < len(octets) <= limit
    assert flags(answer) == "QR TC RD RA"
    assert answer.edns == opt
    assert answer.ednsflags == edns.get("ednsflags", 0)
    assert 0 < len(data(answer)) < 100


def test_over_tcp_all_of_it_is_there() -> None:
    answer = delivered(response(*MANY), query(NAME), udp=False)

    assert len(data(answer)) == 100
    assert flags(answer) == "QR RD RA"


def test_additional_records_are_left_out_silently() -> None:
    answer = delivered(response("300 A 192.0.2.1", extra=60), query(NAME))

    assert data(answer) == ["192.0.2.1"]
    assert 0 < len(answer.additional) < 60
    assert flags(answer) == "QR RD RA"


def test_authority_that_does_not_fit_is_told() -> None:
    many = [f"a{n}.org. 60 SOA a. b. 1 2 3 4 5" for n in range(30)]
    answer = delivered(response("300 A 192.0.2.1", *many), query(NAME))

    assert data(answer) == ["192.0.2.1"]
    assert flags(answer) == "QR TC RD RA"


@pytest.mark.parametrize("recursive", [True, False])
@pytest.mark.parametrize("edns", [{}, {"payload": 1232}])
def test_a_refusal_says_whether_the_client_may_recurse(
    recursive: bool, edns: dict[str, Any]
) -> None:
    packet = query(NAME, **edns)
    octets = refuse(client(packet), wire.REFUSED, recursive=recursive)
    answer = dns.message.from_wire(octets)

    assert dns.message.from_wire(packet).is_response(answer)
    assert answer.rcode() == dns.rcode.REFUSED
    assert bool(answer.flags & dns.flags.RA) is recursive
    assert (answer.edns >= 0) is bool(edns)
