"""Names as a tree of labels: who is at each, what is below, what a * stands for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from registrator_dns.members import Member, Members, added, removed
from registrator_dns.names import Labels

ANY: Final = b"*"
"""The label of a query that stands for any one."""

MOST: Final = 1_000
"""Labels that a * is tried with, and instances that one of its answers is made of."""


class Node:
    """One name: its members, and the names below it by their next label."""

    __slots__ = ("below", "members")

    def __init__(self) -> None:
        self.below: dict[bytes, Node] = _NOTHING
        self.members: Members = ()


_NOTHING: dict[bytes, Node] = {}
"""Shared by all names with nothing below; never written to."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The names that a name with a * stands for."""

    nodes: tuple[Node, ...]
    is_whole: bool
    """Whether there are no others than these."""

    def members(self) -> Members:
        """List their members, each once: no more than `MOST`."""
        every = (member for node in self.nodes for member in node.members)
        return tuple(dict.fromkeys(islice(every, MOST)))


class Tree:
    """All names with members, and those that are there because of them (RFC 8020)."""

    def __init__(self) -> None:
        self._root = Node()

    def add(self, place: Labels, member: Member) -> None:
        """Make *member* a member of *place*, where it is none yet."""
        node = self._root
        for label in reversed(place):
            below = node.below.get(label)
            if below is None:
                below = Node()
                if node.below is _NOTHING:
                    node.below = {}
                node.below[label] = below
            node = below
        node.members = added(node.members, member)

    def remove(self, place: Labels, member: Member) -> None:
        """Take *member* out of *place*, and with it every name that has no use."""
        path = [self._root]
        for label in reversed(place):
            path.append(path[-1].below[label])
        path[-1].members = removed(path[-1].members, member)
        for label in place:
            node = path.pop()
            if node.members or node.below:
                return
            del path[-1].below[label]
            if not path[-1].below:
                path[-1].below = _NOTHING

    def get(self, place: Labels) -> Node | None:
        """Find what is at *place*, if it is there."""
        node: Node | None = self._root
        for label in reversed(place):
            node = node.below.get(label) if node else None
        return node

    def match(self, place: Labels) -> Matches:
        """Find the names that *place* stands for, a * in it for any one label."""
        nodes: Iterable[Node] = (self._root,)
        is_whole = True
        for label in reversed(place):
            found = tuple(islice(_below(nodes, label), MOST + 1))
            is_whole = is_whole and len(found) <= MOST
            nodes = found[:MOST]
        return Matches(tuple(nodes), is_whole)


def _below(nodes: Iterable[Node], label: bytes) -> Iterator[Node]:
    if label == ANY:
        return (below for node in nodes for below in node.below.values())
    return (node.below[label] for node in nodes if label in node.below)
