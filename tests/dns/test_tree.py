import pytest

from registrator.model import Instance
from registrator_dns.members import Member
from registrator_dns.names import parse
from registrator_dns.tree import MOST, Tree
from samples import web


def member(key: str) -> Member:
    return Member.of(key, Instance.of(web(key)))


ONE, TWO = member("1"), member("2")


def tree(*places: str) -> Tree:
    made = Tree()
    for number, place in enumerate(places):
        made.add(parse(place), member(str(number)))
    return made


def keys(found: Tree, pattern: str) -> list[str]:
    return [each.key for each in found.match(parse(pattern)).members()]


def test_a_name_has_the_members_that_were_added() -> None:
    found = tree()
    found.add(parse("a.b"), ONE)
    found.add(parse("a.b"), TWO)
    node = found.get(parse("a.b"))

    assert node is not None
    assert list(node.members) == [ONE, TWO]


def test_what_is_above_a_name_is_there_without_members() -> None:
    node = tree("a.b").get(parse("b"))

    assert node is not None
    assert not node.members
    assert tree("a.b").get(parse("a")) is None
    assert tree("a.b").get(parse("x.a.b")) is None


def test_a_name_goes_with_its_last_member_and_what_is_above_with_it() -> None:
    found = tree()
    for place in ("a.b.c", "b.c", "x.c"):
        found.add(parse(place), ONE)
    found.add(parse("a.b.c"), TWO)
    there = []
    for place, one in (("a.b.c", ONE), ("a.b.c", TWO), ("b.c", ONE), ("x.c", ONE)):
        found.remove(parse(place), one)
        there.append([found.get(parse(it)) is not None for it in ("a.b.c", "b.c", "c")])

    assert there == [
        [True, True, True],
        [False, True, True],
        [False, False, True],
        [False, False, False],
    ]


def test_a_name_with_others_below_stays_without_members() -> None:
    found = tree()
    found.add(parse("a.b"), ONE)
    found.add(parse("b"), TWO)
    found.remove(parse("b"), TWO)

    assert found.get(parse("a.b")) is not None
    assert found.get(parse("b")) is not None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.b.c", ["0"]),
        ("*.b.c", ["0", "1"]),
        ("a.*.c", ["0", "2"]),
        ("*.*.c", ["0", "1", "2"]),
        ("*.c", ["3"]),
        ("*", []),
        ("*.*", ["3", "4"]),
        ("*.x.c", []),
        ("*.a.b.c", []),
    ],
)
def test_a_star_stands_for_any_one_label(pattern: str, expected: list[str]) -> None:
    assert keys(tree("a.b.c", "x.b.c", "a.d.c", "b.c", "y.z"), pattern) == expected


def test_a_name_is_matched_without_members_too() -> None:
    assert len(tree("a.b.c").match(parse("*.c")).nodes) == 1
    assert tree("a.b.c").match(parse("x.*.c")).nodes == ()


def test_who_is_found_twice_is_one() -> None:
    found = tree()
    found.add(parse("a.b"), ONE)
    found.add(parse("c.b"), ONE)

    assert keys(found, "*.b") == ["1"]


def test_a_star_is_tried_with_so_many_labels_and_no_more() -> None:
    crowd = tree(*(f"a.n{n}.c" for n in range(MOST + 1)))

    assert len(keys(crowd, "*.*.c")) == MOST
    assert keys(crowd, "a.n1000.c") == ["1000"]
    assert [crowd.match(parse(it)).is_whole for it in ("x.*.c", "a.n5.c")] == [
        False,
        True,
    ]


def test_no_more_members_than_so_many_are_looked_at() -> None:
    crowd = tree(*["a.b"] * (MOST + 5), "c.b")

    assert len(keys(crowd, "*.b")) == MOST
