"""The hosts that have names because instances on them are shown."""

from registrator_dns.members import Member
from registrator_dns.names import Labels


class Nodes:
    """Counts the instances of each node, and lists none: a node is shown once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Labels, bytes], tuple[Member, int]] = {}

    def enter(self, name: Labels, member: Member) -> Member | None:
        """Count one more instance on a node; give the node if it is the first."""
        known = (name, member.node_address)
        node, count = self._known.get(known, (None, 0))
        if node is not None:
            self._known[known] = (node, count + 1)
            return None
        node = Member.of_node(member.instance.node, member.node_address)
        self._known[known] = (node, 1)
        return node

    def leave(self, name: Labels, member: Member) -> Member | None:
        """Count one less; give the node if that was the last."""
        known = (name, member.node_address)
        node, count = self._known.pop(known)
        if count == 1:
            return node
        self._known[known] = (node, count - 1)
        return None
