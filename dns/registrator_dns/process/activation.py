"""Sockets that a service manager has bound for us (sd_listen_fds(3))."""

import os
import socket
from collections.abc import Iterator, Mapping
from typing import Final

from registrator.errors import ConfigError
from registrator.model import endpoint
from registrator_dns.names import Endpoint, packed
from registrator_dns.sockets import Bound

_FIRST: Final = 3
_INET: Final = (socket.AF_INET, socket.AF_INET6)


def inherited(environment: Mapping[str, str], place: Endpoint) -> Bound | None:
    """Take the two sockets for *place* that were passed to this process, if they were.

    Copies of them: they can be taken any number of times. Raise `ConfigError` where
    it is but one of the two.
    """
    found = dict(_passed(environment, place))
    if not found:
        return None
    try:
        return found[socket.SOCK_DGRAM], found[socket.SOCK_STREAM]
    except KeyError:
        for each in found.values():
            each.close()
        raise ConfigError(
            f"dns: of {endpoint(*place)} one socket was passed by the service manager:"
            " it takes ListenDatagram and ListenStream"
        ) from None


def _passed(
    environment: Mapping[str, str], place: Endpoint
) -> Iterator[tuple[int, socket.socket]]:
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return
    for number in range(_FIRST, _FIRST + _count(environment.get("LISTEN_FDS", ""))):
        try:
            passed = socket.socket(fileno=os.dup(number))
        except OSError:
            continue  # no socket, or closed
        if _is_at(passed, place):
            passed.setblocking(False)
            yield passed.type, passed
        else:
            passed.close()


def _is_at(passed: socket.socket, place: Endpoint) -> bool:
    if passed.family not in _INET:
        return False
    address, port, *_ = passed.getsockname()
    return (packed(address), port) == (packed(place[0]), place[1])


def _count(text: str) -> int:
    return min(int(text), 64) if text.isascii() and text.isdigit() else 0
