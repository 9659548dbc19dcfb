"""The notes beside datagrams that tell which address they were sent to."""

import socket
from typing import Final

NOTE_SIZE: Final = socket.CMSG_SPACE(20)  # struct in6_pktinfo, the larger of the two

_IP_PKTINFO: Final = 8  # <linux/in.h>; the socket module has it since Python 3.12
_NO_INTERFACE: Final = bytes(4)

Note = tuple[int, int, bytes]
"""A level, a type and the note itself, as the socket module has them."""


def kind_of_notes(family: int) -> tuple[int, int]:
    """Give the level and the type of the notes of sockets of a family."""
    if family == socket.AF_INET6:
        return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO
    return socket.IPPROTO_IP, _IP_PKTINFO


def tell_destinations(bound: socket.socket) -> None:
    """Have the kernel put such a note beside every datagram."""
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def source(info: bytes) -> bytes:
    """Turn where a query went into where its answer comes from.

    The interface is left to the routes: the way back may be another one.
    """
    if len(info) == 20:  # struct in6_pktinfo: the address, the interface
        return info[:16] + _NO_INTERFACE
    # struct in_pktinfo: the interface, the address to answer from, the one asked
    return _NO_INTERFACE + info[4:8] + bytes(4)
