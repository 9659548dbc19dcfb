from typing import Any

from registrator_dns.forward.asked import Question
from registrator_dns.forward.lookups import Lookup

HERE, THERE = (("10.0.0.1", 53),), (("10.0.0.2", 53),)
NAME = b"\3WwW\7example\3org\0"


def question(name: bytes = NAME, kind: int = 1, **changes: Any) -> Question:
    fields: dict[str, Any] = {"do": False, "cd": False, "udp": True, **changes}
    octets = name + kind.to_bytes(2) + b"\0\1"
    return Question(octets=octets, **fields)


def test_the_case_of_a_name_makes_no_other_question() -> None:
    one, other = Lookup(question(), HERE), Lookup(question(NAME.upper()), HERE)

    assert one.kept_as() == other.kept_as()
    assert one.asked_as() == other.asked_as()


def test_types_are_not_taken_for_one_another_for_looking_like_letters() -> None:
    https, other = question(kind=ord("A")), question(kind=ord("a"))

    assert Lookup(https, HERE).kept_as() != Lookup(other, HERE).kept_as()


def test_an_answer_is_kept_for_just_that_question_of_just_those_upstreams() -> None:
    some = [
        Lookup(question(), HERE),
        Lookup(question(), THERE),
        Lookup(question(do=True), HERE),
        Lookup(question(cd=True), HERE),
        Lookup(question(kind=28), HERE),
    ]

    assert len({each.kept_as() for each in some}) == len(some)


def test_queries_join_only_those_that_came_the_same_way() -> None:
    some = [
        Lookup(question(), HERE),
        Lookup(question(udp=False), HERE),
        Lookup(question(trail=b"8 octets"), HERE),
    ]

    assert len({each.kept_as() for each in some}) == 1
    assert len({each.asked_as() for each in some}) == len(some)
