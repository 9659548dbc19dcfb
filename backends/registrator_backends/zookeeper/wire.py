"""An open connection to a ZooKeeper server, with or without TLS."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from registrator.model import endpoint

CONNECT: Final = 2.0
"""Seconds for a connection: what begins one is swallowed by a network that is cut."""

_HEAD: Final = 12  # octets of an answer that begins a session, up to the timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is, and how to open a connection to it."""

    host: str
    port: int
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str = ""
    """The name in its certificate, where that is not the host's."""

    def __str__(self) -> str:
        return endpoint(self.host, self.port)


class Wire:
    """A connection as kazoo's client reads and writes it, in a thread of its own.

    It notes two things that the client keeps to itself: the session's timeout as the
    server decided, and what TLS found fault with.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._head = b""
        self.trouble = ""

    @property
    def timeout(self) -> float | None:
        """The session's timeout in seconds, 0 for one that is no more, None so far.

        Source: zookeeper.jute, ConnectResponse, behind its length and version.
        """
        if len(self._head) < _HEAD:
            return None
        return int.from_bytes(self._head[8:_HEAD], "big", signed=True) / 1000

    def recv(self, size: int) -> bytes:
        """Read, as a socket does."""
        try:
            octets = self._connection.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.trouble = (error.reason or "").replace("_", " ").lower()
            raise
        if len(self._head) < _HEAD:
            self._head += octets
        return octets

    def send(self, octets: bytes) -> int:
        """Write, as a socket does."""
        return self._connection.send(octets)

    def pending(self) -> int:
        """Count what TLS has already taken from the socket."""
        connection = self._connection
        return connection.pending() if isinstance(connection, ssl.SSLSocket) else 0

    def fileno(self) -> int:
        """Say what to wait for."""
        return self._connection.fileno()

    def setblocking(self, flag: bool) -> None:
        """Choose whether reading waits."""
        self._connection.setblocking(flag)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def cut(self) -> None:
        """End the connection at once, for the thread that reads it too."""
        with suppress(OSError):
            # Not TLS's own: that would first go back to sending in the clear.
            socket.socket.shutdown(self._connection, socket.SHUT_RDWR)


async def connect(server: Server) -> Wire:
    """Open a connection; raise `OSError` where there is none. Safe to cancel."""
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_STREAM
    trouble = OSError(0, "the name has no address")
    for family, *_, address in await loop.getaddrinfo(
        server.host, server.port, type=kind
    ):
        connection = socket.socket(family, kind)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _connected(connection, address)
            return Wire(await _encrypted(connection, server))
        except OSError as error:
            connection.close()
            trouble = error
        except asyncio.CancelledError:
            connection.close()
            raise
    raise trouble


async def _connected(connection: socket.socket, address: Any) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT):
            await loop.sock_connect(connection, address)
    except TimeoutError as error:
        raise TimeoutError(f"no connection in {CONNECT:.3g} s") from error


async def _encrypted(connection: socket.socket, server: Server) -> socket.socket:
    if server.tls is None:
        return connection
    wrapped = server.tls.wrap_socket(
        connection,
        server_hostname=server.server_name or server.host,
        do_handshake_on_connect=False,
    )
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                wrapped.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(wrapped, loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _ready(wrapped, loop.add_writer, loop.remove_writer)
            else:
                return wrapped
    except (OSError, asyncio.CancelledError):
        wrapped.close()
        raise


async def _ready(
    connection: ssl.SSLSocket,
    add: Callable[..., None],
    remove: Callable[[int], bool],
) -> None:
    event, number = asyncio.Event(), connection.fileno()
    add(number, event.set)
    try:
        await event.wait()
    finally:
        remove(number)
