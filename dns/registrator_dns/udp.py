"""Queries over UDP: read what waits, answer from the address that was asked."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from sys import byteorder

from registrator_dns import wire
from registrator_dns.answers import Answer
from registrator_dns.elsewhere import Elsewhere, Forward
from registrator_dns.kept import Usual
from registrator_dns.pktinfo import (
    NOTE_SIZE,
    Note,
    kind_of_notes,
    source,
    tell_destinations,
)

try:
    from registrator_dns import _drain
except ImportError:  # it was not built, or not for this system
    _drain = None  # type: ignore[assignment]  # a module's place, empty

BATCH = 64
"""Queries that are answered before anybody else in the process has a turn."""

_LARGEST_QUERY = 4096

Peer = tuple[str, int] | tuple[str, int, int, int]
"""Who asked, as the socket module has it."""


class UdpListener:
    """Answers on one bound socket until it is told to stop.

    Reads it bare: asyncio's datagram transport takes one packet a turn.
    """

    def __init__(
        self,
        bound: socket.socket,
        answer: Answer,
        forward: Forward | None = None,
        usual: Usual | None = None,
        *,
        built: bool = _drain is not None,
    ) -> None:
        """Ask *answer* where *usual* has nothing, and *forward* for what is elsewhere.

        *built* says whether to use the part that is written in C.
        """
        self._socket = bound
        self._answer = answer
        self._forward = forward
        self._usual = usual or Usual()
        self._loop = asyncio.get_running_loop()
        if ipaddress.ip_address(bound.getsockname()[0]).is_unspecified:
            # The kernel would choose an address to answer from.
            tell_destinations(bound)
        if built:
            self._room = bytearray(_drain.ROOM)
            self._loop.add_reader(bound, self._drain)
        else:
            self._loop.add_reader(bound, self._drain_singly)

    def stop(self) -> None:
        """Answer no more."""
        self._loop.remove_reader(self._socket)

    def _drain(self) -> None:
        usual = self._usual
        count = _drain.drain(self._socket.fileno(), self._room, usual.ready, self._take)
        usual.counts[wire.NOERROR] += count

    def _take(self, packet: bytes, sender: bytes, info: bytes) -> None:
        family = self._socket.family
        notes = [(*kind_of_notes(family), info)] if info else []
        self._reply(packet, _peer(family, sender), notes)

    def _drain_singly(self) -> None:
        """Do the same without the part in C."""
        for _ in range(BATCH):
            try:
                packet, notes, _, peer = self._socket.recvmsg(_LARGEST_QUERY, NOTE_SIZE)
            except OSError:
                return  # nothing waits any more
            self._reply(packet, peer, notes)

    def _reply(self, packet: bytes, peer: Peer, notes: Sequence[Note]) -> None:
        reply = self._answer(packet, udp=True, client=peer[0])
        if reply:
            self._send(peer, notes, reply)
        elif isinstance(reply, Elsewhere) and self._forward is not None:
            send = partial(self._send, peer, notes)
            self._forward(reply, packet, peer[0], udp=True, reply=send)

    def _send(self, peer: Peer, notes: Sequence[Note], reply: bytes) -> None:
        """Send *reply* to who asked, from the address that was asked."""
        ways = [(level, kind, source(info)) for level, kind, info in notes]
        # The socket may be closed by now, and who misses an answer asks again.
        with suppress(OSError):
            self._socket.sendmsg([reply], ways, 0, peer)


def _peer(family: int, sender: bytes) -> Peer:
    """Read a struct sockaddr_in or sockaddr_in6."""
    port = int.from_bytes(sender[2:4])
    if family == socket.AF_INET:
        return socket.inet_ntop(family, sender[4:8]), port
    flow, scope = int.from_bytes(sender[4:8]), int.from_bytes(sender[24:], byteorder)
    return socket.inet_ntop(family, sender[8:24]), port, flow, scope
