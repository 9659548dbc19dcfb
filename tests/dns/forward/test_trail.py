import dns.edns
import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsroom import query
from registrator_dns.forward.asked import Question, asked
from registrator_dns.forward.trail import MOST_TOKENS, OPTION, is_circle, trail
from registrator_dns.query import Malformed, read

NAME = "www.example.org"
US, THEM = b"8 octets", b"another8"


def local_option(code: int, data: bytes) -> dns.edns.GenericOption:
    return dns.edns.GenericOption(dns.edns.OptionType.make(code), data)


def question(tokens: bytes = b"") -> Question:
    octets = query(NAME)[12:]
    return Question(octets=octets, do=True, cd=True, udp=True, trail=tokens)


def test_a_query_of_ours_carries_our_token_and_those_before_it() -> None:
    packet = asked(question(THEM), US, edns=True)

    assert trail(packet, read(packet)) == THEM + US


def test_a_query_of_ours_is_read_as_it_is_meant() -> None:
    made = dns.message.from_wire(asked(question(), US, edns=True))

    assert made.question == dns.message.make_query(NAME, "A").question
    assert made.payload == 1232
    assert dns.flags.to_text(made.flags) == "RD CD"
    assert dns.flags.edns_to_text(made.ednsflags) == "DO"
    assert [int(option.otype) for option in made.options] == [OPTION]


def test_without_edns_it_has_only_the_question() -> None:
    packet = asked(question(), US, edns=False)

    assert dns.message.from_wire(packet).edns == -1
    assert trail(packet, read(packet)) == b""


def test_ids_are_not_the_same_each_time() -> None:
    assert len({asked(question(), US, edns=True)[:2] for _ in range(50)}) > 40


def test_other_options_are_passed_over() -> None:
    options = [
        local_option(65_001, b"x"),
        local_option(OPTION, THEM),
        local_option(65_002, b""),
    ]
    packet = query(NAME, options=options)

    assert trail(packet, read(packet)) == THEM
    plain = query(NAME, options=options[:1])
    assert trail(plain, read(plain)) == b""


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (b"", False),
        (THEM, False),
        (US, True),
        (THEM + US + THEM, True),
        (b"x" + US, False),
        (THEM * (MOST_TOKENS - 1), False),
        (THEM * MOST_TOKENS, True),
        (THEM * 1000, True),
    ],
)
def test_a_query_that_was_here_or_came_too_far_goes_in_circles(
    tokens: bytes, expected: bool
) -> None:
    assert is_circle(tokens, US) is expected


def test_records_that_nobody_understands_have_no_trail() -> None:
    made = asked(question(), US, edns=True)
    end = len(made) - 11 - 4 - len(US)
    address = b"\0\0\1\0\1\0\0\0\0\0\3abc"  # an A of three octets
    packet = made[:10] + b"\0\2" + made[12:end] + address + made[end:]

    assert trail(packet, read(packet)) == b""


@given(st.binary(max_size=60), st.integers(0, 3))
def test_any_additional_records_have_a_trail_or_none(rest: bytes, count: int) -> None:
    plain = query(NAME)
    packet = plain[:10] + count.to_bytes(2) + plain[12:] + rest
    try:
        read_query = read(packet)
    except Malformed:
        return
    trail(packet, read_query)
