"""Peers of a check that speak UDP: they answer whatever a test wants answered."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from registrator.model import endpoint

Answers = Callable[[bytes], Iterable[bytes]]
"""What is answered to one datagram."""


class DatagramPeer(asyncio.DatagramProtocol):
    """A server on a loopback port."""

    def __init__(self, answers: Answers) -> None:
        self.heard: list[bytes] = []
        self._answers = answers

    def begin(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        host, port, *_ = transport.get_extra_info("sockname")
        self.place = endpoint(host, port)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        for answer in self._answers(data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def datagram_peer(
    answers: Answers, *, host: str = "127.0.0.1"
) -> AsyncIterator[DatagramPeer]:
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: DatagramPeer(answers), (host, 0)
    )
    made.begin(transport)
    try:
        yield made
    finally:
        transport.close()


def nothing(_: bytes) -> Iterable[bytes]:
    """Answer nothing."""
    return ()


def answering(*datagrams: bytes) -> Answers:
    """Answer these to every datagram."""
    return lambda _: datagrams
