import pytest

from registrator.model import Instance
from registrator_dns.members import Member, Members, added, removed, sharing
from samples import web

MANY = [Member.of(str(n), Instance.of(web(str(n)))) for n in range(20)]


@pytest.mark.parametrize(
    ("address", "octets"),
    [("10.0.0.1", b"\n\0\0\1"), ("::1", bytes(15) + b"\1"), ("db.example", b"")],
)
def test_a_member_has_its_address_as_octets(address: str, octets: bytes) -> None:
    instance = Instance.of(web(address=address), node="n", node_address=address)
    member = Member.of("key", instance)

    assert (member.address, member.node_address) == (octets, octets)
    assert not member.is_node


def test_a_node_is_no_instance() -> None:
    assert Member.of_node("n1", b"\n\0\0\1").is_node


@pytest.mark.parametrize("count", [1, 2, 8, 9, 20])
def test_members_stay_in_the_order_they_came(count: int) -> None:
    members: Members = ()
    for member in MANY[:count]:
        members = added(members, member)

    assert list(members) == MANY[:count]
    assert len(members) == count
    assert MANY[0] in members
    assert MANY[count:] == [each for each in MANY if each not in members]


@pytest.mark.parametrize("count", [1, 2, 8, 9, 20])
def test_who_is_removed_is_gone_and_the_rest_stays(count: int) -> None:
    members: Members = ()
    for member in MANY[:count]:
        members = added(members, member)
    for gone in range(1, count + 1):
        members = removed(members, MANY[gone - 1])
        assert list(members) == MANY[gone:count]

    assert not members


def test_two_members_that_say_the_same_are_two() -> None:
    one, two = (Member.of("key", MANY[0].instance) for _ in range(2))

    assert list(removed(added(one, two), one)) == [two]


def test_equal_parts_are_shared_with_a_peer() -> None:
    one, two = (
        Instance.of(web(str(n), tags=tuple("ab"), metadata={"v": "1"})) for n in (1, 2)
    )
    shared = sharing(two, Member.of("1", one))

    assert shared == two
    assert shared.tags is one.tags
    assert shared.metadata is one.metadata


def test_other_parts_are_not() -> None:
    one = Instance.of(web("1", tags=("a",), metadata={"v": "1"}))
    two = Instance.of(web("2", name="Web", tags=("b",), metadata={"v": "2"}))

    assert sharing(two, Member.of("1", one)) == two
    assert sharing(two, ()) is two
