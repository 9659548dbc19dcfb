from typing import Any

import pytest

from labels.making import (
    BRIDGE,
    MINE,
    container,
    environment,
    ports,
    published,
    rules,
)
from registrator.labels import Decision, decide
from registrator.model import Binding, Container, Network, Port

LAN = Network(name="lan", ipv4="192.168.1.77")
SIX = Network(name="six", ipv6="fd00:6::7")
INGRESS = Network(name="ingress", ipv4="10.0.0.5")
HOST = Network(name="host")
UNPUBLISHED: dict[str, Any] = {"published": {}}
OTHER = "container:0123456789ab"


def bound(*addresses: str) -> dict[Port, tuple[Binding, ...]]:
    """Bind port 80 to these addresses, from host port 8000 on."""
    return {
        Port(80): tuple(
            Binding(address=address, port=8000 + number)
            for number, address in enumerate(addresses)
        )
    }


def said(*variables: str, **changes: Any) -> Container:
    return container(environment=environment(*variables), **changes)


def decided(subject: Container, joined: Container | None = None, **changes: Any) -> str:
    """The rule, and the address and port where there is a service."""
    (decision,) = decide(subject, rules(**changes), joined)
    if decision.service is None:
        return decision.rule
    return f"{decision.rule} {decision.service.address} {decision.service.port}"


@pytest.mark.parametrize(
    ("bindings", "changes", "expected"),
    [
        pytest.param(bound("0.0.0.0"), {}, "192.168.1.9 8000", id="every IPv4"),
        pytest.param(bound(""), {}, "192.168.1.9 8000", id="every address"),
        pytest.param(bound("::"), {}, "fd00:1::9 8000", id="every IPv6"),
        pytest.param(bound("10.1.1.1"), {}, "10.1.1.1 8000", id="one IPv4"),
        pytest.param(bound("fd00::5"), {}, "fd00::5 8000", id="one IPv6"),
        pytest.param(bound("::", "0.0.0.0"), {}, "192.168.1.9 8001", id="IPv4 first"),
        pytest.param(
            bound("10.1.1.1", "10.1.1.2"), {}, "10.1.1.1 8000", id="the first IPv4"
        ),
        pytest.param(
            bound("fd00::5", "fd00::6"), {}, "fd00::5 8000", id="the first IPv6"
        ),
        pytest.param(bound("10.1.1.1"), {"ip": "10.0.0.1"}, "10.0.0.1 8000", id="-ip"),
        pytest.param(
            bound("0.0.0.0", "::"),
            {"ip": "fd00::1"},
            "fd00::1 8001",
            id="-ip of IPv6 takes the port that is bound to IPv6",
        ),
        pytest.param(
            bound("0.0.0.0", "::"),
            {"host_ipv4": ""},
            "fd00:1::9 8001",
            id="the family whose address is known",
        ),
        pytest.param(
            bound(""), {"host_ipv4": ""}, "fd00:1::9 8000", id="the host's only one"
        ),
    ],
)
def test_a_published_port_is_reached_through_the_host(
    bindings: dict[Port, tuple[Binding, ...]], changes: dict[str, Any], expected: str
) -> None:
    found = decided(container(published=bindings), **changes)

    assert found == f"published {expected}"


