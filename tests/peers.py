"""Peers of a check: whatever octets a test wants said, and who is still connected."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from registrator.model import endpoint

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Peer:
    """A server on a loopback port that says what its *talk* says."""

    talk: Talk
    host: str = "127.0.0.1"
    port: int = 0
    connections: int = 0
    """How many there were so far."""
    open: set[asyncio.Task[None]] = field(default_factory=set)
    """The conversations that go on: one that says more notices when its peer goes."""

    @property
    def place(self) -> str:
        return endpoint(self.host, self.port)

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._converse(reader, writer), name="talk")
        self.open.add(task)
        task.add_done_callback(self.open.discard)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self.talk(reader, writer)
                await writer.drain()
                writer.close()
        finally:
            if not writer.is_closing():
                writer.transport.abort()


@asynccontextmanager
async def peer(
    talk: Talk, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    found = Peer(talk=talk, host=host)
    server = await asyncio.start_server(found.serve, host, 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        rest = list(found.open)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def saying(*pieces: bytes) -> Talk:
    """Answer each request with *pieces*, and close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return talk


def endless(head: bytes, piece: bytes) -> Talk:
    """Answer each request with *head*, and *piece* again and again."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return talk


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the peer goes."""
    while await reader.read(65_536):
        pass


def sockets() -> int:
    """Count the sockets that this process has open."""
    links = list(Path("/proc/self/fd").iterdir())
    return sum(_leads_to(link).startswith("socket:") for link in links)


def _leads_to(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
