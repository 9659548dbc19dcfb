"""The sockets of a responder, opened and closed together."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from registrator_dns.answers import Answer
from registrator_dns.options import Endpoint
from registrator_dns.sockets import bind
from registrator_dns.tcp import Connections
from registrator_dns.udp import UdpListener


class Server:
    """Answers over UDP and TCP on every address while it is entered."""

    def __init__(
        self,
        listen: Sequence[Endpoint],
        answer: Answer,
        *,
        connections: int = 256,
        idle: float = 10.0,
    ) -> None:
        """*idle* is the seconds after which a silent TCP connection is closed."""
        self._listen = listen
        self._answer = answer
        self._connections = Connections(answer, limit=connections, idle=idle)
        self._opened = AsyncExitStack()
        self._endpoints: list[Endpoint] = []

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it answers, with the ports that port 0 became."""
        return tuple(self._endpoints)

    async def __aenter__(self) -> Self:
        """Bind all, or raise `ConfigError` and bind none."""
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self._end_connections)
            for place in self._listen:
                udp, tcp = bind(place)
                opened.callback(udp.close)
                opened.callback(tcp.close)
                opened.callback(UdpListener(udp, self._answer).stop)
                server = await loop.create_server(self._connections.accept, sock=tcp)
                opened.callback(server.close)
                self._endpoints.append((place[0], udp.getsockname()[1]))
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
        self._endpoints.clear()

    async def _end_connections(self) -> None:
        self._connections.abort()
        await asyncio.sleep(0)  # asyncio closes them in the turn after
