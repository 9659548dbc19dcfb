"""One query to one upstream that is not as it should be."""

import asyncio

import dns.message
import pytest

from registrator_dns.forward.asked import Question, asked
from registrator_dns.forward.exchange import (
    Exchange,
    Failure,
    TcpExchange,
    UdpExchange,
)
from registrator_dns.forward.response import Response
from servers import free_ports
from upstreams import Asked, Upstream, reply, silent, tells

QUESTION = b"\3www\7example\3org\0\0\1\0\1"
PACKET = asked(
    Question(octets=QUESTION, do=False, cd=False, udp=True), b"8 octets", edns=True
)
MANY = [f"60 A 192.0.{n // 256}.{n % 256}" for n in range(3000)]

Outcome = Response | Failure


async def heard(
    kind: type[Exchange], place: tuple[str, int], seconds: float = 20
) -> Outcome:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    kind(place, PACKET, QUESTION, seconds=seconds, heard=outcomes.put_nowait)
    assert outcomes.empty()  # never before it is there
    async with asyncio.timeout(20):
        outcome = await outcomes.get()
    await asyncio.sleep(0)
    assert outcomes.empty()
    return outcome


@pytest.mark.parametrize("kind", [UdpExchange, TcpExchange])
async def test_the_answer_is_heard(kind: type[Exchange]) -> None:
    async with Upstream(tells("60 A 192.0.2.1")) as upstream:
        outcome = await heard(kind, upstream.place)

    assert isinstance(outcome, Response)
    assert outcome.counts == (1, 0, 0)


@pytest.mark.parametrize("kind", [UdpExchange, TcpExchange])
@pytest.mark.parametrize("address", ["fe80::1%nosuch0", "255.255.255.255"])
async def test_a_place_that_no_socket_can_reach_is_a_failure(
    kind: type[Exchange], address: str
) -> None:
    assert await heard(kind, (address, 53)) is Failure.UNREACHABLE


@pytest.mark.parametrize("kind", [UdpExchange, TcpExchange])
async def test_a_port_that_nobody_has_is_a_failure(kind: type[Exchange]) -> None:
    (port,) = free_ports(1)

    assert await heard(kind, ("127.0.0.1", port)) is Failure.UNREACHABLE


@pytest.mark.parametrize("kind", [UdpExchange, TcpExchange])
async def test_silence_is_a_failure(kind: type[Exchange]) -> None:
    async with Upstream(silent) as upstream:
        assert await heard(kind, upstream.place, 0.05) is Failure.SILENT


@pytest.mark.parametrize("kind", [UdpExchange, TcpExchange])
async def test_what_is_cancelled_is_not_heard(kind: type[Exchange]) -> None:
    outcomes: list[Outcome] = []
    async with Upstream(tells("60 A 192.0.2.1")) as upstream:
        some = [
            kind(place, PACKET, QUESTION, seconds=9, heard=outcomes.append)
            for place in (upstream.place, ("fe80::1%nosuch0", 53))
        ]
        for each in some:
            each.cancel()
            each.cancel()
        await heard(kind, upstream.place)

    assert outcomes == []


async def serve(answer: bytes, *, pieces: int) -> Outcome:
    """Have a query answered over TCP by octets that come in so many pieces."""

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readexactly(2 + len(PACKET))
        size = len(answer) // pieces + 1
        for at in range(0, len(answer), size):
            writer.write(answer[at : at + size])
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1")
    async with server:
        return await heard(TcpExchange, server.sockets[0].getsockname())


def told(*records: str) -> bytes:
    made = dns.message.from_wire(PACKET)
    assert isinstance(made, Asked)
    packet = reply(made, *records).to_wire(max_size=65_535)
    return len(packet).to_bytes(2) + packet


@pytest.mark.parametrize("pieces", [1, 7, 50_000])
async def test_an_answer_over_tcp_may_be_long_and_come_in_pieces(pieces: int) -> None:
    outcome = await serve(told(*MANY), pieces=pieces)

    assert isinstance(outcome, Response)
    assert outcome.counts == (3000, 0, 0)


async def test_several_messages_may_come_at_once() -> None:
    truth = told("60 A 192.0.2.1")
    other = truth[:2] + bytes(2) + truth[4:]
    outcome = await serve(b"\0\0" + other + truth + other, pieces=1)

    assert isinstance(outcome, Response)
    assert outcome.counts == (1, 0, 0)


@pytest.mark.parametrize("size", [0, 1, 2, 40])
async def test_a_connection_that_ends_before_the_answer_is_a_failure(
    size: int,
) -> None:
    assert await serve(told("60 A 192.0.2.1")[:size], pieces=1) is Failure.UNREACHABLE


async def test_a_flood_of_other_messages_is_a_failure() -> None:
    assert await serve(b"\0\1x" * 64, pieces=1) is Failure.SILENT
