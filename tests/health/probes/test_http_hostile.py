"""HTTP checks of servers that do what they can to do harm."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from certificates import Authority
from peers import Peer, Talk, endless, peer, saying, silence, sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.frugal import MOST
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.http import HttpProbe
from waiting import eventually

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def probe() -> AsyncIterator[HttpProbe]:
    """Have everybody trusted: names are another test's business."""
    async with HttpProbe(Means()) as opened:
        yield opened


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tls(scheme: str, tmp_path: Path) -> ssl.SSLContext | None:
    if scheme == "http":
        return None
    certificate = Authority(tmp_path).issue("web")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


async def run(probe: HttpProbe, found: Peer, scheme: str = "http") -> Outcome:
    target = f"{scheme}://{found.place}/health"
    return await probe.run(Check(kind="http", target=target, tls_skip_verify=True))


NO_HTTP = "the answer is not HTTP"
BROKEN = "the answer broke off, or its body is garbled"
ENDLESS = f"the answer did not end within {MOST} octets"


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((), "the connection was closed without an answer"),
        ((b"\0\1\2 what\r\n\r\n",), NO_HTTP),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), NO_HTTP),
        ((b"HTTP/1.1 99999 OK\r\n\r\n",), NO_HTTP),
        ((OK, b"Content-Length: -5\r\n\r\nhello"), NO_HTTP),
        ((OK, b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), NO_HTTP),
        ((OK, b"Content-Length: 50\r\n\r\nhello"), BROKEN),
        ((CHUNKED, b"5\r\nhello\r\n"), BROKEN),
        ((CHUNKED, b"zz\r\nhello\r\n"), f"{BROKEN}|{NO_HTTP}"),
        ((OK, b"X: " + b"a" * 50_000 + b"\r\n\r\n"), f"{NO_HTTP}|too long"),
        ((OK, *[b"X: y\r\n"] * 1000, b"\r\n"), f"{NO_HTTP}|too long"),
        ((b"HTTP/1.1 200 " + b"A" * 50_000 + b"\r\n\r\n",), f"{NO_HTTP}|too long"),
    ],
)
async def test_what_is_no_whole_answer_is_critical(
    probe: HttpProbe, pieces: tuple[bytes, ...], why: str
) -> None:
    async with peer(saying(*pieces)) as found:
        with pytest.raises(Failed, match=why):
            await run(probe, found)
        await eventually(lambda: not found.open, "the connection is closed")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK, b"a: b\r\n" * 1000),
        (OK + b"A: ", b"a" * 10_000),
        (OK + b"A: b", b"\r\n " * 1000),
        (b"HTTP/1.1 200 ", b"a" * 10_000),
        (b"", b"\r\n" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (CHUNKED + b"1", b";a=b" * 1000),
        (CHUNKED, b"0" * 10_000),
        (CHUNKED, b"1\r\nx\r\n" * 1000),
        (CHUNKED + b"0\r\n", b"a: b\r\n" * 1000),
    ],
    ids=[
        *(
            "headers",
            "header",
            "folded-header",
            "status-line",
            "empty-lines",
            "interim",
        ),
        *("chunk-extension", "chunk-size", "tiny-chunks", "trailers"),
    ],
)
async def test_what_has_no_end_is_critical_and_little_of_it_is_read(
    probe: HttpProbe, scheme: str, tls: ssl.SSLContext | None, head: bytes, piece: bytes
) -> None:
    async with peer(endless(head, piece), tls=tls) as found:
        with pytest.raises(Failed, match=f"{NO_HTTP}|{BROKEN}|too long|{ENDLESS}"):
            await run(probe, found, scheme)
        await eventually(lambda: not found.open, "the connection is closed")


async def test_of_ten_gigabytes_the_beginning_is_read(
    probe: HttpProbe, scheme: str, tls: ssl.SSLContext | None
) -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 10000000000\r\n\r\n")
        while sent < 10_000_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with peer(talk, tls=tls) as found:
        outcome = await run(probe, found, scheme)
        await eventually(lambda: not found.open, "the connection is closed")

    assert outcome == Outcome(Status.PASSING, "200 OK: " + "x" * 97 + "...")
    # What is on the way fills buffers of the system's.
    assert sent < 100_000_000


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await silence(reader, writer)


async def octet_by_octet(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK + b"\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def half_a_head(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"HTTP/1.1 200 O")
    await silence(reader, writer)


@pytest.mark.parametrize("talk", [never, octet_by_octet, half_a_head])
async def test_what_is_given_up_leaves_nothing_open(
    probe: HttpProbe, scheme: str, tls: ssl.SSLContext | None, talk: Talk
) -> None:
    async with peer(talk, tls=tls) as found:
        before, tasks = sockets(), len(asyncio.all_tasks())
        trying = asyncio.create_task(run(probe, found, scheme))
        await eventually(lambda: found.open, "it is connected")
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying

        await eventually(lambda: not found.open, "the server sees it gone")
        await eventually(lambda: sockets() == before, "no socket is left")
        assert len(asyncio.all_tasks()) == tasks


async def test_a_handshake_that_is_given_up_leaves_nothing_open(
    probe: HttpProbe,
) -> None:
    async with peer(silence) as found:
        before = sockets()
        trying = asyncio.create_task(run(probe, found, "https"))
        await eventually(lambda: found.open, "it is connected")
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying

        await eventually(lambda: sockets() == before, "no socket is left")


async def test_a_peer_that_ends_no_tls_is_not_waited_for(
    probe: HttpProbe, tmp_path: Path
) -> None:
    certificate = Authority(tmp_path).issue("web")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.cert, certificate.key)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 0\r\n\r\n")
        await writer.drain()
        # Deaf from now on: neither more nor the end is noticed.
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with peer(talk, tls=tls) as found:
        before = sockets()
        await run(probe, found, "https")

        await eventually(lambda: sockets() == before + 1, "one end is left: the peer's")


async def test_whatever_is_said_there_is_an_outcome(probe: HttpProbe) -> None:
    whole = CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"
    chance = random.Random(7)
    said = b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)

    async with peer(talk) as found:
        for _ in range(300):
            octets = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            said = bytes(octets[: chance.randint(1, len(octets))])
            try:
                outcome = await run(probe, found)
            except Failed as failed:
                outcome = Outcome(Status.CRITICAL, str(failed))

            assert outcome.output.isprintable(), said
        await eventually(lambda: not found.open, "all connections are closed")
