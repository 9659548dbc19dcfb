import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import dns.asyncquery
import dns.message
import pytest

from dnsbound import Bound
from dnsroom import data, query, responder
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.names import Endpoint
from registrator_dns.udp import BATCH
from samples import web

NAME = "web.service.consul"
LIMIT = 4
LOOPBACK = ("127.0.0.1", 0)
ANSWERS = responder(web())
CROWD = responder(
    *(web(str(n), address=f"10.0.{n // 256}.{n % 256}") for n in range(4000))
)

Start = Callable[..., "asyncio.Future[Bound]"]


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def server(opened: AsyncExitStack) -> Bound:
    return await opened.enter_async_context(
        Bound([LOOPBACK], ANSWERS.answer, connections=LIMIT)
    )


def framed(*packets: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(packet)) + packet for packet in packets)


def numbered(number: int, name: str = NAME) -> bytes:
    return number.to_bytes(2) + query(name)[2:]


async def receive(reader: asyncio.StreamReader) -> dns.message.Message:
    async with asyncio.timeout(10):
        size = int.from_bytes(await reader.readexactly(2))
        return dns.message.from_wire(await reader.readexactly(size))


async def receive_id(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(10):
        size = int.from_bytes(await reader.readexactly(2))
        return int.from_bytes((await reader.readexactly(size))[:2])


async def connect(
    server: Bound, opened: AsyncExitStack
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(*server.endpoints[0])
    opened.callback(writer.close)
    return reader, writer


async def ask_over_udp(place: Endpoint, packet: bytes) -> bytes:
    """Ask on a connected socket, which takes a reply from no other address."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(place)
        await loop.sock_sendall(client, packet)
        async with asyncio.timeout(10):
            return await loop.sock_recv(client, 65_535)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_it_answers_over_udp_and_tcp_on_one_port(
    opened: AsyncExitStack, address: str
) -> None:
    server = await opened.enter_async_context(Bound([(address, 0)], ANSWERS.answer))
    ((_, port),) = server.endpoints
    asked = dns.message.make_query(NAME, "A")

    over_udp = await dns.asyncquery.udp(asked, address, 5, port)
    over_tcp = await dns.asyncquery.tcp(asked, address, 5, port)

    assert data(over_udp) == data(over_tcp) == ["10.0.0.1"]


async def test_it_answers_on_every_address_with_its_own_port(
    opened: AsyncExitStack,
) -> None:
    listen = [("127.0.0.1", 0), ("127.0.0.2", 0), ("::1", 0)]
    server = await opened.enter_async_context(Bound(listen, ANSWERS.answer))

    replies = [await ask_over_udp(at, query(NAME)) for at in server.endpoints]

    assert [address for address, _ in server.endpoints] == [
        "127.0.0.1",
        "127.0.0.2",
        "::1",
    ]
    assert [data(dns.message.from_wire(it)) for it in replies] == [["10.0.0.1"]] * 3


@pytest.mark.parametrize(
    ("listen", "asked"),
    [("0.0.0.0", "127.0.0.1"), ("0.0.0.0", "127.0.0.77"), ("::", "::1")],
)
async def test_a_wildcard_answers_from_the_address_that_was_asked(
    opened: AsyncExitStack, listen: str, asked: str
) -> None:
    server = await opened.enter_async_context(Bound([(listen, 0)], ANSWERS.answer))
    ((_, port),) = server.endpoints

    octets = await ask_over_udp((asked, port), query(NAME))

    assert data(dns.message.from_wire(octets)) == ["10.0.0.1"]


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0"])
async def test_silence_and_many_queries_at_once_do_not_stop_it(
    opened: AsyncExitStack, listen: str
) -> None:
    server = await opened.enter_async_context(Bound([(listen, 0)], ANSWERS.answer))
    place = ("127.0.0.1", server.endpoints[0][1])
    count = BATCH + 10
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(place)
        for number in range(count):
            client.send(b"")
            client.send(numbered(number)[:2] + b"\x80" + bytes(9))
            client.send(numbered(number))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            replies = [await loop.sock_recv(client, 512) for _ in range(count)]

    assert [int.from_bytes(reply[:2]) for reply in replies] == list(range(count))


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0"])
async def test_a_reply_that_cannot_be_sent_does_not_stop_it(
    opened: AsyncExitStack, listen: str
) -> None:
    def answer(
        packet: bytes, *, udp: bool, client: str = ""
    ) -> bytes | Elsewhere | None:
        return (
            bytes(70_000) if packet == b"too much" else ANSWERS.answer(packet, udp=udp)
        )

    server = await opened.enter_async_context(Bound([(listen, 0)], answer))
    place = ("127.0.0.1", server.endpoints[0][1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"too much", place)

    octets = await ask_over_udp(place, query(NAME))

    assert data(dns.message.from_wire(octets)) == ["10.0.0.1"]


async def test_queries_on_one_connection_are_answered_in_order(
    server: Bound, opened: AsyncExitStack
) -> None:
    reader, writer = await connect(server, opened)

    writer.write(framed(*(numbered(number) for number in range(300))))

    assert [await receive_id(reader) for _ in range(300)] == list(range(300))


async def test_a_query_may_come_octet_by_octet(
    server: Bound, opened: AsyncExitStack
) -> None:
    reader, writer = await connect(server, opened)
    for octet in framed(numbered(1), numbered(2)):
        writer.write(bytes([octet]))
        await asyncio.sleep(0)

    assert [(await receive(reader)).id for _ in range(2)] == [1, 2]


async def test_what_is_not_answered_does_not_end_a_connection(
    server: Bound, opened: AsyncExitStack
) -> None:
    reader, writer = await connect(server, opened)

    writer.write(framed(b"", b"short", b"id\x80" + bytes(9), numbered(1)))

    assert (await receive(reader)).id == 1


async def test_a_client_that_sends_no_more_still_gets_its_answers(
    server: Bound, opened: AsyncExitStack
) -> None:
    reader, writer = await connect(server, opened)

    writer.write(framed(*(numbered(number) for number in range(300))) + b"\0")
    writer.write_eof()

    assert [await receive_id(reader) for _ in range(300)] == list(range(300))
    assert await reader.read() == b""


async def test_a_message_may_have_64_kib(opened: AsyncExitStack) -> None:
    server = await opened.enter_async_context(Bound([LOOPBACK], CROWD.answer))
    ((address, port),) = server.endpoints

    asked = dns.message.make_query(NAME, "A")
    answer = await dns.asyncquery.tcp(asked, address, 10, port)

    assert len(data(answer)) == 4000


async def test_a_client_that_does_not_read_is_not_answered_further(
    opened: AsyncExitStack,
) -> None:
    asked = 0

    def answer(
        packet: bytes, *, udp: bool, client: str = ""
    ) -> bytes | Elsewhere | None:
        nonlocal asked
        asked += not udp
        return CROWD.answer(packet, udp=udp)

    server = await opened.enter_async_context(Bound([LOOPBACK], answer))
    reader, writer = await connect(server, opened)
    count = 500
    writer.write(framed(*(numbered(number) for number in range(count))))
    assert await receive_id(reader) == 0

    # Each answer over UDP shows that the connection had its turn meanwhile.
    stopped = -1
    while stopped != asked:
        stopped = asked
        await ask_over_udp(server.endpoints[0], query(NAME))

    assert asked < count
    others = [await receive_id(reader) for _ in range(count - 1)]
    assert others == list(range(1, count))


async def test_a_silent_connection_is_closed(opened: AsyncExitStack) -> None:
    server = await opened.enter_async_context(
        Bound([LOOPBACK], ANSWERS.answer, idle=0.05)
    )
    reader, writer = await connect(server, opened)
    writer.write(framed(numbered(1)) + b"\0")

    assert (await receive(reader)).id == 1
    async with asyncio.timeout(10):
        assert await reader.read() == b""


async def test_a_client_that_never_reads_is_closed(opened: AsyncExitStack) -> None:
    server = await opened.enter_async_context(Bound([LOOPBACK], CROWD.answer, idle=0.2))
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setblocking(False)
        await loop.sock_connect(client, server.endpoints[0])
        with pytest.raises(ConnectionError):  # noqa: PT012  the peer resets it some time
            async with asyncio.timeout(10):
                while True:
                    await loop.sock_sendall(client, framed(numbered(1)) * 100)


async def test_a_client_that_resets_its_connection_stops_nobody(
    server: Bound, opened: AsyncExitStack
) -> None:
    reader, writer = await connect(server, opened)
    writer.write(framed(*(numbered(number) for number in range(300))))
    await receive(reader)
    other, other_writer = await connect(server, opened)
    writer.transport.abort()

    other_writer.write(framed(numbered(7)))

    assert (await receive(other)).id == 7


async def test_one_connection_too_many_ends_the_one_silent_for_longest(
    server: Bound, opened: AsyncExitStack
) -> None:
    connections = [await connect(server, opened) for _ in range(LIMIT)]
    for number in (1, 0, 2, 3):
        reader, writer = connections[number]
        writer.write(framed(numbered(number)))
        await receive(reader)

    reader, writer = await connect(server, opened)
    writer.write(framed(numbered(9)))

    assert (await receive(reader)).id == 9
    async with asyncio.timeout(10):
        assert await connections[1][0].read() == b""
    for reader, writer in (connections[0], connections[2], connections[3]):
        writer.write(framed(numbered(5)))
        assert (await receive(reader)).id == 5


async def test_closing_ends_connections_and_frees_the_port() -> None:
    async with Bound([LOOPBACK], ANSWERS.answer) as first:
        place = first.endpoints[0]
        reader, writer = await asyncio.open_connection(*place)
        writer.write(framed(numbered(1)))
        await receive(reader)
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()

    async with Bound([place], ANSWERS.answer):
        octets = await ask_over_udp(place, query(NAME))
        assert data(dns.message.from_wire(octets)) == ["10.0.0.1"]