@pytest.mark.parametrize(
    ("subject", "changes", "expected"),
    [
        pytest.param(
            container(published=bound("0.0.0.0", "::")),
            {"host_ipv4": "", "host_ipv6": ""},
            "no-address",
            id="published, and the host's address is unknown",
        ),
        pytest.param(
            container(published=bound("0.0.0.0")),
            {"host_ipv4": ""},
            "no-address",
            id="published on IPv4, and only the host's IPv6 is known",
        ),
        pytest.param(
            container(network_mode="host", **UNPUBLISHED),
            {"host_ipv4": "", "host_ipv6": ""},
            "no-address",
            id="host network, and the host's address is unknown",
        ),
        pytest.param(
            container(published=bound("nonsense")),
            {},
            "refused",
            id="bound to nonsense",
        ),
        pytest.param(
            container(published=published(p80=70000)), {}, "refused", id="no host port"
        ),
        pytest.param(container(), {"ip": "0.0.0.0"}, "refused", id="-ip is no address"),
        pytest.param(
            container(published=published(p80=0)),
            {},
            "not-published",
            id="null bindings",
        ),
        pytest.param(container(**UNPUBLISHED), {}, "not-published", id="bridge"),
        pytest.param(
            container(**UNPUBLISHED, networks=()), {}, "not-published", id="no network"
        ),
        pytest.param(
            container(**UNPUBLISHED, networks=(), network_mode="slirp4netns:mtu=1500"),
            {},
            "not-published",
            id="a rootless network",
        ),
        pytest.param(
            container(network_mode="none", networks=(), **UNPUBLISHED),
            {},
            "no-address",
            id="network none",
        ),
        pytest.param(
            container(network_mode="lan", networks=(), **UNPUBLISHED),
            {},
            "no-address",
            id="a network without an address",
        ),
        pytest.param(
            container(network_mode=OTHER, networks=(), **UNPUBLISHED),
            {},
            "no-address",
            id="a container that nobody knows",
        ),
        pytest.param(
            said("SERVICE_NETWORK=lan", network_mode="mynet", networks=(MINE,)),
            {"internal": True},
            "no-address",
            id="SERVICE_NETWORK that it is not on",
        ),
    ],
)
def test_nothing_is_registered(
    subject: Container, changes: dict[str, Any], expected: str
) -> None:
    assert decided(subject, **changes) == expected


@pytest.mark.parametrize(
    ("subject", "changes", "expected"),
    [
        pytest.param(
            container(network_mode="lan", networks=(LAN,), **UNPUBLISHED),
            {"ip": "10.0.0.1"},
            "own-address 192.168.1.77 80",
            id="macvlan, even with -ip",
        ),
        pytest.param(
            container(network_mode="default", networks=(INGRESS, LAN), **UNPUBLISHED),
            {},
            "own-address 192.168.1.77 80",
            id="a swarm task, on its overlay network and not on ingress",
        ),
        pytest.param(
            container(network_mode="default", networks=(INGRESS,), **UNPUBLISHED),
            {},
            "own-address 10.0.0.5 80",
            id="a swarm task that is on ingress alone",
        ),
        pytest.param(
            container(network_mode="host", networks=(HOST,), **UNPUBLISHED),
            {},
            "host-network 192.168.1.9 80",
            id="host network",
        ),
        pytest.param(
            container(network_mode="host", networks=(HOST,), **UNPUBLISHED),
            {"ip": "10.0.0.1"},
            "host-network 10.0.0.1 80",
            id="host network with -ip",
        ),
        pytest.param(
            container(network_mode="host", networks=(HOST,), **UNPUBLISHED),
            {"internal": True, "ip": "10.0.0.1"},
            "host-network 10.0.0.1 80",
            id="host network with -internal",
        ),
        pytest.param(
            container(published=published(p80=0)),
            {"internal": True, "ip": "10.0.0.1"},
            "internal 172.17.0.5 80",
            id="-internal",
        ),
        pytest.param(
            container(networks=(SIX,), network_mode="six"),
            {"internal": True},
            "internal fd00:6::7 80",
            id="-internal, IPv6 where there is no IPv4",
        ),
    ],
)
def test_a_port_is_reached_without_being_published(
    subject: Container, changes: dict[str, Any], expected: str
) -> None:
    assert decided(subject, **changes) == expected


