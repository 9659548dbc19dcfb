import struct
from typing import Any

import pytest
from dns.edns import GenericOption, OptionType

from dnsroom import query
from registrator_dns.query import Edns, Malformed, Query, read

COOKIE = GenericOption(OptionType.COOKIE, b"12345678")
LATER = GenericOption(OptionType.COOKIE, b"87654321")
OTHER = GenericOption(OptionType.PADDING, bytes(9))
HEADER = b"id\x01\0"
QUESTION = b"\x02db\x06consul\0\0\1\0\1"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


def packet(
    body: bytes, *, questions: int = 1, answers: int = 0, extra: int = 0
) -> bytes:
    return HEADER + struct.pack("!4H", questions, answers, 0, extra) + body


def test_a_question_is_read_in_lower_case_with_its_end() -> None:
    asked = read(packet(b"\x02dB\x06ConSul\0\0\x21\0\1"))

    assert asked == Query((b"db", b"consul"), 33, 1, 12 + len(QUESTION), None)


def test_the_root_is_a_name() -> None:
    assert read(packet(b"\0\0\2\0\1")).labels == ()


def test_a_label_may_hold_any_octet() -> None:
    assert read(packet(b"\x03\0.\xff\0\0\1\0\1")).labels == (b"\0.\xff",)


def test_the_longest_name_is_read() -> None:
    name = (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"x" * 61 + b"\0"

    assert len(name) == 255
    assert read(packet(name + b"\0\1\0\1")).end == 12 + 255 + 4


@pytest.mark.parametrize(
    ("options", "edns"),
    [
        ({"payload": 1232}, Edns(1232, 0, do=False)),
        ({"payload": 100, "ednsflags": 0x8000}, Edns(100, 0, do=True)),
        ({"payload": 65_535, "ednsflags": 0x7FFF}, Edns(65_535, 0, do=False)),
        ({"edns": 1}, Edns(1232, 1, do=False)),
        (
            {"options": [COOKIE]},
            Edns(1232, 0, do=False, cookie=b"12345678"),
        ),
        (
            {"options": [OTHER, COOKIE, LATER]},
            Edns(1232, 0, do=False, cookie=b"12345678"),
        ),
        ({"options": [OTHER]}, Edns(1232, 0, do=False)),
    ],
)
def test_an_opt_tells_what_the_client_takes(
    options: dict[str, Any], edns: Edns
) -> None:
    assert read(query("db.consul", **options)).edns == edns


@pytest.mark.parametrize("size", range(45))
def test_a_cookie_has_8_octets_or_16_to_40(size: int) -> None:
    asked = query("db.consul", options=[GenericOption(OptionType.COOKIE, bytes(size))])

    if size == 8 or 16 <= size <= 40:
        assert read(asked).edns == Edns(1232, 0, do=False, cookie=bytes(size))
    else:
        with pytest.raises(Malformed):
            read(asked)


@pytest.mark.parametrize(
    "other",
    [
        b"\x02db\xc0\x0f\0\1\0\1\0\0\0\0\0\4\x0a\0\0\1",
        b"\xc0\x0c\xff\xff\0\1\0\0\0\0\0\0",
    ],
)
def test_other_records_beside_the_question_are_passed_over(other: bytes) -> None:
    asked = read(packet(QUESTION + other + OPT, answers=1, extra=1))

    assert asked.edns == Edns(1232, 0, do=False)


MALFORMED = {
    "no question": packet(b"", questions=0),
    "two questions": packet(QUESTION * 2, questions=2),
    "no name": packet(b""),
    "a name that is cut": packet(QUESTION[:5]),
    "a name without its end": packet(b"\x02db"),
    "a label that is cut": packet(b"\x3fdb"),
    "no type": packet(b"\x02db\0"),
    "half a class": packet(QUESTION[:-1]),
    "a name that is too long": packet((b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1"),
    "a name that loops": packet(b"\xc0\x0c\0\1\0\1"),
    "a name that points into the header": packet(b"\2db\xc0\0\0\1\0\1"),
    "a label of an unknown type": packet(b"\x41db\0\0\1\0\1"),
    "octets after the question": packet(QUESTION + b"\0"),
    "a record that is not there": packet(QUESTION, extra=1),
    "a record that is cut": packet(QUESTION + OPT[:-1], extra=1),
    "a record without its data": packet(QUESTION + OPT[:-1] + b"\1", extra=1),
    "a record's name that loops": packet(QUESTION + b"\xc0\x1a" + OPT[1:], answers=1),
    "a record's name that points on": packet(
        QUESTION + b"\xc0\xff" + OPT[1:], answers=1
    ),
    "a record's label of an unknown type": packet(
        QUESTION + b"\x80x\0" + OPT[1:], answers=1
    ),
    "two OPTs": packet(QUESTION + OPT * 2, extra=2),
    "an OPT with a name": packet(QUESTION + b"\1x" + OPT, extra=1),
    "an OPT among the answers": packet(QUESTION + OPT, answers=1),
    "an option that is cut": packet(QUESTION + OPT[:-1] + b"\3\0\x0a\0", extra=1),
    "an option longer than its OPT": packet(
        QUESTION + OPT[:-1] + b"\5\0\x0a\0\2\0", extra=1
    ),
}


@pytest.mark.parametrize("octets", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_quite_a_query_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read(octets)
