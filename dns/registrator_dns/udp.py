"""Queries over UDP: read what waits, answer from the address that was asked."""

import asyncio
import ipaddress
import socket

from registrator_dns.answers import Answer

BATCH = 64
"""Queries that are answered before anybody else in the process has a turn."""

_LARGEST_QUERY = 2048
_IP_PKTINFO = 8  # <linux/in.h>; the socket module has it since Python 3.12
_PKTINFO_SIZE = socket.CMSG_SPACE(20)  # struct in6_pktinfo, the larger of the two
_NO_INTERFACE = bytes(4)


class UdpListener:
    """Answers on one bound socket until it is told to stop.

    Reads it bare: asyncio's datagram transport takes one packet a turn.
    """

    def __init__(self, bound: socket.socket, answer: Answer) -> None:
        self._socket = bound
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        if ipaddress.ip_address(bound.getsockname()[0]).is_unspecified:
            _tell_destinations(bound)
            self._loop.add_reader(bound, self._drain_any_address)
        else:
            self._loop.add_reader(bound, self._drain)

    def stop(self) -> None:
        """Answer no more."""
        self._loop.remove_reader(self._socket)

    def _drain(self) -> None:
        receive, send = self._socket.recvfrom, self._socket.sendto
        for _ in range(BATCH):
            try:
                packet, peer = receive(_LARGEST_QUERY)
            except OSError:
                return  # nothing waits any more
            reply = self._answer(packet, udp=True)
            if reply is None:
                continue
            try:
                send(reply, peer)
            except OSError:
                continue  # who misses an answer asks again

    def _drain_any_address(self) -> None:
        """Do the same where the kernel would choose an address to answer from."""
        receive, send = self._socket.recvmsg, self._socket.sendmsg
        for _ in range(BATCH):
            try:
                packet, notes, _, peer = receive(_LARGEST_QUERY, _PKTINFO_SIZE)
            except OSError:
                return  # nothing waits any more
            reply = self._answer(packet, udp=True)
            if reply is None:
                continue
            source = [(level, kind, _source(info)) for level, kind, info in notes]
            try:
                send([reply], source, 0, peer)
            except OSError:
                continue  # who misses an answer asks again


def _tell_destinations(bound: socket.socket) -> None:
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _source(info: bytes) -> bytes:
    """Turn where a query went into where its answer comes from.

    The interface is left to the routes: the way back may be another one.
    """
    if len(info) == 20:  # struct in6_pktinfo: the address, the interface
        return info[:16] + _NO_INTERFACE
    # struct in_pktinfo: the interface, the address to answer from, the one asked
    return _NO_INTERFACE + info[4:8] + bytes(4)
