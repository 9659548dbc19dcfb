"""Connections to peers that nobody vouches for: little is read, and nothing stays open.

A peer could otherwise answer for ever in pieces that a parser throws away (interim
answers, headers of chunks), which takes a processor and keeps other checks waiting.
"""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST: Final = 262_144
"""Octets that are read from a connection at most, whatever they are."""

_AT_ONCE: Final = 16_384
"""Octets that one step of the loop takes."""


class FrugalSocket(socket.socket):
    """Is read in small steps, and fails when `MOST` octets were not all there is."""

    taken = 0
    """How many octets were read."""

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Read a little."""
        octets = super().recv(self._share(bufsize), flags)
        self.taken += len(octets)
        return octets

    def recv_into(
        self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0
    ) -> int:
        """Read a little."""
        room = nbytes or memoryview(buffer).nbytes
        count = super().recv_into(buffer, self._share(room), flags)
        self.taken += count
        return count

    @property
    def spent(self) -> bool:
        """Whether no more may be read."""
        return self.taken >= MOST

    def _share(self, wanted: int) -> int:
        if self.spent:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        return min(wanted, _AT_ONCE)


_opened: ContextVar[list[FrugalSocket]] = ContextVar("_opened")


def frugal(info: aiohttp.AddrInfoType) -> FrugalSocket:
    """Make a socket within `ending`, as aiohttp's connectors want it."""
    family, kind, protocol, _, _ = info
    made = FrugalSocket(family, kind, protocol)
    _opened.get().append(made)
    return made


@contextmanager
def ending() -> Iterator[list[FrugalSocket]]:
    """End every connection that the block makes, whatever its peer still owes.

    Closed politely, one would wait for its peer to take what was sent.
    """
    made: list[FrugalSocket] = []
    token = _opened.set(made)
    try:
        yield made
    finally:
        _opened.reset(token)
        for each in made:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
