"""A responder at work on its sockets."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from registrator_dns.answers import Answer
from registrator_dns.forward.forwarder import Forwarder
from registrator_dns.kept import Usual
from registrator_dns.sockets import Bound
from registrator_dns.tcp import Connections
from registrator_dns.udp import UdpListener


class Server:
    """Answers over UDP and TCP while it is entered."""

    def __init__(
        self,
        bound: Sequence[Bound],
        answer: Answer,
        *,
        forwarder: Forwarder | None = None,
        connections: int = 256,
        idle: float = 10.0,
        usual: Usual | None = None,
    ) -> None:
        """Over UDP, *answer* is asked only where *usual* has nothing.

        *idle* is the seconds after which a silent TCP connection is closed.
        """
        self._bound = bound
        self._answer = answer
        self._usual = usual
        self._forwarder = forwarder
        self._forward = forwarder.ask if forwarder is not None else None
        self._connections = Connections(
            answer, self._forward, limit=connections, idle=idle
        )
        self._opened = AsyncExitStack()
        self._is_entered = False

    async def __aenter__(self) -> Self:
        """Begin to answer on the sockets, which are then its own; once."""
        if self._is_entered:
            return self
        self._is_entered = True
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self._end_connections)
            for udp, tcp in self._bound:
                opened.callback(udp.close)
                opened.callback(tcp.close)
            if self._forwarder is not None:
                listen = [udp.getsockname()[:2] for udp, _ in self._bound]
                self._forwarder.open(listen)
                opened.callback(self._forwarder.close)
            for udp, tcp in self._bound:
                listener = UdpListener(udp, self._answer, self._forward, self._usual)
                opened.callback(listener.stop)
                server = await loop.create_server(self._connections.accept, sock=tcp)
                opened.callback(server.close)
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; what was not answered is not answered."""
        await self._opened.aclose()

    async def _end_connections(self) -> None:
        self._connections.abort()
        await asyncio.sleep(0)  # asyncio closes them in the turn after
