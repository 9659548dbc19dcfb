"""A process as such, our child or not: when it ended, and that it is reaped."""

import asyncio
import os
import signal
from contextlib import suppress


class Watched:
    """A process, whatever its number stands for later (pidfd_open(2))."""

    def __init__(self, process: int) -> None:
        """Raise ProcessLookupError where there is none."""
        self.process = process
        self._descriptor = os.pidfd_open(process)
        self._over = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._descriptor, self._end)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return not self._over.is_set()

    async def gone(self) -> None:
        """Return when it has ended."""
        await self._over.wait()

    async def ended(self, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it has not ended."""
        if self.alive:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """Let go of it, whether it has ended or not."""
        if self.alive:
            self._let_go()

    def _end(self) -> None:
        # An adopted one is not our child, and reaped by whose it is.
        with suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED | os.WNOHANG)
        self._let_go()

    def _let_go(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._over.set()
