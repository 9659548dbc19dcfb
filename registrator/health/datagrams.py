"""Datagrams to and from what is checked, for as long as one check takes."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from registrator.health.guard import Place
from registrator.health.probe import Failed
from registrator.health.reasons import reason

LONGEST: Final = 65_536
ANSWERS: Final = 16
"""So many are looked at: who sends garbage may send it for ever."""


class Datagrams:
    """What one peer answers; others are not heard."""

    def __init__(self, connected: socket.socket, place: Place) -> None:
        self._socket = connected
        self._place = place

    async def send(self, datagram: bytes) -> None:
        """Send one."""
        with _explained(self._place):
            await asyncio.get_running_loop().sock_sendall(self._socket, datagram)

    async def answer(self) -> bytes:
        """Wait for the next one."""
        loop = asyncio.get_running_loop()
        with _explained(self._place):
            return await loop.sock_recv(self._socket, LONGEST)


@contextmanager
def datagrams(place: Place) -> Iterator[Datagrams]:
    """Open a socket towards *place*; raise `Failed` where that is refused."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connected:
        connected.setblocking(False)
        with _explained(place):
            # Sends nothing: it has the kernel tell us of refusals, and of no others.
            connected.connect((place.host, place.port))
        # Where nobody listens at a port that the system gives to clients, it may give
        # this client that very port, and it would hear itself.
        if connected.getsockname() == connected.getpeername():
            raise Failed(f"{place}: connection refused")
        yield Datagrams(connected, place)


@contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Turn what the system meets into `Failed`."""
    try:
        yield
    except OSError as error:
        raise Failed(f"{place}: {reason(error)}") from error
