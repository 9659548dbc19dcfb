"""Who had an id gets the same again, and no two have one."""

import pytest

from registrator_haproxy.numbering import REMEMBERED, Ids, Numbers, number


@pytest.mark.parametrize(
    ("known", "names", "taken", "given", "gone"),
    [
        ({}, "a b", (), {"a": 1, "b": 2}, {}),
        ({"a": 1, "b": 2}, "b c", (), {"b": 2, "c": 3}, {"a": 1}),
        ({"a": 1}, "b", (), {"b": 2}, {"a": 1}),
        ({"a": 7}, "a b", (), {"a": 7, "b": 1}, {}),
        ({"a": 1}, "a b", (1, 2), {"a": 3, "b": 4}, {}),
        ({"a": 1, "b": 1}, "a b", (), {"a": 1, "b": 2}, {}),
        ({"a": 1, "b": 1}, "b", (), {"b": 1}, {}),
        ({"a": 3}, "b c", (), {"b": 1, "c": 2}, {"a": 3}),
        ({}, "a b c d", (2,), {"a": 1, "b": 3, "c": 4}, {}),
        ({}, "", (1,), {}, {}),
    ],
)
def test_the_smallest_id_that_nobody_had_is_a_new_servers(
    known: Ids, names: str, taken: tuple[int, ...], given: Ids, gone: Ids
) -> None:
    assert number(known, names.split(), taken, 4) == (given, gone)


def test_of_those_that_are_gone_the_last_ones_are_remembered() -> None:
    known = {f"s{n}": n for n in range(1, REMEMBERED + 3)}
    given, gone = number(known, ["new"], (), 65_535)

    assert given == {"new": 1}
    assert list(gone) == [f"s{n}" for n in range(3, REMEMBERED + 3)]


def test_each_backend_has_ids_of_its_own_for_as_long_as_one_asks() -> None:
    numbers = Numbers({"web": {"a": 4}})
    before = numbers.known

    assert numbers.give("web", ["b"], (), 9) == {"b": 1}
    assert numbers.give("db", ["b"], (), 9) == {"b": 1}
    assert numbers.give("web", ["b", "a"], (), 9) == {"b": 1, "a": 4}
    assert before == {"web": {"a": 4}}
    assert numbers.known == {"web": {"b": 1, "a": 4}, "db": {"b": 1}}
