"""Binds the sockets that a responder answers on."""

import errno
import socket

from registrator.errors import ConfigError
from registrator.model import endpoint
from registrator_dns.holder import Transport, holder
from registrator_dns.names import Endpoint, packed

Bound = tuple[socket.socket, socket.socket]
"""One for UDP, and one that listens for TCP, at the same address and port."""

_BACKLOG = 128
_UDP_BUFFER = 1 << 20  # queries wait in it while the process is busy
_PORTS_TRIED = 50

_REASONS = {
    errno.EACCES: "a port this low needs root or CAP_NET_BIND_SERVICE",
    errno.EADDRNOTAVAIL: "this host has no such address",
    errno.EAFNOSUPPORT: "this host has no IPv6",
}


def bind(place: Endpoint, *, shared: bool = False) -> Bound:
    """Bind both sockets to one address and port.

    Port 0 becomes one that is free for both. *shared* lets others of this user bind
    the same, and each gets a part of the queries. Raise `ConfigError`.
    """
    address, port = place
    for _ in range(_PORTS_TRIED):
        udp = _bind("udp", (address, port), shared=shared)
        try:
            number = udp.getsockname()[1]
            return udp, _bind("tcp", (address, number), shared=shared)
        except ConfigError:
            udp.close()
            if port:
                raise
    raise ConfigError(f"dns: {address} has no port that is free for UDP and TCP")


def overlap(one: Endpoint, other: Endpoint) -> bool:
    """Tell whether two places cannot both be bound, unless they are shared."""
    addresses = packed(one[0]), packed(other[0])
    same = addresses[0] == addresses[1] or not all(map(any, addresses))
    return same and one[1] == other[1]


def explain(error: OSError, transport: Transport, place: Endpoint) -> str:
    """Say in one sentence why a socket could not be bound to *place*."""
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        process = holder(transport, *place)
        reason = f"the port is taken by {process}" if process else "the port is taken"
    return f"dns: cannot listen on {endpoint(*place)}/{transport}: {reason}"


def _bind(transport: Transport, place: Endpoint, *, shared: bool) -> socket.socket:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    try:
        bound = socket.socket(_family(place[0]), kind)
    except OSError as error:
        raise ConfigError(explain(error, transport, place)) from error
    try:
        _prepare(bound)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(place)
        if transport == "tcp":
            bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise ConfigError(explain(error, transport, place)) from error
    return bound


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _prepare(unbound: socket.socket) -> None:
    unbound.setblocking(False)
    if unbound.family == socket.AF_INET6:
        unbound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if unbound.type == socket.SOCK_STREAM:
        # Connections of the process before this one may linger on the port.
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER)
