from dataclasses import replace

from registrator.model import Instance
from registrator_dns.members import Member
from registrator_dns.nodes import Nodes

NAME = (b"bar", b"node")
FIRST = Instance(
    id="a", name="web", address="", port=1, node="Bar", node_address="10.0.0.2"
)


def member(instance: Instance) -> Member:
    return Member.of(instance.id, instance)


def test_a_node_comes_with_its_first_instance_and_goes_with_its_last() -> None:
    nodes = Nodes()
    first, second = member(FIRST), member(replace(FIRST, id="b"))

    node = nodes.enter(NAME, first)

    assert node is not None
    assert (node.is_node, node.instance.node) == (True, "Bar")
    assert node.node_address == first.node_address
    assert nodes.enter(NAME, second) is None
    assert nodes.leave(NAME, first) is None
    assert nodes.leave(NAME, second) is node


def test_the_same_name_with_another_address_is_another_node() -> None:
    nodes = Nodes()
    there = member(replace(FIRST, node_address="10.0.0.3"))

    assert nodes.enter(NAME, member(FIRST)) is not nodes.enter(NAME, there)
