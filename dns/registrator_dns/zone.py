"""The table of instances, and what each name of the domain has to say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from registrator.model import Instance
from registrator_dns import browsing, names, places, records, wire
from registrator_dns.members import Member, Members, added, removed, sharing
from registrator_dns.names import MAX_NAME, Labels
from registrator_dns.nodes import Nodes
from registrator_dns.places import (
    ADDR,
    DNS_SD,
    NODE,
    NS,
    QUERY,
    SERVICE,
    Asked,
    Scheme,
)
from registrator_dns.records import Host, Naming, RRset
from registrator_dns.tree import ANY, Tree
from registrator_dns.ttls import Ttls

Key = Labels
"""What an answer depends on: a place, or what no place can be."""

Shares = Mapping[str, Collection[bytes]]
"""Data of records by the key of an instance; "" is this host itself."""

EVERYTHING: Final[Key] = (b"",)
"""What answers depend on that every change may change."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a name that exists has of one type; maybe nothing."""

    rrset: RRset
    key: Key | None
    """That on whose changes this depends; None: not worth keeping."""
    ttl: int = 0


class Zone:
    """Shows instances; a change costs by the names of that one instance only."""

    def __init__(
        self,
        host: Host,
        serial: int = 1,
        *,
        ttls: Ttls | None = None,
        short: Labels = (),
        room: int = MAX_NAME,
    ) -> None:
        """*serial* is the first; every change adds one.

        *room* are the octets that data center and domain leave to a name; *short* as
        in `Scheme`.
        """
        self.host = host
        self.serial = serial
        self._scheme = Scheme(dc=host.dc, short=short, room=room)
        self._ttls = ttls or Ttls()
        self._members: dict[str, Member] = {}
        self._tree = Tree()
        self._addresses: dict[bytes, Members] = {}
        # Of these one is always there: what can be browsed is told below it.
        self._protos: dict[bytes, int] = {DNS_SD[1]: 1}
        self._nodes = Nodes()
        self._fixed = _fixed(host)
        itself = Member.of_node(b".".join(host.node).decode(), host.address)
        self._enter(itself, ((*host.node, NODE),), host.address)

    @property
    def instances(self) -> Mapping[str, Instance]:
        """All that is shown, as it is now."""
        return {key: member.instance for key, member in self._members.items()}

    def put(self, key: str, instance: Instance) -> set[Key]:
        """Show *instance* in place of what had its key; say what answers change.

        There must be nothing against it (`refusals`).
        """
        before = self._members.get(key)
        if before is not None and before.instance == instance:
            return set()
        changed = self.drop(key)
        member = self._member(key, instance)
        shown = places.shown(member, self._scheme)
        self._members[key] = member
        self.serial += 1
        for proto in shown.protos:
            self._protos[proto] = self._protos.get(proto, 0) + 1
        changed |= self._enter(member, shown.places, member.address)
        if shown.node and (node := self._nodes.enter(shown.node, member)):
            changed |= self._enter(node, (shown.node,), node.node_address)
        return changed | {shown.type, EVERYTHING}

    def drop(self, key: str) -> set[Key]:
        """Show an instance no longer, if it is shown; say what answers change."""
        member = self._members.pop(key, None)
        if member is None:
            return set()
        shown = places.shown(member, self._scheme)
        self.serial += 1
        for proto in shown.protos:
            self._protos[proto] -= 1
            if not self._protos[proto]:
                del self._protos[proto]
        changed = self._leave(member, shown.places, member.address)
        if shown.node and (node := self._nodes.leave(shown.node, member)):
            changed |= self._leave(node, (shown.node,), node.node_address)
        return changed | {shown.type, EVERYTHING}

    def find(self, labels: Labels, kind: int, domain: bytes) -> Found | None:
        """Find what a name relative to the domain has; None where there is no name.

        *domain* is written into the answer, and ends in the root.
        """
        asked = places.asked(labels, self._scheme)
        naming = Naming(self.host, self._scheme, domain)
        if ANY in asked.place:
            return self._find_any(asked.place, kind, naming)
        found = self._browse(labels, asked, naming) if kind == wire.PTR else None
        return (
            found
            or self._find_members(asked.place, kind, naming)
            or self._find_fixed(asked.place, kind)
            or self._find_below(asked, kind)
        )

    def shares(self, labels: Labels, kind: int, domain: bytes) -> Shares:
        """List what each instance alone puts to the answer of `find`."""
        asked = places.asked(labels, self._scheme)
        place = asked.place
        naming = Naming(self.host, self._scheme, domain)
        if kind == wire.PTR and ANY not in place:
            return browsing.shares(asked, self._tree, names.wire(labels) + domain) or {}
        if ANY in place:
            members = self._tree.match(place).members()
        else:
            node = self._tree.get(place)
            members = node.members if node else ()
        if place[-1:] == (NODE,):
            members = self._on(members)
        return {
            each.key: self._found((each,), place, kind, naming, place).rrset.rdatas
            for each in members
        }

    def shares_reverse(self, address: bytes, domain: bytes) -> Shares:
        """List what each instance alone puts to the answer of `find_reverse`."""
        naming = Naming(self.host, self._scheme, domain)
        members = self._addresses.get(address, ())
        found: dict[str, Collection[bytes]] = {}
        # A node goes before the services that have its address.
        for member in sorted(members, key=lambda each: each.is_node):
            rdatas = records.of_reverse(address, (member,), naming).rdatas
            those = self._on((member,)) if member.is_node else (member,)
            found |= dict.fromkeys((each.key for each in those), rdatas)
        return found

    def find_reverse(self, address: bytes, domain: bytes) -> Found | None:
        """Find the PTR of an address; None where it is not one of ours."""
        members = self._addresses.get(address)
        if members is None:
            return None
        naming = Naming(self.host, self._scheme, domain)
        rrset = records.of_reverse(address, members, naming)
        return Found(rrset, _key(address), self._ttls.default)

    def _find_members(self, place: Labels, kind: int, naming: Naming) -> Found | None:
        node = self._tree.get(place)
        if node is None or not node.members:
            return None
        return self._found(node.members, place, kind, naming, place)

    def _find_fixed(self, place: Labels, kind: int) -> Found | None:
        """Find what is there without any instance."""
        addresses = self._fixed.get(place)
        if addresses is not None:
            rrset = records.of_addresses(addresses, kind)
            return Found(rrset, place, self._ttls.default)
        if len(place) == 2 and place[1] == ADDR:
            return self._find_address(place[0], kind)
        return None

    def _find_below(self, asked: Asked, kind: int) -> Found | None:
        """Find that a name is there because of another below it (RFC 8020)."""
        place = asked.type if asked.is_pair else asked.place
        is_there = bool(place) and self._tree.get(place) is not None
        if is_there or self._is_proto(asked.place):
            return Found(RRset(kind), None)
        return None

    def _found(
        self, members: Members, place: Labels, kind: int, naming: Naming, key: Key
    ) -> Found:
        if place[-1] == NODE:
            addresses = {each.node_address for each in members} - {b""}
            return Found(records.of_addresses(addresses, kind), key, self._ttls.default)
        ttl = self._ttls.least(each.instance.name for each in members)
        return Found(records.of_members(members, kind, naming), key, ttl)

    def _find_any(self, place: Labels, kind: int, naming: Naming) -> Found | None:
        """Find what all names have together that *place* stands for.

        Its last label is a word of the scheme, which a * never stands for.
        """
        if place[-1] == ANY:
            return None
        matches = self._tree.match(place)
        if not matches.nodes and matches.is_whole:
            return None
        return self._found(matches.members(), place, kind, naming, EVERYTHING)

    def _browse(self, labels: Labels, asked: Asked, naming: Naming) -> Found | None:
        """Find what is pointed to, for browsers of services."""
        if asked.place in browsing.PLACES:
            suffix = names.wire(labels[len(asked.place) :]) + naming.domain
            rrset = browsing.beginnings(asked.place, self._tree, suffix)
            return Found(rrset, EVERYTHING, self._ttls.default)
        node = self._tree.get(asked.type) if asked.type else None
        if node is None or not node.below:
            return None
        rrset = browsing.instances(node, names.wire(labels), naming)
        ttl = self._ttls.least([asked.type[0][1:].decode()])
        return Found(rrset, asked.type, ttl)

    def _find_address(self, label: bytes, kind: int) -> Found | None:
        try:
            address = names.from_hex(label)
        except ValueError:
            return None
        # There are more such names than can be kept: only those of instances are.
        key = _key(address) if address in self._addresses else None
        found = records.of_addresses((address,), kind)
        return Found(found, key, self._ttls.default)

    def _on(self, nodes: Members) -> Members:
        """List the instances that are on one of *nodes*, but for this host's own."""
        known = {(each.node_address, each.instance.node.lower()) for each in nodes}
        return tuple(
            each
            for each in self._members.values()
            if (each.node_address, each.instance.node.lower()) in known
            and each.node_address != self.host.address
        )

    def _is_proto(self, place: Labels) -> bool:
        """Whether there is an RFC 2782 name below, in which *place* is the protocol."""
        return place[1:] in {(), (SERVICE,)} and place[0] in self._protos

    def _member(self, key: str, instance: Instance) -> Member:
        node = self._tree.get((*names.parse(instance.name), SERVICE))
        return Member.of(key, sharing(instance, node.members) if node else instance)

    def _enter(
        self, member: Member, at: Collection[Labels], address: bytes
    ) -> set[Key]:
        for place in at:
            self._tree.add(place, member)
        if not address:
            return {*at}
        self._addresses[address] = added(self._addresses.get(address, ()), member)
        return {*at, _key(address)}

    def _leave(
        self, member: Member, at: Collection[Labels], address: bytes
    ) -> set[Key]:
        for place in at:
            self._tree.remove(place, member)
        if not address:
            return {*at}
        self._addresses[address] = removed(self._addresses[address], member)
        if not self._addresses[address]:
            del self._addresses[address]
        return {*at, _key(address)}


def _key(address: bytes) -> Key:
    return (b"", address)


def _fixed(host: Host) -> Mapping[Labels, tuple[bytes, ...]]:
    """List the names that are there without any instance, with their addresses."""
    words = ((SERVICE,), (NODE,), (ADDR,), (QUERY,), (host.dc,))
    empty = ((), *words, DNS_SD, DNS_SD[1:], *browsing.PLACES)
    return {**dict.fromkeys(empty, ()), (NS,): host.nameservers}
