"""A proxy in front of any real server: what a network does to a connection."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from servers import free_ports

_PORTION: Final = 65_536
_DEADLINE: Final = 30.0
_RESET: Final = struct.pack("ii", 1, 0)
"""The SO_LINGER that makes closing a reset."""


class TcpProxy:
    """Passes octets on in both directions, and misbehaves as it is told to.

    It listens on an address of *host*, and has a thread of its own, so it serves while
    a test waits. What it is told holds for all connections, present and future, until
    `heal`.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        (self.port,) = free_ports(1)
        self._host = host
        self.accepted = 0
        """How many connections there were so far."""
        self.sent = 0
        """How many octets clients have sent, and the server was given."""
        self.received = 0
        """How many octets of answers clients were given."""
        self._upstream = port
        self._delay = 0.0
        self._rate = 0
        self._cut: int | None = None
        self._requests, self._answers = asyncio.Event(), asyncio.Event()
        self._links: dict[_Link, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._held = socket.socket()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        # So that nobody takes the port while it is refused, and that it can be had
        # again although a child that was just forked still has a copy of it.
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.bind((self._host, self.port))
        self._thread.start()
        self.heal()
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_DEADLINE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._held.close()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def heal(self) -> None:
        """Pass everything on at once, what was held back too."""

        def heal() -> None:
            self._delay, self._rate, self._cut = 0.0, 0, None
            for link in self._links:
                link.left = None
            self._requests.set()
            self._answers.set()

        self._do(heal)

    def listen(self) -> None:
        """Accept connections."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_DEADLINE)

    def refuse(self) -> None:
        """Break all connections, and refuse further ones until `listen`."""
        if self._server is not None:
            self._do(self._server.close)
        self.reset()

    def reset(self) -> None:
        """Break all connections off as a host does that knows nothing of them."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(_DEADLINE)

    def freeze(self) -> None:
        """Accept connections and requests, and pass nothing on."""
        self._do(self._requests.clear, self._answers.clear)

    def mute(self) -> None:
        """Pass requests on, and keep the answers back."""
        self._do(self._answers.clear)

    def delay(self, seconds: float) -> None:
        """Pass each portion of an answer on so much later."""
        self._do(lambda: setattr(self, "_delay", seconds))

    def throttle(self, rate: int) -> None:
        """Pass no more than so many octets a second on, each way."""
        self._do(lambda: setattr(self, "_rate", rate))

    def cut(self, octets: int) -> None:
        """End each connection after so many more octets of answers."""

        def cut() -> None:
            self._cut = octets
            for link in self._links:
                link.left = octets

        self._do(cut)

    def _do(self, *steps: Callable[[], object]) -> None:
        """Do something where the connections are served, and wait for it."""

        async def do() -> None:
            for step in steps:
                step()

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(_DEADLINE)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, self._host, self.port, reuse_address=True, reuse_port=True
        )

    async def _reset(self) -> None:
        for link, task in self._links.items():
            link.broken = True
            task.cancel()
        await asyncio.gather(*self._links.values())

    async def _end(self) -> None:
        """Leave nothing: what was accepted last is a task first, and a link later."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._reset()
            await asyncio.wait(others, timeout=0.1)
        await asyncio.sleep(0)  # the last transports close in the next turn

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = _Link(left=self._cut)
        self._links[link] = task
        self.accepted += 1
        writers = [writer]
        # Cancelled by `reset` alone; nobody above this task would hear of it.
        with suppress(asyncio.CancelledError):
            try:
                there, server = await asyncio.open_connection(
                    "127.0.0.1", self._upstream
                )
                writers.append(server)
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._ask(reader, server))
                    ways.create_task(self._answer(there, writer, link))
            except* _Cut:
                pass
            except* OSError:
                link.broken = True
            finally:
                del self._links[link]
                for each in writers:
                    _close(each, broken=link.broken)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async def give(octets: bytes) -> None:
            await self._requests.wait()
            self.sent += len(octets)
            writer.write(octets)
            await writer.drain()

        await self._read(reader, give)
        await self._requests.wait()
        writer.write_eof()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: "_Link"
    ) -> None:
        async def give(octets: bytes) -> None:
            await asyncio.sleep(self._delay)
            await self._answers.wait()
            octets = octets[: link.left]
            self.received += len(octets)
            writer.write(octets)
            await writer.drain()
            if link.left is not None:
                link.left -= len(octets)
                if not link.left:
                    raise _Cut

        await self._read(reader, give)
        await self._answers.wait()
        writer.write_eof()

    async def _read(
        self, reader: asyncio.StreamReader, give: Callable[[bytes], Awaitable[None]]
    ) -> None:
        while data := await reader.read(_PORTION):
            while data:
                rate = self._rate
                size = max(1, rate // 20) if rate else len(data)
                if rate:
                    await asyncio.sleep(size / rate)
                await give(data[:size])
                data = data[size:]


class _Cut(Exception):
    """The connection has been given all that it shall be."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Link:
    """One connection: how many octets of answers it may have yet, and its end."""

    left: int | None
    broken: bool = False


def _close(writer: asyncio.StreamWriter, *, broken: bool) -> None:
    if broken:
        connection = writer.get_extra_info("socket")
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
    else:
        writer.close()
