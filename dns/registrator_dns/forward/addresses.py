"""Addresses as sockets take them, and whether one of them is this host's."""

import ipaddress
import socket
from collections.abc import Sequence

from registrator_dns.names import Endpoint

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


def family(place: Endpoint) -> socket.AddressFamily:
    """Tell the family of a socket for *place*."""
    return socket.AF_INET6 if ":" in place[0] else socket.AF_INET


def socket_address(place: Endpoint) -> SocketAddress:
    """Write *place* so that connecting looks no name up; OSError without its interface.

    The interface of a link-local address stands behind a percent sign.
    """
    address, port = place
    bare, _, interface = address.partition("%")
    if not interface:
        return place
    scope = int(interface) if interface.isdigit() else socket.if_nametoindex(interface)
    return bare, port, 0, scope


def is_own(place: Endpoint, listen: Sequence[Endpoint]) -> bool:
    """Tell whether a query to *place* would come back to one of *listen*."""
    address = ipaddress.ip_address(place[0].partition("%")[0])
    for ours, port in listen:
        bound = ipaddress.ip_address(ours)
        if port != place[1] or bound.version != address.version:
            continue
        if bound == address or (bound.is_unspecified and is_local(place)):
            return True
    return False


def is_local(place: Endpoint) -> bool:
    """Tell whether the address of *place* is one of this host's.

    The kernel talks to an address of the host from that very address.
    """
    if ipaddress.ip_address(place[0].partition("%")[0]).is_loopback:
        return True
    try:
        with socket.socket(family(place), socket.SOCK_DGRAM) as probe:
            probe.connect(socket_address(place))
            source: str = probe.getsockname()[0]
    except OSError:
        return False
    return source.partition("%")[0] == place[0].partition("%")[0]
