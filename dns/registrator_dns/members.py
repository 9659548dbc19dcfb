"""The instances that are shown, and those of them that one name stands for."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self, TypeVar

from registrator.model import Instance
from registrator_dns import names

T = TypeVar("T")

_FEW: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One instance that is shown: itself, and no other that says the same.

    It is a collection of itself, since most names have one member only.
    """

    key: str
    instance: Instance
    address: bytes
    """4 or 16 octets; none where the instance's address is the name of a host."""
    node_address: bytes
    """The same of its node; none also where it is not known."""

    @classmethod
    def of(cls, key: str, instance: Instance) -> Self:
        """Make *instance* a member, under the *key* that its source has for it."""
        return cls(
            key=key,
            instance=instance,
            address=_octets(instance.address),
            node_address=_shared_octets(instance.node_address),
        )

    @classmethod
    def of_node(cls, name: str, address: bytes) -> Self:
        """Make a member that is a node itself, and no instance."""
        node = Instance(id="", name="", address="", port=0, node=name)
        return cls(key="", instance=node, address=b"", node_address=address)

    @property
    def is_node(self) -> bool:
        """Whether it is a node, and no instance: that has a name of its own."""
        return not self.instance.name

    def __iter__(self) -> Iterator["Member"]:
        yield self

    def __len__(self) -> int:
        return 1

    def __contains__(self, member: object) -> bool:
        return member is self


Members = Collection[Member]
"""In the order they came; changed by `added` and `removed` only, which give the new."""


def added(members: Members, member: Member) -> Members:
    """Put *member* to *members*.

    A few are a tuple, which takes a third of a dict's memory; of many, a change must
    not cost by their number.
    """
    if isinstance(members, dict):
        members[member] = None
        return members
    if not members:
        return member
    many = (*members, member)
    return many if len(many) <= _FEW else dict.fromkeys(many)


def removed(members: Members, member: Member) -> Members:
    """Take *member* out of *members*."""
    if isinstance(members, dict):
        del members[member]
        return members
    left = tuple([each for each in members if each is not member])
    return left[0] if len(left) == 1 else left


def sharing(instance: Instance, peers: Members) -> Instance:
    """Give *instance* as it is, made of the same objects as one of its *peers*.

    The instances of a service differ in little, and there may be many.
    """
    for peer in peers:
        like = peer.instance
        return replace(
            instance,
            name=_same(instance.name, like.name),
            tags=_same(instance.tags, like.tags),
            metadata=_same(instance.metadata, like.metadata),
        )
    return instance


def _same(value: T, other: T) -> T:
    return other if other == value else value


def _octets(address: str) -> bytes:
    try:
        return names.packed(address)
    except (OSError, ValueError):
        return b""


# A node's address comes with each of its instances.
_shared_octets = lru_cache(4096)(_octets)
