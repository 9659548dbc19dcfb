"""One query to one upstream, over a socket of its own.

The kernel gives each socket a random port, and connected it takes packets from the
upstream only: with the id, that is what a forger has to guess (RFC 5452).
"""

import asyncio
import errno
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import ClassVar

from registrator_dns import wire
from registrator_dns.forward import response
from registrator_dns.forward.addresses import SocketAddress, family, socket_address
from registrator_dns.forward.response import Response
from registrator_dns.forward.walk import Garbled
from registrator_dns.names import Endpoint

_LARGEST_DATAGRAM = 4096  # more than was asked for; what is cut is not understood
_BATCH = 16  # packets that are read before anybody else has a turn
_MOST_WRONG = 64  # packets that answer something else, after which one is forged


class Failure(Enum):
    """Why there is no response."""

    SILENT = "no answer"
    UNREACHABLE = "cannot be reached"


Heard = Callable[[Response | Failure], None]


class Exchange(ABC):
    """Sends a query and calls *heard* once: later, and not after `cancel`."""

    _kind: ClassVar[socket.SocketKind]

    def __init__(
        self,
        place: Endpoint,
        packet: bytes,
        question: bytes,
        *,
        seconds: float,
        heard: Heard,
    ) -> None:
        """*seconds* is how long to wait for the answer."""
        self._packet = packet
        self._question = question
        self._heard = heard
        self._wrong = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle
        self._timer = self._loop.call_later(seconds, self._end, Failure.SILENT)
        self._socket: socket.socket | None = None
        try:
            self._socket = socket.socket(family(place), self._kind)
            self._socket.setblocking(False)
            self._begin(self._socket, socket_address(place))
        except OSError:
            self._timer.cancel()
            self._timer = self._loop.call_soon(self._end, Failure.UNREACHABLE)

    def cancel(self) -> None:
        """Wait no longer, and tell nobody."""
        self._timer.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None

    @abstractmethod
    def _begin(self, new: socket.socket, address: SocketAddress) -> None:
        """Send the query, or see to it; raise OSError."""

    @abstractmethod
    def _receive(self, connected: socket.socket) -> None:
        """Take what has come, or nothing yet; raise OSError where nothing will."""

    def _read(self) -> None:
        for _ in range(_BATCH):
            if self._socket is None:
                return
            try:
                self._receive(self._socket)
            except BlockingIOError:
                return  # nothing waits any more
            except OSError:
                self._end(Failure.UNREACHABLE)

    def _end(self, outcome: Response | Failure) -> None:
        self.cancel()
        self._heard(outcome)

    def _take(self, packet: bytes) -> None:
        """End with *packet* if it is the answer; whatever else it is, wait on."""
        try:
            found = response.read(packet, self._packet[:2], self._question)
        except Garbled:
            self._wrong += 1
            if self._wrong >= _MOST_WRONG:
                self._end(Failure.SILENT)
        else:
            self._end(found)


class UdpExchange(Exchange):
    """Asks in one datagram."""

    _kind = socket.SOCK_DGRAM

    def _begin(self, new: socket.socket, address: SocketAddress) -> None:
        new.connect(address)
        new.send(self._packet)
        self._loop.add_reader(new, self._read)

    def _receive(self, connected: socket.socket) -> None:
        self._take(connected.recv(_LARGEST_DATAGRAM))


class TcpExchange(Exchange):
    """Asks over a connection of its own."""

    _kind = socket.SOCK_STREAM

    def _begin(self, new: socket.socket, address: SocketAddress) -> None:
        self._buffer = bytearray()
        code = new.connect_ex(address)
        if code not in {0, errno.EINPROGRESS}:
            raise OSError(code, os.strerror(code))
        self._loop.add_writer(new, self._send, new)

    def _send(self, connected: socket.socket) -> None:
        """Send all at once: a connection that is new has room for so little."""
        self._loop.remove_writer(connected)
        message = len(self._packet).to_bytes(2) + self._packet
        try:
            sent = connected.send(message)
        except OSError:
            sent = 0
        if sent < len(message):
            self._end(Failure.UNREACHABLE)
        else:
            self._loop.add_reader(connected, self._read)

    def _receive(self, connected: socket.socket) -> None:
        octets = connected.recv(wire.TCP)
        if not octets:
            raise ConnectionError("closed before the answer")
        self._buffer += octets
        while len(self._buffer) >= (end := 2 + int.from_bytes(self._buffer[:2])):
            packet = bytes(self._buffer[2:end])
            del self._buffer[:end]
            self._take(packet)
            if self._socket is None:
                return
