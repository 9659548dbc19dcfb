"""A proxy that counts what clients ask of a server, and the octets either way."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from servers import free_ports

Count = Callable[[bytes], int]
"""Takes the next octets of one client; how many requests begin or end with them."""

_PORTION: Final = 65_536
_LINE: Final = b" HTTP/1.1\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What has passed so far, or between two moments."""

    requests: int = 0
    sent: int = 0
    """Octets from clients."""
    received: int = 0
    """Octets of answers."""

    def since(self, before: "Load") -> "Load":
        """Say what has passed since then."""
        return Load(
            requests=self.requests - before.requests,
            sent=self.sent - before.sent,
            received=self.received - before.received,
        )


class Meter:
    """Passes octets on, in a thread of its own, so it serves while others wait."""

    def __init__(self, port: int, counting: Callable[[], Count]) -> None:
        (self.port,) = free_ports(1)
        self._upstream = port
        self._counting = counting
        self._requests = self._sent = self._received = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def read(self) -> Load:
        """Say what has passed so far."""
        return Load(requests=self._requests, sent=self._sent, received=self._received)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        count = self._counting()
        there, server = await asyncio.open_connection("127.0.0.1", self._upstream)

        def asked(octets: bytes) -> None:
            self._sent += len(octets)
            self._requests += count(octets)

        def answered(octets: bytes) -> None:
            self._received += len(octets)

        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(
                _pass_on(reader, server, asked), _pass_on(there, writer, answered)
            )


def http_requests() -> Count:
    """Count the request lines of one HTTP connection."""
    rest = b""

    def count(octets: bytes) -> int:
        nonlocal rest
        seen = rest + octets
        rest = seen[1 - len(_LINE) :]
        return seen.count(_LINE)

    return count


def zookeeper_packets() -> Count:
    """Count the packets of one ZooKeeper connection, pings included."""
    waiting = bytearray()

    def count(octets: bytes) -> int:
        waiting.extend(octets)
        found = 0
        while len(waiting) >= 4:
            size = 4 + int.from_bytes(waiting[:4])
            if len(waiting) < size:
                break
            del waiting[:size]
            found += 1
        return found

    return count


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    note: Callable[[bytes], None],
) -> None:
    try:
        while octets := await reader.read(_PORTION):
            note(octets)
            writer.write(octets)
            await writer.drain()
    finally:
        writer.close()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
