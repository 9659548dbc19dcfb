"""Where a configuration listens, and whether somebody else does already.

A new worker that finds an address taken has the old one pause its listeners and tries
again: for as long as that takes, about a second, connections to all of them are refused
(measured with 2.6 and 3.2). So addresses are tried before.
"""

import errno
import re
import socket
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final

_BIND: Final = re.compile(r"^[ \t]*bind[ \t]+(\S+)(.*)$", re.MULTILINE)
_ELSEWHERE: Final = {"namespace", "interface", "transparent"}
"""Options of a bind line under which an address is not what it seems here."""

Address = tuple[str, int]


def addresses(text: str) -> frozenset[Address]:
    """Read the addresses that *text* says in full: IP literal, colon, one port."""
    return frozenset(
        address
        for places, options in _BIND.findall(text)
        if not _ELSEWHERE & set(options.split())
        for place in places.split(",")
        for address in _address(place)
    )


def taken(wanted: Iterable[Address], *, ours: bool = True) -> tuple[Address, ...]:
    """Return those that HAProxy could not bind, for another program listens there.

    Not *ours*: those too that it could, and would then share with another program of
    the same user, which has half of the connections.
    """
    return tuple(each for each in sorted(wanted) if _is_taken(each, ours=ours))


def _address(place: str) -> Iterator[Address]:
    host, _, port = place.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    host = "0.0.0.0" if host == "*" else host
    try:
        literal = str(ip_address(host))
    except ValueError:
        return
    if port.isdecimal() and 0 < int(port) < 65536:
        yield literal, int(port)


def _is_taken(address: Address, *, ours: bool) -> bool:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as probe:
        # As HAProxy sets them; without `listen` it takes no connection from anybody.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(ours))
        try:
            probe.bind(address)
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
