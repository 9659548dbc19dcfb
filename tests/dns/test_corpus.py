"""One million mutated packets, the same in every run."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import dns.edns
import dns.exception
import dns.flags
import dns.message
import pytest
from dns.edns import GenericOption, OptionType

from dnsroom import FOO, query, responder
from registrator_dns.answers import Answers
from registrator_dns.clients.cookies import Cookies
from samples import web

SEEDS = (6, 7)
"""Halves, for two processes to share."""
COUNT = 1_000_000 // len(SEEDS)
CLIENT = "192.0.2.1"

NAMES = [
    "a.service.consul",
    "tag.a.service.dc1.consul",
    "_a._tcp.consul",
    "b.service.consul",
    "foo.node.consul",
    "0a000001.addr.consul",
    "1.0.0.10.in-addr.arpa",
    "consul",
    "service.consul",
    "x.service.consul",
    "version.bind",
    "example.org",
    ".",
]
KINDS = ["A", "AAAA", "SRV", "TXT", "SOA", "NS", "PTR", "ANY", "HTTPS", "AXFR"]
OPTIONS = {
    "a cookie": [GenericOption(OptionType.COOKIE, b"12345678")],
    "a long cookie": [GenericOption(OptionType.COOKIE, bytes(24))],
    "a short cookie": [GenericOption(OptionType.COOKIE, b"1234567")],
    "two cookies": [GenericOption(OptionType.COOKIE, b"12345678")] * 2,
    "padding": [GenericOption(OptionType.PADDING, bytes(20))],
    "a subnet": [dns.edns.ECSOption("192.0.2.0", 24)],
}
EDNS: list[dict[str, Any]] = [
    {},
    {"payload": 0},
    {"payload": 600},
    {"payload": 1232},
    {"payload": 4096, "ednsflags": 0x8000},
    {"edns": 1},
    *({"options": options} for options in OPTIONS.values()),
]
UNUSED = dns.flags.RA | dns.flags.AD | dns.flags.CD | 0x40

# What is of meaning to a reader: label sizes, pointers, types, counts, letters.
OCTETS = bytes([0, 1, 2, 5, 12, 16, 28, 33, 41, 63, 64, 65, 97, 128, 192, 255])
SPLICES = [
    b"\xc0\x0c",
    b"\xc0\xff",
    b"\xff\xff",
    b"\0",
    b"\0\0",
    b"\0\x29\x04\xd0\0\0\0\0\0\0",
    b"\0\0\x29\xff\xff\0\0\0\0\0\0",
    b"\0\x0a\0\x08abcdefgh",
    b"\x3f" + b"x" * 63,
    b"\1a" * 20,
]


def filled() -> Answers:
    services = [
        web(str(n), name="a", address=f"10.0.0.{n}", tags=("tag",), metadata={"v": "1"})
        for n in range(1, 13)
    ]
    clock = itertools.count(1000.0, 0.001)
    cookies = Cookies(bytes(16), lambda: next(clock))
    return responder(*services, web("b", name="b"), host=FOO, cookies=cookies)


def seeds() -> list[bytes]:
    return [
        query(name, kind, **edns)
        for (name, kind), edns in itertools.product(
            itertools.product(NAMES, KINDS), EDNS
        )
    ]


def mutated(count: int, seed: int = 1) -> Iterator[bytes]:
    """Yield queries with some octets changed, put in, taken out, or cut off."""
    whole = seeds()
    rand = random.Random(seed).random
    for _ in range(count):
        packet = bytearray(whole[int(rand() * len(whole))])
        for _ in range(1 + (rand() < 0.25) + (rand() < 0.1)):
            mutate(packet, rand)
        yield bytes(packet)


def mutate(packet: bytearray, rand: Callable[[], float]) -> None:
    at = int(rand() * (len(packet) + 1))
    how = rand()
    if how < 0.5:
        packet[at : at + 1] = OCTETS[(which := int(rand() * len(OCTETS))) : which + 1]
    elif how < 0.8:
        packet[at : at + 1] = bytes((int(rand() * 256),))
    elif how < 0.87:
        packet[at:at] = SPLICES[int(rand() * len(SPLICES))]
    elif how < 0.94:
        del packet[at : at + 1 + int(rand() * 12)]
    elif how < 0.97:
        del packet[at:]
    else:
        packet += packet[at:]


def shape(reply: bytes) -> tuple[bytes, int, bytes]:
    """Leave out what a reader never looks into: id, labels' octets, a cookie's.

    Of what follows the name, records come in any order.
    """
    if reply[-28:-24] == b"\0\x0a\0\x18":
        reply = reply[:-24]
    at = 12
    if reply[5]:
        while reply[at]:
            at += 1 + reply[at]
    return reply[2:12], at, bytes(sorted(reply[at:]))


def allowed(packet: bytes) -> int:
    """Say how large an answer over UDP may be, reading the query with dnspython."""
    try:
        asked = dns.message.from_wire(packet)
    except dns.exception.DNSException:  # it reads options that we pass over
        return 1232
    return min(max(asked.payload, 512), 1232) if asked.edns >= 0 else 512


@pytest.mark.parametrize("seed", SEEDS)
def test_one_million_mutated_packets_are_answered_properly_or_not_at_all(
    seed: int,
) -> None:
    answers = filled()
    shapes: dict[tuple[bytes, int, bytes], tuple[bytes, bytes]] = {}
    answered = 0
    for number, packet in enumerate(mutated(COUNT, seed)):
        udp = number % 8 > 0
        reply = answers.answer(packet, udp=udp, client=CLIENT)
        if reply is None:
            assert len(packet) < 12 or packet[2] & 0x80
            continue
        assert isinstance(reply, bytes)
        answered += 1
        assert reply[:2] == packet[:2]
        assert reply[2] & 0xF8 == packet[2] & 0x78 | 0x80  # QR, and the opcode
        assert not udp or len(reply) <= 512 or len(reply) <= allowed(packet)
        assert answers.answer(reply, udp=udp, client=CLIENT) is None
        shapes[shape(reply)] = packet, reply

    for packet, reply in shapes.values():
        read = dns.message.from_wire(reply)
        assert not read.flags & UNUSED, packet
        assert read.opcode() == packet[2] >> 3 & 15
    assert answered > 0.9 * COUNT
    assert len(shapes) > 1000


@pytest.mark.parametrize("udp", [True, False])
def test_what_is_ready_is_no_different_from_what_is_not(*, udp: bool) -> None:
    used = filled()
    for packet in mutated(20_000):
        used.answer(packet, udp=udp)

    for packet in mutated(500):
        again, first = (
            answers.answer(packet, udp=udp) or bytes(12) for answers in (used, filled())
        )
        assert again[:12] == first[:12]
        assert isinstance(again, bytes)
        assert isinstance(first, bytes)
        if not again[2] & 0x02:  # with TC, each turn leaves out others
            assert sorted(again) == sorted(first)
