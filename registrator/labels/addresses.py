"""Where clients reach a port: through the host, or at the container's own address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from registrator.labels import whitelist
from registrator.labels.metadata import Wishes
from registrator.labels.rules import Rules
from registrator.labels.whitelist import Refused, shown
from registrator.model import Binding, Container, Network, Port

Way = Literal["published", "internal", "own-address", "host-network", "not-published"]

_BRIDGED = frozenset({"", "default", "bridge", "nat", "slirp4netns", "pasta"})
"""Network modes, and below networks, on which only published ports are reached."""
_BRIDGES = frozenset({"bridge", "nat", "podman"})

_HOST_UNKNOWN = "this host's own address is not known: give it with -ip"


class NoAddress(Refused):
    """Nothing is known at which a client could reach this port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An address and the port that is reached there, and why these."""

    address: str
    port: int
    reason: str
    notes: tuple[str, ...] = ()


def home_of(container: Container, joined: Container | None) -> Container:
    """The container whose network *container* lives in: mostly its own."""
    shares = container.network_mode.startswith("container:")
    return joined if shares and joined is not None else container


def way(wanted: Port, container: Container, home: Container, rules: Rules) -> Way:
    """How clients reach *wanted*; "not-published" where they do not."""
    if home.network_mode == "host":
        return "host-network"
    if rules.internal:
        return "internal"
    if home.published.get(wanted):
        return "published"
    # Where the engine lists ports at all, it lists every exposed one that could have
    # been published; one that is only declared would stand there too.
    if container.published or _is_bridged(container):
        return "not-published"
    return "own-address"


def locate(
    wanted: Port, container: Container, home: Container, rules: Rules, wishes: Wishes
) -> Location:
    """Where clients reach *wanted*, which is published or reached without that.

    Raise `NoAddress` where nothing is known, `Refused` where it cannot be reached.
    """
    prefer_ipv6 = wishes.get("ip_version") == "6"
    match way(wanted, container, home, rules):
        case "host-network":
            found = _on_host(wanted, rules, prefer_ipv6)
        case "published":
            found = _published(home.published[wanted], rules, prefer_ipv6)
        case _:
            found = _own(wanted, home, rules, wishes, prefer_ipv6)
    labelled, notes = _labelled(container, rules)
    if labelled:
        return Location(
            address=labelled,
            port=whitelist.port(found.port),
            reason=f"the address is in label {shown(rules.ip_label)}",
        )
    if not found.address:
        raise NoAddress(found.reason)
    return Location(
        address=whitelist.address(found.address),
        port=whitelist.port(found.port),
        reason=found.reason,
        notes=(*found.notes, *notes),
    )


def places(
    wanted: Port, home: Container, rules: Rules, wishes: Wishes
) -> Mapping[str, Location]:
    """Where *wanted* is reached through the host, and where by itself.

    One without an address says why it is not.
    """
    prefer_ipv6 = wishes.get("ip_version") == "6"
    if home.network_mode == "host":
        return dict.fromkeys(
            ("published", "container"), _on_host(wanted, rules, prefer_ipv6)
        )
    if bindings := home.published.get(wanted):
        published = _published(bindings, rules, prefer_ipv6)
    else:
        reason = "the port is not published"
        published = Location(address="", port=wanted.number, reason=reason)
    own = _own(wanted, home, rules, wishes, prefer_ipv6)
    return {"published": published, "container": own}


def _is_bridged(container: Container) -> bool:
    """Whether the engine would list the port if it were published.

    A swarm task has the default mode too, and overlay networks instead of a bridge.
    """
    names = {network.name for network in container.networks}
    mode = container.network_mode.partition(":")[0]
    return mode in _BRIDGED and (not names or not names.isdisjoint(_BRIDGES))


def _host(rules: Rules, prefer_ipv6: bool) -> str:
    known = (rules.host_ipv4, rules.host_ipv6)
    return rules.ip or next(filter(None, reversed(known) if prefer_ipv6 else known), "")


def _on_host(wanted: Port, rules: Rules, prefer_ipv6: bool) -> Location:
    address = _host(rules, prefer_ipv6)
    reason = "shares the host's network" if address else _HOST_UNKNOWN
    return Location(address=address, port=wanted.number, reason=reason)


def _published(
    bindings: Sequence[Binding], rules: Rules, prefer_ipv6: bool
) -> Location:
    """The first binding of the preferred family whose address is known."""
    if rules.ip:
        prefer_ipv6 = ":" in rules.ip
    ordered = sorted(bindings, key=lambda each: (":" in each.address) != prefer_ipv6)
    for binding in ordered:
        if address := rules.ip or _bound(binding.address, rules, prefer_ipv6):
            return Location(
                address=address,
                port=binding.port,
                reason=f"published on host port {binding.port}",
                notes=() if rules.ip else _loopback(address),
            )
    return Location(address="", port=ordered[0].port, reason=_HOST_UNKNOWN)


def _bound(address: str, rules: Rules, prefer_ipv6: bool) -> str:
    """Where a binding to *address* is reached; "" where that is not known."""
    match address:
        case "":
            return _host(rules, prefer_ipv6)
        case "0.0.0.0":
            return rules.host_ipv4
        case "::":
            return rules.host_ipv6
        case _:
            return address


def _loopback(address: str) -> tuple[str, ...]:
    if address.startswith("127.") or address == "::1":
        return (f"{address} is reached from this host only",)
    return ()


def _own(
    wanted: Port, home: Container, rules: Rules, wishes: Wishes, prefer_ipv6: bool
) -> Location:
    network = _network(home, rules, wishes.get("network"))
    if network is None:
        reason = _nowhere(home, wishes.get("network"))
        return Location(address="", port=wanted.number, reason=reason)
    families = (network.ipv4, network.ipv6)
    address = next(filter(None, reversed(families) if prefer_ipv6 else families))
    reason = f"reached at the container's own address on network {shown(network.name)}"
    return Location(address=address, port=wanted.number, reason=reason)


def _network(home: Container, rules: Rules, asked: str) -> Network | None:
    """The network whose address counts, the same one every time."""
    networks = {
        network.name: network
        for network in home.networks
        if network.ipv4 or network.ipv6
    }
    if asked:
        return networks.get(asked)
    for name in (rules.network, home.network_mode, "bridge"):
        if name in networks:
            return networks[name]
    # Swarm's load balancer has a foot on `ingress`; nobody talks to a task there.
    first = min(networks, key=lambda name: (name == "ingress", name), default=None)
    return None if first is None else networks[first]


def _nowhere(home: Container, asked: str) -> str:
    if home.network_mode == "none":
        return "network mode none: nobody can reach it"
    if home.network_mode.startswith("container:"):
        return f"nothing is known about the network of {shown(home.network_mode)}"
    if asked:
        return f"SERVICE_NETWORK: it has no address on network {shown(asked)}"
    return "it has no address of its own on any network"


def _labelled(container: Container, rules: Rules) -> tuple[str, tuple[str, ...]]:
    """The address from -useIpFromLabel, or what is wrong with it.

    As with the anchor, whoever shares another container's network has no say.
    """
    if not rules.ip_label or container.network_mode.startswith("container:"):
        return "", ()
    value = container.labels.get(rules.ip_label, "")
    if not value:
        return "", (f"label {shown(rules.ip_label)} of -useIpFromLabel is not set",)
    try:
        return whitelist.address(value.rpartition("/")[0] or value), ()
    except Refused as refused:
        return "", (f"label {shown(rules.ip_label)} is not used: {refused}",)
