"""Queries over TCP: many on a connection (RFC 7766).

Their answers come in their order, but for those that others are asked for.
"""

import asyncio
from typing import cast

from registrator_dns.answers import Answer
from registrator_dns.elsewhere import Elsewhere, Forward

BATCH = 64
"""Queries of one connection that are answered before anybody else has a turn."""


class Connections:
    """All connections that are open, never more than *limit*.

    One too many takes the place of the one that has been silent for longest.
    """

    def __init__(
        self,
        answer: Answer,
        forward: Forward | None = None,
        *,
        limit: int,
        idle: float,
    ) -> None:
        """*idle* is the seconds that a client may take for its next query."""
        self.answer = answer
        self.forward = forward
        self.idle = idle
        self._limit = limit
        self._open: set[Connection] = set()

    def accept(self) -> "Connection":
        """Make the protocol for one more connection."""
        return Connection(self)

    def enter(self, connection: "Connection") -> None:
        """Count *connection* in."""
        if len(self._open) >= self._limit:
            silent = min(self._open, key=lambda each: each.heard)
            self.leave(silent)
            silent.abort()
        self._open.add(connection)

    def leave(self, connection: "Connection") -> None:
        """Count *connection* out."""
        self._open.discard(connection)

    def abort(self) -> None:
        """End all of them at once."""
        for connection in self._open:
            connection.abort()


class Connection(asyncio.Protocol):
    """One client: takes no more queries than the client takes answers."""

    def __init__(self, connections: Connections) -> None:
        self.heard = 0.0
        """When the client last sent a whole query, or took answers again."""
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._is_blocked = False
        self._is_ended = False
        self._expected = 0  # answers of others that have not come yet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen to the client."""
        self._transport = cast("asyncio.Transport", transport)
        peer = self._transport.get_extra_info("peername")
        self._client = str(peer[0]) if peer else ""  # it may have gone already
        self.heard = self._loop.time()
        self._watch = self._loop.call_later(self._connections.idle, self._check)
        self._connections.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not answered."""
        del exc
        self._watch.cancel()
        self._buffer.clear()
        self._connections.leave(self)

    def data_received(self, data: bytes) -> None:
        """Take octets: parts of queries as well as several."""
        self._buffer += data
        self._work()

    def eof_received(self) -> bool:
        """Answer what was asked before the client shut its side; then close."""
        self._is_ended = True
        self._work()
        return True

    def pause_writing(self) -> None:
        """Wait: the client does not read."""
        self._is_blocked = True

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        self._is_blocked = False
        self.heard = self._loop.time()
        self._work()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def _work(self) -> None:
        for _ in range(BATCH):
            if self._is_blocked or self._transport.is_closing():
                self._transport.pause_reading()
                return
            query = self._next_query()
            if query is None:
                self._listen_or_close()
                return
            self.heard = self._loop.time()
            reply = self._connections.answer(query, udp=False, client=self._client)
            if reply:
                self._transport.write(len(reply).to_bytes(2) + reply)
            elif isinstance(reply, Elsewhere):
                self._ask_others(reply, query)
        self._transport.pause_reading()
        self._loop.call_soon(self._work)

    def _ask_others(self, elsewhere: Elsewhere, query: bytes) -> None:
        forward = self._connections.forward
        if forward is not None:
            self._expected += 1
            later = self._answer_later
            forward(elsewhere, query, self._client, udp=False, reply=later)

    def _answer_later(self, reply: bytes) -> None:
        self._expected -= 1
        if self._transport.is_closing():
            return
        self.heard = self._loop.time()
        self._transport.write(len(reply).to_bytes(2) + reply)
        if self._is_ended and not self._is_blocked:
            self._work()

    def _next_query(self) -> bytes | None:
        end = 2 + int.from_bytes(self._buffer[:2])
        if len(self._buffer) < end:
            return None
        query = bytes(self._buffer[2:end])
        del self._buffer[:end]
        return query

    def _listen_or_close(self) -> None:
        if self._is_ended:
            if not self._expected:
                self._transport.close()
        else:
            self._transport.resume_reading()

    def _check(self) -> None:
        left = self.heard + self._connections.idle - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._check)
        else:
            self.abort()
