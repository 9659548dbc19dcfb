"""An HTTP server of the tests' own, which can be brought to fail in every way."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from servers import free_ports

Fault = Literal["", "hang", "junk", "half", "huge", "close"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, bytes]


def as_json(value: object, status: int = 200) -> Answer:
    return status, json.dumps(value).encode()


@dataclass(slots=True, kw_only=True)
class HttpAnswers:
    """A server on a loopback port; every answer is made anew."""

    answer: Callable[[Asked], Answer]
    fault: Fault = ""
    tls: ssl.SSLContext | None = None
    port: int = field(default_factory=lambda: free_ports(1)[0])
    requests: list[Asked] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self.tls
        )

    async def stop(self) -> None:
        """Be away: nobody listens at the port any more."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            asked = await _read(reader)
            self.requests.append(asked)
            if self.fault == "hang":
                return  # it is open until this stops
            if self.fault != "close":
                writer.write(self._said(asked))
                await writer.drain()
        self._open.discard(writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    def _said(self, asked: Asked) -> bytes:
        if self.fault == "junk":
            return b"\0\1\2 this is no HTTP\r\n\r\n"
        status, body = self.answer(asked)
        if self.fault == "huge":
            body = b" " * (20 * 1024 * 1024) + body
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode()
        return head + (body[: len(body) // 2] if self.fault == "half" else body)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(path=first.split()[1], headers=headers, body=body)


@asynccontextmanager
async def answering(
    answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpAnswers]:
    server = HttpAnswers(answer=answer, tls=tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
