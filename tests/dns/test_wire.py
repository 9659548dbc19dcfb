import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import pytest
from dns.rdatatype import RdataType

from registrator_dns import wire

DOMAIN = b"\x06consul\0"


def read(kind: int, rdata: bytes) -> str:
    return str(dns.rdata.from_wire("IN", RdataType(kind), rdata, 0, len(rdata)))


def test_a_record_reads_back() -> None:
    packet = wire.header(b"ab", wire.QR, 0, 1, 0, 0)
    packet += wire.record(b"\x02db\x06consul\0", wire.A, 7, b"\x0a\0\0\1")

    message = dns.message.from_wire(packet)

    assert str(message.answer[0]) == "db.consul. 7 IN A 10.0.0.1"


def test_a_record_can_be_of_another_class() -> None:
    packet = wire.header(b"ab", wire.QR, 0, 1, 0, 0)
    packet += wire.record(b"\0", wire.TXT, 0, b"\1x", cls=wire.CH)

    message = dns.message.from_wire(packet)

    assert str(message.answer[0]) == '. 0 CH TXT "x"'


def test_an_srv_has_priority_weight_port_and_a_whole_target() -> None:
    assert read(wire.SRV, wire.srv(1, 2, 3, DOMAIN)) == "1 2 3 consul."


@pytest.mark.parametrize(
    ("strings", "text"),
    [
        ([b"a=1", b"b=2"], '"a=1" "b=2"'),
        ([b"x" * 255], f'"{"x" * 255}"'),
        ([], '""'),
    ],
)
def test_a_txt_has_at_least_one_string(strings: list[bytes], text: str) -> None:
    assert read(wire.TXT, wire.txt(strings)) == text


def test_a_soa_names_the_domains_server_and_mailbox() -> None:
    rdata = wire.soa(DOMAIN, 2**32 + 5, 7)

    assert read(wire.SOA, rdata) == "ns.consul. hostmaster.consul. 5 3600 600 86400 7"


@pytest.mark.parametrize("rcode", [wire.NOERROR, wire.BADVERS])
@pytest.mark.parametrize("do", [True, False])
def test_an_opt_says_our_size_the_upper_bits_and_do(rcode: int, *, do: bool) -> None:
    packet = wire.header(b"ab", wire.QR | rcode & 0xF, 0, 0, 0, 1)
    packet += wire.opt(rcode, do=do)

    message = dns.message.from_wire(packet)

    assert (message.edns, message.payload) == (0, 1232)
    assert message.rcode() == rcode
    assert bool(message.ednsflags & dns.flags.DO) == do


def test_a_pointer_refers_to_an_offset() -> None:
    packet = wire.header(b"ab", wire.QR, 0, 2, 0, 0)
    at = len(packet)
    packet += wire.record(DOMAIN, wire.A, 0, bytes(4))
    packet += wire.record(b"\2db" + wire.pointer(at), wire.A, 0, bytes(4))

    message = dns.message.from_wire(packet)

    assert str(message.answer[1].name) == "db.consul."
