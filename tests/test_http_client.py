import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from registrator.errors import Unavailable
from registrator.http_client import (
    HttpClient,
    HttpPlace,
    TooLong,
    first_line,
)
from servers import free_ports, swallowing

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Index: 7\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def serving(*pieces: bytes, ends: bool = True) -> AsyncIterator[HttpPlace]:
    """Answer every request with *pieces*, then close, or be silent for ever."""
    over = asyncio.Event()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if not ends:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield place(port)
    finally:
        over.set()
        server.close()


def place(port: int) -> HttpPlace:
    uri = f"test://127.0.0.1:{port}"
    return HttpPlace(uri=uri, base=URL(f"http://127.0.0.1:{port}"))


@asynccontextmanager
async def client(place: HttpPlace, deadline: float = 30.0) -> AsyncIterator[HttpClient]:
    opened = HttpClient(place, connections=4, deadline=deadline)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def test_no_more_is_read_of_an_answer_than_was_asked_for() -> None:
    async with serving(HELLO) as there, client(there) as asking:
        assert (await asking.ask("GET", "/", longest=5)).body == b"hello"
        with pytest.raises(TooLong, match="beyond 4 octets"):
            await asking.ask("GET", "/", longest=4)


async def test_a_network_that_swallows_everything_is_given_up_soon() -> None:
    with swallowing() as port:
        async with client(place(port)) as asking:
            with pytest.raises(Unavailable, match=r"no connection in 2 s"):
                await asking.ask("GET", "/")
            with pytest.raises(Unavailable, match=r"no connection in 2 s"):
                async with asking.stream("GET", "/"):
                    pass


async def test_an_answer_comes_with_its_status_headers_and_body() -> None:
    async with serving(HELLO) as there, client(there) as asking:
        answer = await asking.ask("GET", "/a%2Fb?c=%20")

    assert (answer.status, answer.headers["x-index"], answer.body) == (
        200,
        "7",
        b"hello",
    )


async def test_before_it_is_open_a_client_is_of_no_use() -> None:
    asking = HttpClient(place(1), connections=1, deadline=1)

    with pytest.raises(RuntimeError):
        await asking.ask("GET", "/")
    await asking.close()


FAULTS: dict[str, tuple[tuple[bytes, ...], str]] = {
    "no answer": ((), "closed the connection without an answer"),
    "half a head": ((HELLO[:20],), "closed the connection without an answer"),
    "half a body": ((HELLO[:-2],), "broke off in the middle of an answer"),
    "another protocol": ((b"SSH-2.0-OpenSSH_9.2\r\n\r\n",), "the answer is not HTTP"),
}


@pytest.mark.parametrize(("pieces", "told"), FAULTS.values(), ids=FAULTS)
async def test_what_is_no_whole_answer_is_none(
    pieces: tuple[bytes, ...], told: str
) -> None:
    async with serving(*pieces) as there, client(there) as asking:
        with pytest.raises(Unavailable) as caught:
            await asking.ask("GET", "/")

    assert str(caught.value) == f"{there.uri}: {told}"


async def test_nobody_there_is_said_in_words() -> None:
    (port,) = free_ports(1)
    async with client(place(port)) as asking:
        with pytest.raises(Unavailable, match="no connection: Connect"):
            await asking.ask("GET", "/")


async def test_silence_ends_at_the_deadline() -> None:
    async with serving(ends=False) as there, client(there, deadline=0.1) as asking:
        with pytest.raises(Unavailable, match=r"no answer in 0\.1 s"):
            await asking.ask("GET", "/")
        with pytest.raises(Unavailable, match=r"no answer in 0\.05 s"):
            await asking.ask("GET", "/", deadline=0.05)
        with pytest.raises(Unavailable, match=r"no answer in 0\.1 s"):
            async with asking.stream("GET", "/"):
                pass


async def read(stream: AsyncIterator[bytes], seen: Callable[[bytes], None]) -> None:
    async for piece in stream:
        seen(piece)


async def test_a_stream_gives_its_pieces_as_they_come() -> None:
    pieces: list[bytes] = []
    line = b"x" * 1_000_000
    chunk = b"f4240\r\n" + line + b"\r\n"
    async with (
        serving(CHUNKED, chunk, b"0\r\n\r\n") as there,
        client(there) as asking,
        asking.stream("POST", "/", body=b"{}") as (status, stream),
    ):
        await read(stream, pieces.append)

    assert status == 200
    assert b"".join(pieces) == line


async def test_a_stream_that_breaks_off_says_so() -> None:
    pieces: list[bytes] = []
    async with serving(CHUNKED, b"5\r\nhello\r\n") as there, client(there) as asking:
        with pytest.raises(Unavailable, match="broke off in the middle of an answer"):
            async with asking.stream("GET", "/") as (_, stream):
                await read(stream, pieces.append)

    assert b"".join(pieces) == b"hello"


async def test_a_stream_may_be_silent_only_as_long_as_it_is_told() -> None:
    pieces: list[bytes] = []
    async with (
        serving(CHUNKED, b"5\r\nhello\r\n", ends=False) as there,
        client(there) as asking,
    ):
        with pytest.raises(Unavailable, match=r"no answer in 0\.1 s"):
            async with asking.stream("GET", "/", silence=0.1) as (_, stream):
                await read(stream, pieces.append)

    assert b"".join(pieces) == b"hello"


async def test_what_the_reader_of_a_stream_raises_is_left_as_it_is() -> None:
    async with serving(CHUNKED, ends=False) as there, client(there) as asking:
        with pytest.raises(TimeoutError):
            async with asking.stream("GET", "/"):
                raise TimeoutError


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", ""),
        (b"  No leader\nat all", "No leader"),
        (b"\x1b[2Jclear \xff", "[2Jclear \ufffd"),
        (b"x" * 1000, "x" * 200),
    ],
)
def test_of_an_answer_one_clean_line_is_shown(text: bytes, line: str) -> None:
    assert first_line(text) == line