@pytest.mark.parametrize(
    ("variables", "networks", "mode", "changes", "expected"),
    [
        pytest.param([], (MINE, LAN), "mynet", {}, MINE, id="its mode names one"),
        pytest.param([], (MINE, LAN), "lan", {}, LAN, id="its mode names the other"),
        pytest.param([], (BRIDGE, MINE), "default", {}, BRIDGE, id="the bridge"),
        pytest.param([], (MINE, LAN), "0123abcd", {}, LAN, id="the first by name"),
        pytest.param([], (MINE, LAN), "mynet", {"network": "lan"}, LAN, id="--network"),
        pytest.param(
            [], (MINE, LAN), "mynet", {"network": "x"}, MINE, id="--network elsewhere"
        ),
        pytest.param(
            ["SERVICE_NETWORK=mynet"],
            (MINE, LAN),
            "lan",
            {"network": "lan"},
            MINE,
            id="SERVICE_NETWORK beats all",
        ),
        pytest.param(
            ["SERVICE_80_NETWORK=mynet", "SERVICE_NETWORK=lan"],
            (MINE, LAN),
            "lan",
            {},
            MINE,
            id="SERVICE_NETWORK of a port",
        ),
        pytest.param(
            [], (HOST, LAN), "host-like", {}, LAN, id="one without address counts not"
        ),
    ],
)
def test_of_several_networks_one_counts(
    variables: list[str],
    networks: tuple[Network, ...],
    mode: str,
    changes: dict[str, Any],
    expected: Network,
) -> None:
    subject = said(*variables, networks=networks, network_mode=mode)
    turned = said(*variables, networks=networks[::-1], network_mode=mode)

    found = {decided(each, internal=True, **changes) for each in (subject, turned)}

    assert found == {f"internal {expected.ipv4} 80"}


@pytest.mark.parametrize(
    ("variables", "changes", "expected"),
    [
        pytest.param(
            ["SERVICE_IP_VERSION=6"], {}, "published fd00:1::9 8001", id="six"
        ),
        pytest.param(
            ["SERVICE_IP_VERSION=4"], {}, "published 192.168.1.9 8000", id="4"
        ),
        pytest.param(
            ["SERVICE_IP_VERSION=6"],
            {"internal": True},
            "internal fd00:17::5 80",
            id="six of its own",
        ),
        pytest.param(
            ["SERVICE_IP_VERSION=6"],
            {"ip": "10.0.0.1"},
            "published 10.0.0.1 8000",
            id="-ip knows better",
        ),
    ],
)
def test_ip_version_prefers_a_family(
    variables: list[str], changes: dict[str, Any], expected: str
) -> None:
    subject = said(*variables, published=bound("0.0.0.0", "::"))

    assert decided(subject, **changes) == expected


def test_ip_version_prefers_a_family_on_the_host_network() -> None:
    subject = said("SERVICE_IP_VERSION=6", network_mode="host", **UNPUBLISHED)

    assert decided(subject) == "host-network fd00:1::9 80"


SHARING = container(network_mode=OTHER, networks=(), exposed=ports("80"), published={})


@pytest.mark.parametrize(
    ("joined", "changes", "expected"),
    [
        pytest.param(
            container(published={}),
            {"ip": "10.0.0.1"},
            "own-address 172.17.0.5 80",
            id="on the bridge: its address, even with -ip",
        ),
        pytest.param(
            container(networks=(MINE,), network_mode="mynet", published={}),
            {},
            "own-address 10.9.0.7 80",
            id="on a user's network",
        ),
        pytest.param(
            container(published=published(p80=8000)),
            {},
            "published 192.168.1.9 8000",
            id="which publishes the port",
        ),
        pytest.param(
            container(published=published(p80=0)),
            {},
            "own-address 172.17.0.5 80",
            id="which exposes the port",
        ),
        pytest.param(
            container(published=published(p80=8000)),
            {"internal": True},
            "internal 172.17.0.5 80",
            id="-internal",
        ),
        pytest.param(
            container(network_mode="host", networks=(HOST,), published={}),
            {},
            "host-network 192.168.1.9 80",
            id="on the host's network",
        ),
        pytest.param(
            container(network_mode="none", networks=(), published={}),
            {},
            "no-address",
            id="without a network",
        ),
        pytest.param(
            container(network_mode=OTHER, networks=(), published={}),
            {},
            "no-address",
            id="which shares another's in turn",
        ),
    ],
)
def test_a_container_shares_the_network_of_another(
    joined: Container, changes: dict[str, Any], expected: str
) -> None:
    assert decided(SHARING, joined, **changes) == expected


