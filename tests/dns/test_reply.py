import pytest

from registrator_dns import wire
from registrator_dns.reply import MOST_ORDERS, Reply

ABC = [b"aaaa", b"bbb", b"cc"]
GLUE = [(1, b"xxx"), (2, b"yyyy")]
QUERY = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
QUERY_WITH_OPT = QUERY[:-1] + b"\1"


def test_each_use_begins_one_answer_further() -> None:
    reply = Reply(ABC, GLUE)

    assert [reply.usual() for _ in range(4)] == [
        b"aaaabbbccxxxyyyy",
        b"bbbccaaaaxxxyyyy",
        b"ccaaaabbbxxxyyyy",
        b"aaaabbbccxxxyyyy",
    ]


def test_each_fitting_begins_one_answer_further() -> None:
    reply = Reply(ABC, GLUE)

    assert [reply.fit(100) for _ in range(4)] == [
        (3, 3, b"aaaabbbccxxxyyyy"),
        (3, 3, b"bbbccaaaaxxxyyyy"),
        (3, 3, b"ccaaaabbbxxxyyyy"),
        (3, 3, b"aaaabbbccxxxyyyy"),
    ]


def test_both_ways_of_use_share_the_turns() -> None:
    reply = Reply(ABC)

    firsts = [use for _ in range(3) for use in (reply.usual(), reply.fit(9)[2])]

    assert [first[:1] for first in firsts] == [b"a", b"b", b"c"] * 2


@pytest.mark.parametrize(("turn", "first"), [(0, b"a"), (1, b"b"), (5, b"c")])
def test_the_first_order_can_be_chosen(turn: int, first: bytes) -> None:
    assert Reply(ABC, turn=turn).usual()[:1] == first
    assert Reply(ABC, turn=turn).fit(100)[2][:1] == first


@pytest.mark.parametrize(
    ("room", "fitting"),
    [
        (16, (3, 3, b"aaaabbbccxxxyyyy")),
        (15, (3, 1, b"aaaabbbccxxx")),
        (12, (3, 1, b"aaaabbbccxxx")),
        (11, (3, 0, b"aaaabbbcc")),
        (9, (3, 0, b"aaaabbbcc")),
        (8, (2, 0, b"aaaabbb")),
        (4, (1, 0, b"aaaa")),
        (3, (0, 0, b"")),
        (0, (0, 0, b"")),
    ],
)
def test_glue_goes_by_whole_rrsets_before_any_answer_does(
    room: int, fitting: tuple[int, int, bytes]
) -> None:
    assert Reply(ABC, GLUE).fit(room) == fitting


def test_what_is_usual_fits_where_the_reply_says_so() -> None:
    assert Reply(ABC, GLUE).usual_size == 16


@pytest.mark.parametrize(
    "answers", [[b"a"] * (MOST_ORDERS + 1), [b"x" * (wire.OWN_UDP + 1)]]
)
def test_many_answers_or_large_ones_are_never_usual(answers: list[bytes]) -> None:
    assert Reply(answers).usual_size == wire.TCP


def test_many_answers_take_turns_as_well() -> None:
    reply = Reply([b"%c" % letter for letter in b"abcdefghijkl"])

    assert {reply.fit(1)[2] for _ in range(12)} == {b"%c" % c for c in b"abcdefghijkl"}


def test_the_head_copies_rd_sets_aa_and_counts_what_follows() -> None:
    reply = Reply(ABC, GLUE)

    assert reply.heads[QUERY] == b"\x85\0\0\1\0\3\0\0\0\3"
    assert reply.heads[b"\0" + QUERY[1:]] == b"\x84\0\0\1\0\3\0\0\0\3"
    assert reply.heads_with_opt[QUERY_WITH_OPT] == b"\x85\0\0\1\0\3\0\0\0\4"


def test_ad_and_cd_are_not_copied() -> None:
    assert Reply(ABC).heads[b"\1\x30" + QUERY[2:]][:2] == b"\x85\0"


@pytest.mark.parametrize("flags", [b"\x80\0", b"\x10\0", b"\0\x40", b"\2\0"])
def test_any_other_flag_is_not_usual(flags: bytes) -> None:
    assert flags + QUERY[2:] not in Reply(ABC).heads


def test_an_opt_or_none_is_not_the_same_shape() -> None:
    assert QUERY_WITH_OPT not in Reply(ABC).heads
    assert QUERY not in Reply(ABC).heads_with_opt


def test_a_denial_counts_its_soa() -> None:
    denial = Reply(apex=b"\xc0\x0c")

    assert denial.heads[QUERY] == b"\x85\0\0\1\0\0\0\1\0\0"
    assert denial.count == 0
    assert denial.apex == denial.usual() == b"\xc0\x0c"
