"""Processes: who is at the other end of a Unix socket, and has it really ended."""

import asyncio
import os
import signal
import socket
import struct
from contextlib import suppress
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")
"""A process, its user, its group (unix(7), SO_PEERCRED)."""


def peer(connection: socket.socket) -> int:
    """Return the process that called listen(2), or connect(2), at the other end.

    Raise PermissionError where that is another user's.
    """
    octets = connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
    )
    process, user, _ = _CREDENTIALS.unpack(octets)
    if user != os.geteuid():
        raise PermissionError(f"user {user} is at the other end")
    return int(process)


class Handle:
    """A process as such, whatever its number stands for later (pidfd_open(2))."""

    def __init__(self, process: int) -> None:
        """Raise OSError where there is no such process."""
        self._descriptor = os.pidfd_open(process)

    def kill(self) -> None:
        """Have it do nothing more, from now on."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    async def ended(self, seconds: float) -> bool:
        """Wait for its end, and let go of it; whether that came in time."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        loop.add_reader(self._descriptor, over.set)
        try:
            async with asyncio.timeout(seconds):
                await over.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._descriptor)
            self.close()
        return True

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)
