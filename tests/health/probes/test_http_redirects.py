"""Where the redirects of an HTTP check lead."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from peers import Talk, peer
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.http import REDIRECTS, HttpProbe

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"


@pytest.fixture
async def probe() -> AsyncIterator[HttpProbe]:
    async with HttpProbe(Means()) as opened:
        yield opened


def check(place: str) -> Check:
    return Check(kind="http", target=f"http://{place}/0")


def moving(location: str, *, times: int, status: int = 302) -> tuple[Talk, list[str]]:
    """Send whoever asks on so many times, to a location in which {} counts.

    The list has the requests: their methods, paths and bodies.
    """
    requests: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = 4 if "Content-Length: 4" in head else 0
        body = (await reader.readexactly(size)).decode()
        method, path, _ = head.split(" ", 2)
        requests.append(f"{method} {path} {body}".rstrip())
        to = location.format(len(requests))
        moved = (
            f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n"
        )
        last = OK[:-4] if method == "HEAD" else OK
        writer.write(moved.encode() if len(requests) <= times else last)

    return talk, requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_the_same_place_are_followed(
    probe: HttpProbe, status: int
) -> None:
    talk, requests = moving("/{}", times=REDIRECTS, status=status)
    async with peer(talk) as found:
        outcome = await probe.run(check(found.place))

    assert outcome == Outcome(Status.PASSING, "200 OK: here")
    assert requests == [f"GET /{number}" for number in range(REDIRECTS + 1)]


async def test_redirects_for_ever_are_not(probe: HttpProbe) -> None:
    talk, requests = moving("/{}", times=1000)
    async with peer(talk) as found:
        with pytest.raises(Failed, match="redirected more than 5 times"):
            await probe.run(check(found.place))

    assert len(requests) == REDIRECTS + 1


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET /1"),
        (302, "POST", "GET /1"),
        (302, "PUT", "PUT /1 ping"),
        (303, "PUT", "GET /1"),
        (303, "HEAD", "HEAD /1 ping"),
        (307, "POST", "POST /1 ping"),
        (308, "POST", "POST /1 ping"),
    ],
)
async def test_the_method_becomes_what_the_standard_says(
    probe: HttpProbe, status: int, method: str, then: str
) -> None:
    talk, requests = moving("/{}", times=1, status=status)
    async with peer(talk) as found:
        asked = replace(check(found.place), method=method, body="ping")
        await probe.run(asked)

    assert requests == [f"{method} /0 ping", then]


async def test_headers_go_along(probe: HttpProbe) -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        moved = b"HTTP/1.1 302 Moved\r\nContent-Length: 0\r\nLocation: /1\r\n\r\n"
        writer.write(moved if len(heads) == 1 else OK)

    async with peer(talk) as found:
        named = (("Host", "web.example.org"), ("Authorization", "Basic eA=="))
        await probe.run(replace(check(found.place), headers=named))

    assert len(heads) == 2
    for head in heads:
        assert b"\r\nHost: web.example.org\r\n" in head
        assert b"\r\nAuthorization: Basic eA==\r\n" in head


async def test_another_port_is_not_asked(probe: HttpProbe) -> None:
    elsewhere, asked = moving("/", times=0)
    async with peer(elsewhere) as other:
        talk, _ = moving(f"http://{other.place}/admin?token=hunter2", times=1)
        async with peer(talk) as found:
            with pytest.raises(Failed) as failed:
                await probe.run(check(found.place))

        assert other.connections == 0
    assert asked == []
    said = f"{found.place}: redirected to http://{other.place}/admin, which is not"
    assert str(failed.value).startswith(said)
    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/latest/",
        "https://127.0.0.1/",
        "http://localhost/",
        "file:///etc/passwd",
        "http://me:hunter2@127.0.0.1/",
        "http://127.0.0.1:99999/",
    ],
)
async def test_a_redirect_to_anywhere_else_is_critical(
    probe: HttpProbe, location: str
) -> None:
    talk, requests = moving(location, times=1)
    async with peer(talk) as found:
        with pytest.raises(Failed, match="redirected to ") as failed:
            await probe.run(check(found.place))

    assert requests == ["GET /0"]
    assert "hunter2" not in str(failed.value)


async def test_a_redirect_that_says_not_where_is_an_answer(probe: HttpProbe) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")

    async with peer(talk) as found:
        outcome = await probe.run(check(found.place))

    assert outcome == Outcome(Status.CRITICAL, "302 Found")


async def test_a_redirect_whose_status_is_wanted_is_an_answer(probe: HttpProbe) -> None:
    talk, requests = moving("http://login.example.org/", times=1)
    async with peer(talk) as found:
        outcome = await probe.run(replace(check(found.place), statuses=((200, 399),)))

    assert outcome == Outcome(Status.PASSING, "302 Moved")
    assert requests == ["GET /0"]