def test_another_container_means_nothing_to_one_with_its_own_network() -> None:
    joined = container(networks=(MINE,), network_mode="mynet")

    assert decided(container(), joined, internal=True) == "internal 172.17.0.5 80"


def labelled(value: str, **changes: Any) -> Decision:
    subject = container(labels={"com.example.ip": value}, **changes)
    (decision,) = decide(subject, rules(ip_label="com.example.ip", ip="10.0.0.1"))
    return decision


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("10.5.5.5", "10.5.5.5", id="an address, before -ip"),
        pytest.param("10.5.5.5/24", "10.5.5.5", id="with its prefix"),
        pytest.param("fd00::5/64", "fd00::5", id="of IPv6"),
    ],
)
def test_a_label_gives_the_address_and_leaves_the_port(
    value: str, expected: str
) -> None:
    decision = labelled(value)

    assert decision.service is not None
    assert (decision.service.address, decision.service.port) == (expected, 8000)
    assert "'com.example.ip'" in decision.reason
    assert decision.notes == ()


@pytest.mark.parametrize(
    ("value", "note"),
    [
        pytest.param("", "'com.example.ip' of -useIpFromLabel is not set", id="empty"),
        pytest.param("10.5.5", "'10.5.5' is not an IP address", id="none"),
        pytest.param("10.5.5.5/24/1", "'10.5.5.5/24' is not", id="the last slash"),
        pytest.param("0.0.0.0", "'0.0.0.0' is no address to connect to", id="wildcard"),
    ],
)
def test_a_label_that_is_no_address_is_noted_and_left(value: str, note: str) -> None:
    decision = labelled(value)

    assert decision.service is not None
    assert decision.service.address == "10.0.0.1"
    assert note in "; ".join(decision.notes)


def test_a_label_gives_an_address_to_a_container_that_has_none() -> None:
    decision = labelled("10.5.5.5", network_mode="none", networks=(), published={})

    assert decision.service is not None
    assert (decision.service.address, decision.service.port) == ("10.5.5.5", 80)


def test_a_label_has_no_say_where_a_network_is_shared() -> None:
    subject = container(
        network_mode=OTHER, networks=(), published={}, labels={"ip": "10.5.5.5"}
    )

    assert decided(subject, container(), ip_label="ip") == "published 192.168.1.9 8000"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_a_port_bound_to_loopback_is_registered_with_a_note(address: str) -> None:
    (decision,) = decide(container(published=bound(address)), rules())

    assert decision.service is not None
    assert decision.service.address == address
    assert decision.notes == (f"{address} is reached from this host only",)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        pytest.param(
            container(published=bound("0.0.0.0")), "give it with -ip", id="unknown host"
        ),
        pytest.param(
            container(network_mode="none", networks=(), published={}),
            "network mode none",
            id="none",
        ),
        pytest.param(
            container(network_mode=OTHER, networks=(), published={}),
            f"nothing is known about the network of '{OTHER}'",
            id="unknown container",
        ),
        pytest.param(
            container(network_mode="lan", networks=(), published={}),
            "no address of its own on any network",
            id="no address",
        ),
        pytest.param(
            said(
                "SERVICE_NETWORK=x", network_mode="lan", networks=(LAN,), published={}
            ),
            "SERVICE_NETWORK: it has no address on network 'x'",
            id="another network",
        ),
    ],
)
def test_a_missing_address_says_what_to_do(subject: Container, reason: str) -> None:
    (decision,) = decide(subject, rules(host_ipv4="", host_ipv6=""))

    assert decision.rule == "no-address"
    assert reason in decision.reason
