"""The socket of HAProxy's master process: what runs, and `reload`.

Source: HAProxy's Management Guide, section 9.4, "Master CLI".
"""

import asyncio
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registrator.errors import Unavailable
from registrator_haproxy.process.command import lines

_PAUSE: Final = 0.02
"""Seconds between two questions to a master that is about to be there."""
_QUESTION: Final = 1.0
"""Seconds after which a worker is asked once more."""
_INFO: Final = "Name: HAProxy"
"""What a worker says of itself, and no master in its place."""
_MOST: Final = 256 * 1024
_CREDENTIALS: Final = struct.Struct("3i")
"""A process, its user, its group (unix(7), SO_PEERCRED)."""
_PROCESS: Final = re.compile(
    r"^(?P<pid>\d+)\s+(?P<kind>master|worker)\s+(?P<reloads>\d+)"
    r"(?:\s+\[failed: (?P<failed>\d+)\])?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """What a master says that it has, as `show proc` lists it."""

    master: int
    reloads: int
    """How many it has tried, since it was started."""
    failed: int
    """How many of them failed since the last that did not."""
    workers: frozenset[int]
    """Those that serve: after a reload that failed, the old ones."""


class Master:
    """A master process that is asked over its socket, one connection a question.

    Two questions over one connection are not answered alike by all versions.
    """

    def __init__(self, place: Path, deadline: float) -> None:
        """*deadline*: seconds that an answer, and a whole reload, may take."""
        self._place = place
        self._deadline = deadline

    def __str__(self) -> str:
        return f"haproxy master {self._place}"

    async def processes(self) -> Processes:
        """Ask what runs; raise `Unavailable` where nothing does, or it hangs."""
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._ask("show proc")
        except OSError as error:  # a TimeoutError is one
            raise Unavailable(f"{self}: {self._reason(error)}") from error
        if (found := _processes(answer)) is None:
            raise Unavailable(f"{self}: says nothing of its processes")
        return found

    async def serves(self) -> Processes | None:
        """Return what runs where all workers of the last reload answer; else None.

        From 3.1 on a worker is listed before it has read its file, and a question to
        one that has not may never be answered (measured with 3.2).
        """
        try:
            async with asyncio.timeout(min(_QUESTION, self._deadline)):
                now = _processes(await self._ask("show proc"))
                if now is None or not now.workers:
                    return None
                for worker in now.workers:
                    if _INFO not in await self._ask(f"@!{worker} show info"):
                        return None
                return now
        except OSError:
            return None

    async def appears(self) -> Processes:
        """Wait until it tells what runs; raise `Unavailable` where that is too long.

        A master executes itself anew, and whoever asks meanwhile is refused or cut off;
        up to 2.6 that is so until the new workers are there, or are not.
        """
        try:
            async with asyncio.timeout(self._deadline):
                return await self._eventually()
        except OSError as error:
            raise Unavailable(f"{self}: {self._reason(error)}") from error

    async def listener(self) -> int | None:
        """Return the process that listens, whether it answers or not; None: none."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            try:
                connection.connect(str(self._place))
            except OSError:
                return None
            credentials = connection.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
            )
        process, _, _ = _CREDENTIALS.unpack(credentials)
        return int(process) or None

    async def reload(self) -> tuple[str, ...] | None:
        """Have it start new workers with the file as it is now.

        Return when they serve, and the old ones let go; with None, or else with
        HAProxy's words for why they do not (2.6 gives it none). Raise `Unavailable`.
        """
        before = await self.appears()
        try:
            async with asyncio.timeout(self._deadline):
                said = await self._ask("reload")
                now = await self._eventually(before.reloads + 1)
                while now.workers - before.workers and not now.failed:
                    if await self.serves():
                        return None
                    await asyncio.sleep(_PAUSE)
                    now = await self._eventually(now.reloads)
        except OSError as error:
            raise Unavailable(f"{self}: reload: {self._reason(error)}") from error
        return tuple(each for each in lines(said.encode()) if each[0] == "[")

    async def _eventually(self, reloads: int = 0) -> Processes:
        while True:
            with suppress(ConnectionError):
                now = _processes(await self._ask("show proc"))
                if now is not None and now.reloads >= reloads:
                    return now
            await asyncio.sleep(_PAUSE)

    async def _ask(self, question: str) -> str:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        with connection:
            await loop.sock_connect(connection, str(self._place))
            await loop.sock_sendall(connection, f"{question}\n".encode())
            # Else it would wait for another question, and not end its answer.
            connection.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while piece := await loop.sock_recv(connection, 65536):
                answer += piece
                if len(answer) > _MOST:
                    raise OSError(f"more than {_MOST} octets")
        return answer.decode(errors="replace")

    def _reason(self, error: OSError) -> str:
        if isinstance(error, TimeoutError) and not error.errno:
            return f"no answer in {self._deadline:g} s"
        return (error.strerror or str(error)).lower()


def _processes(answer: str) -> Processes | None:
    masters = [row for row in _rows(answer) if row["kind"] == "master"]
    if not masters:
        return None
    # A worker that was started by the last reload has seen none since. Where that
    # failed, none is: those of before are what there is, under either heading.
    workers = [row for row in _rows(answer) if row["kind"] == "worker"]
    newest = min((int(row["reloads"]) for row in workers), default=0)
    return Processes(
        master=int(masters[0]["pid"]),
        reloads=int(masters[0]["reloads"]),
        failed=int(masters[0]["failed"] or 0),
        workers=frozenset(
            int(row["pid"]) for row in workers if int(row["reloads"]) == newest
        ),
    )


def _rows(answer: str) -> Iterator[re.Match[str]]:
    return filter(None, map(_PROCESS.match, answer.splitlines()))
