"""This host's own addresses, as the rest of the network reaches it."""

import ipaddress
import socket
from typing import Final

_ELSEWHERE: Final = {
    socket.AF_INET: "192.0.2.1",
    socket.AF_INET6: "2001:db8::1",
}
"""Addresses of nobody (RFC 5737, RFC 3849) that a default route leads to."""


def by_route(family: socket.AddressFamily) -> str:
    """Return the address that the route to elsewhere starts from, "" for none.

    No packet is sent: connecting a datagram socket only looks the route up.
    """
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_ELSEWHERE[family], 9))
            found = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
    except OSError:
        return ""
    unfit = found.is_loopback or found.is_link_local or found.is_unspecified
    return "" if unfit else str(found)


def by_routes() -> tuple[str, str]:
    """Return this host's IPv4 and IPv6 address, each "" for none."""
    return by_route(socket.AF_INET), by_route(socket.AF_INET6)


def unknown() -> tuple[str, str]:
    """Return no addresses: for whoever cannot know the host's."""
    return "", ""
