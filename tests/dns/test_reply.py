import pytest

from registrator_dns.reply import Order, Reply, arranged

ABC = [b"aaaa", b"bbb", b"cc"]
GLUE = [(1, b"xxx"), (2, b"yyyy")]


def test_each_fitting_begins_one_answer_further() -> None:
    reply = Reply(ABC, GLUE)

    assert [reply.fit(100) for _ in range(4)] == [
        (3, 3, b"aaaabbbccxxxyyyy"),
        (3, 3, b"bbbccaaaaxxxyyyy"),
        (3, 3, b"ccaaaabbbxxxyyyy"),
        (3, 3, b"aaaabbbccxxxyyyy"),
    ]


@pytest.mark.parametrize(("turn", "first"), [(0, b"a"), (1, b"b"), (5, b"c")])
def test_the_first_order_can_be_chosen(turn: int, first: bytes) -> None:
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


def test_the_size_is_that_of_all_records() -> None:
    assert Reply(ABC, GLUE).size == 16


def test_many_answers_take_turns_as_well() -> None:
    reply = Reply([b"%c" % letter for letter in b"abcdefghijkl"])

    assert {reply.fit(1)[2] for _ in range(12)} == {b"%c" % c for c in b"abcdefghijkl"}


def test_a_limit_gives_every_answer_its_turn() -> None:
    reply = Reply(ABC, limit=2)

    assert [reply.fit(100)[2] for _ in range(4)] == [
        b"aaaabbb",
        b"bbbcc",
        b"ccaaaa",
        b"aaaabbb",
    ]
    assert (reply.count, reply.orders, reply.size) == (2, 3, 7)


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert Reply(ABC, limit=5).fit(100) == Reply(ABC).fit(100)


def test_many_answers_are_limited_as_well() -> None:
    reply = Reply([b"%c" % letter for letter in b"abcdefghijkl"], limit=1)

    assert {reply.fit(9)[2] for _ in range(12)} == {b"%c" % c for c in b"abcdefghijkl"}


def test_a_fixed_order_stays() -> None:
    reply = Reply(ABC, GLUE, turn=2, order=Order.FIXED)

    assert {reply.fit(100)[2] for _ in range(3)} == {b"aaaabbbccxxxyyyy"}
    assert reply.orders == 1


def test_any_shuffled_order_comes_up_and_each_is_whole() -> None:
    reply = Reply(ABC, order=Order.SHUFFLE)
    orders = {reply.fit(100)[2] for _ in range(1000)}

    assert reply.orders == 0, "an order is put together when it is due"
    assert len(orders) == 6
    assert {bytes(sorted(order)) for order in orders} == {b"aaaabbbcc"}


def test_a_shuffled_answer_may_be_limited() -> None:
    reply = Reply(ABC, order=Order.SHUFFLE, limit=1)

    assert {reply.fit(100) for _ in range(1000)} == {(1, 0, it) for it in ABC}


def test_one_answer_is_not_shuffled() -> None:
    assert Reply(ABC[:1], order=Order.SHUFFLE).orders == 1


@pytest.mark.parametrize(
    ("order", "first", "expected"),
    [(Order.ROTATE, 2, [b"cc", b"aaaa"]), (Order.FIXED, 2, [b"aaaa", b"bbb"])],
)
def test_records_are_arranged(order: Order, first: int, expected: list[bytes]) -> None:
    assert list(arranged(ABC, order, first, 2)) == expected


def test_a_denial_has_an_apex_and_no_answers() -> None:
    denial = Reply(apex=b"\xc0\x0c", soa=2)

    assert (denial.apex, denial.soa) == (b"\xc0\x0c", 2)
    assert (denial.count, denial.size, denial.orders) == (0, 0, 0)
