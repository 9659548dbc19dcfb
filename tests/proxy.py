"""A proxy in front of a real HTTP server, for what that cannot be told to do."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from servers import free_ports

Respond = Callable[["Request"], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked; path with query, as sent, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Proxy:
    """Passes requests on, one a connection, and misbehaves where it is told to.

    A rule concerns the requests that hold its text in "METHOD /path?query"; the
    latest one wins. `heal` takes all of them back.
    """

    def __init__(self, port: int) -> None:
        self.requests: list[Request] = []
        self.most = 0
        """How many requests were under way at once, at most."""
        (self.port,) = free_ports(1)
        self._upstream = port
        self._rules: list[tuple[str, Respond]] = []
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, reuse_address=True
        )

    async def refuse(self) -> None:
        """Break all connections, and refuse further ones until `listen`."""
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving)

    def answer(
        self, text: str, status: int, body: str = "", *, times: int | None = None
    ) -> None:
        """Answer in the server's place, always or just so many *times*."""
        octets = body.encode()
        head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(octets)}\r\n"
        octets = f"{head}Connection: close\r\n\r\n".encode() + octets
        self.say(text, octets, times=times)

    def say(self, text: str, octets: bytes, *, times: int | None = None) -> None:
        """Say something in the server's place, HTTP or not."""
        left = times

        async def respond(request: Request) -> bytes:
            nonlocal left
            if left is not None:
                left -= 1
                if not left:
                    self._rules.remove((text, respond))
            return octets

        self._rules.append((text, respond))

    def hang(self, text: str) -> None:
        """Take the request, and answer nothing."""

        async def respond(request: Request) -> bytes:
            await asyncio.Event().wait()
            return b""

        self._rules.append((text, respond))

    def hold(self, text: str) -> asyncio.Event:
        """Pass answers on as soon as the event is set, and no sooner."""
        event = asyncio.Event()

        async def respond(request: Request) -> bytes:
            await event.wait()
            return await self._ask(request)

        self._rules.append((text, respond))
        return event

    def cut(self, text: str, octets: int) -> None:
        """Pass on the first octets of the answer only; a negative number: all but."""

        async def respond(request: Request) -> bytes:
            return (await self._ask(request))[:octets]

        self._rules.append((text, respond))

    def reset(self, text: str) -> None:
        """Break the connection off as a host does that knows nothing of it."""

        async def respond(request: Request) -> bytes:
            raise ConnectionResetError

        self._rules.append((text, respond))

    def delay(self, text: str, seconds: float) -> None:
        """Pass the answer on so much later."""

        async def respond(request: Request) -> bytes:
            answer = await self._ask(request)
            await asyncio.sleep(seconds)
            return answer

        self._rules.append((text, respond))

    def after(self, text: str, act: Callable[[], None]) -> None:
        """Have something happen in the world before the answer is passed on."""

        async def respond(request: Request) -> bytes:
            answer = await self._ask(request)
            act()
            return answer

        self._rules.append((text, respond))

    def heal(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def asked(self, text: str = "") -> list[Request]:
        """Pick the requests so far that hold *text* in "METHOD /path?query"."""
        return [request for request in self.requests if text in str(request)]

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.most = max(self.most, len(self._serving))
        try:
            # Cancelled by `refuse` alone; nobody above this task would hear of it.
            with suppress(asyncio.CancelledError, asyncio.IncompleteReadError):
                request = await _read(reader)
                self.requests.append(request)
                writer.write(await self._respond(request))
                await writer.drain()
        except ConnectionError:
            linger = struct.pack("ii", 1, 0)  # makes closing a reset
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        finally:
            self._serving.discard(task)
            writer.close()

    async def _respond(self, request: Request) -> bytes:
        for text, respond in reversed(self._rules):
            if text in str(request):
                return await respond(request)
        return await self._ask(request)

    async def _ask(self, request: Request) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        headers = request.headers | {"connection": "close"}
        lines = [f"{request} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + request.body)
        try:
            return await reader.read()
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method=method, path=path, headers=headers, body=body)
