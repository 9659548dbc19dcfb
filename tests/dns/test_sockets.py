import errno
import os
import socket
from typing import Literal

import pytest

from registrator.errors import ConfigError
from registrator_dns.sockets import bind, explain
from servers import free_ports

UDP, TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_port_0_becomes_one_port_for_both(address: str) -> None:
    udp, tcp = bind((address, 0))
    with udp, tcp:
        assert udp.getsockname()[:2] == tcp.getsockname()[:2]
        assert udp.getsockname()[1] > 0


def test_ipv6_takes_nothing_away_from_ipv4() -> None:
    (port,) = free_ports(1)
    first = bind(("::", port))
    second = bind(("0.0.0.0", port))

    for each in (*first, *second):
        each.close()


@pytest.mark.parametrize(("kind", "name"), [(UDP, "udp"), (TCP, "tcp")])
@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("::1", "::1"),
    ],
)
def test_a_port_that_is_taken_is_told_with_its_holder(
    kind: socket.SocketKind, name: str, held: str, wanted: str
) -> None:
    (port,) = free_ports(1)
    family = socket.AF_INET6 if ":" in held else socket.AF_INET
    with socket.socket(family, kind) as holder:
        holder.bind((held, port))
        if kind == TCP:
            holder.listen()
        with pytest.raises(ConfigError) as told:
            bind((wanted, port))

    place = f"[{wanted}]:{port}" if ":" in wanted else f"{wanted}:{port}"
    (problem,) = told.value.problems
    assert problem.startswith(
        f"dns: cannot listen on {place}/{name}: the port is taken"
    )
    assert problem.endswith(f"(pid {os.getpid()})")


def test_the_holder_of_the_same_port_of_another_address_is_not_blamed() -> None:
    (port,) = free_ports(1)
    with socket.socket(socket.AF_INET, UDP) as other:
        other.bind(("127.0.0.2", port))

        told = explain(OSError(errno.EADDRINUSE, "in use"), "udp", ("127.0.0.1", port))

    assert told.endswith("/udp: the port is taken")


def test_an_address_of_another_host_is_told() -> None:
    with pytest.raises(ConfigError, match="/udp: this host has no such address"):
        bind(("192.0.2.1", 0))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "a port this low needs root or CAP_NET_BIND_SERVICE"),
        (errno.EADDRNOTAVAIL, "this host has no such address"),
        (errno.EAFNOSUPPORT, "this host has no IPv6"),
        (errno.ENOBUFS, "No buffer space available"),
    ],
)
def test_a_reason_is_one_clear_sentence(
    transport: Literal["udp", "tcp"], number: int, reason: str
) -> None:
    error = OSError(number, os.strerror(number))

    told = explain(error, transport, ("::1", 53))

    assert told == f"dns: cannot listen on [::1]:53/{transport}: {reason}"
