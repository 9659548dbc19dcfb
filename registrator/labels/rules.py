"""What the operator said about every container of this host."""

from dataclasses import dataclass

from registrator.labels.tags import TagTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The flags that shape services, and what is known about this host."""

    node: str
    """The host's name: the first part of every id."""
    host_ipv4: str = ""
    host_ipv6: str = ""
    """The host's own addresses by route; "" where unknown."""
    ip: str = ""
    """-ip: the address of whatever is reached through the host."""
    internal: bool = False
    """-internal: the containers' own addresses and ports, published or not."""
    explicit: bool = False
    """-explicit: only ports that SERVICE_NAME names."""
    ip_label: str = ""
    """-useIpFromLabel: the label that holds the address."""
    network: str = ""
    """--network: whose address counts for a container on several networks."""
    tags: TagTemplate | None = None
    """-tags: tags for every service."""
    check_kinds: frozenset[str] = frozenset()
    """The kinds of checks that run here, those of other packages among them."""
