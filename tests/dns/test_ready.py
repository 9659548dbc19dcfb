import pytest

from registrator_dns.ready import pack, take

END = 20
QUERY = b"id\1\0\0\1\0\0\0\0\0\0qUESTION"
HEAD = b"\x85\0\0\1\0\2\0\0\0\0"


def answer(rest: bytes) -> bytes:
    return b"??" + HEAD + b"question" + rest


def test_an_answer_has_the_id_and_the_question_of_its_query() -> None:
    ready = pack([answer(b"records")], END)

    assert take(ready, QUERY) == b"id" + HEAD + b"qUESTIONrecords"


def test_what_follows_the_question_is_not_repeated() -> None:
    ready = pack([answer(b"records")], END)

    assert take(ready, QUERY + b"opt") == take(ready, QUERY)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_orders_take_turns(count: int) -> None:
    orders = [answer(b"%d" % number) for number in range(count)]
    ready = pack(orders, END)

    taken = [take(ready, QUERY)[END:] for _ in range(2 * count)]

    assert taken == [order[END:] for order in orders] * 2


def test_an_answer_may_end_with_the_question() -> None:
    assert take(pack([answer(b"")], END), QUERY) == b"id" + HEAD + b"qUESTION"
