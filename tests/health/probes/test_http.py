"""HTTP checks of honest servers: what is asked, and what an answer comes to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from certificates import Authority, Certificate
from http_answers import answering
from peers import peer, saying, silence
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.http import HttpProbe
from servers import free_ports
from waiting import eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
async def probe() -> AsyncIterator[HttpProbe]:
    async with HttpProbe(Means()) as opened:
        yield opened


def check(place: str, path: str = "/health", *, scheme: str = "http") -> Check:
    return Check(kind="http", target=f"{scheme}://{place}{path}")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_answer_passes_with_its_status_and_body(
    probe: HttpProbe, host: str
) -> None:
    async with peer(saying(OK), host=host) as found:
        outcome = await probe.run(check(found.place))

    assert outcome == Outcome(Status.PASSING, "200 OK: hello")


async def test_the_request_is_the_one_that_was_asked_for(probe: HttpProbe) -> None:
    async with answering(lambda _: (200, b"")) as server:
        asked = replace(
            check(server.place, "/a%2Fb//c?d=%20e&f"),
            method="PUT",
            headers=(("Host", "web.example.org"), ("X-A", "1"), ("User-Agent", "me")),
            body="ping ü",
        )
        await probe.run(asked)

    (request,) = server.requests
    assert request.path == "/a%2Fb//c?d=%20e&f"
    assert request.body == "ping ü".encode()
    assert request.headers == {
        "host": "web.example.org",
        "x-a": "1",
        "user-agent": "me",
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-length": "7",
        "connection": "close",
    }


async def test_a_header_may_be_there_twice(probe: HttpProbe) -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async with peer(talk) as found:
        twice = (("X-A", "1"), ("X-A", "2"))
        await probe.run(replace(check(found.place), headers=twice))

    (head,) = heads
    assert head.startswith(b"GET /health HTTP/1.1\r\n")
    assert b"\r\nX-A: 1\r\nX-A: 2\r\n" in head
    assert f"\r\nHost: {found.place}\r\n".encode() in head
    assert b"\r\nUser-Agent: registrator\r\n" in head


async def test_every_check_has_a_connection_of_its_own(probe: HttpProbe) -> None:
    kept = OK.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    async with peer(saying(kept)) as found:
        for _ in range(3):
            await probe.run(check(found.place))

        assert found.connections == 3
        await eventually(lambda: not found.open, "they are closed")


@pytest.mark.parametrize(
    ("status", "statuses", "found"),
    [
        (204, (), Status.PASSING),
        (429, (), Status.WARNING),
        (404, (), Status.CRITICAL),
        (500, (), Status.CRITICAL),
        (404, ((200, 299), (404, 404)), Status.PASSING),
        (200, ((404, 404),), Status.CRITICAL),
    ],
)
async def test_the_status_decides(
    probe: HttpProbe,
    status: int,
    statuses: tuple[tuple[int, int], ...],
    found: Status,
) -> None:
    async with answering(lambda _: (status, b"")) as server:
        asked = replace(check(server.place), statuses=statuses)
        outcome = await probe.run(asked)

    assert outcome.status is found
    assert outcome.output.startswith(f"{status} ")


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        ((b"is ready",), Status.PASSING),
        ((b"is re", b"ad", b"y"), Status.PASSING),
        ((b"x" * 65_531, b"ready"), Status.PASSING),
        ((b"x" * 65_532, b"ready"), Status.CRITICAL),
        ((b"is starting",), Status.CRITICAL),
        ((), Status.CRITICAL),
    ],
)
async def test_a_text_is_looked_for_at_the_beginning_of_the_body(
    probe: HttpProbe, pieces: tuple[bytes, ...], found: Status
) -> None:
    async with peer(saying(b"HTTP/1.1 200 OK\r\n\r\n", *pieces)) as server:
        outcome = await probe.run(replace(check(server.place), expect="ready"))

    assert outcome.status is found


async def test_what_is_found_need_not_come_to_an_end(probe: HttpProbe) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nis ready")
        await silence(reader, writer)

    async with peer(talk) as found:
        outcome = await probe.run(replace(check(found.place), expect="ready"))
        await eventually(lambda: not found.open, "the connection is closed")

    assert outcome == Outcome(Status.PASSING, "200 OK: is ready")


async def test_where_nobody_listens_connections_are_refused(probe: HttpProbe) -> None:
    (port,) = free_ports(1)

    with pytest.raises(Failed, match=rf"^127\.0\.0\.1:{port}: connection refused$"):
        await probe.run(check(f"127.0.0.1:{port}"))


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "no URL"),
        ("/health", "no URL"),
        ("http://", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://127.0.0.1:99999/", "no URL"),
        ("ftp://127.0.0.1/", "no URL"),
        ("http://me:hunter2@127.0.0.1/", "no URL"),
        ("http://web.example.org/", "no IP address"),
        ("http://127.1/", "no IP address"),
        ("http://169.254.169.254/latest/", "is refused"),
        ("http://[fe80::1]/", "is refused"),
    ],
)
async def test_what_is_no_target_is_not_asked(
    probe: HttpProbe, target: str, why: str
) -> None:
    with pytest.raises(Failed, match=why) as failed:
        await probe.run(Check(kind="http", target=target))

    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    "change",
    [
        {"headers": (("X-A", "hunter2\r\nX-B: 2"),)},
        {"headers": (("X A", "hunter2"),)},
        {"headers": (("Transfer-Encoding", "chunked hunter2"),), "body": "x"},
        {"method": "GET / hunter2"},
    ],
)
async def test_what_cannot_be_sent_is_told_without_a_hunter2(
    probe: HttpProbe, change: dict[str, object]
) -> None:
    async with peer(saying(OK)) as found:
        asked = replace(check(found.place), **change)  # type: ignore[arg-type]
        try:
            said = (await probe.run(asked)).output
        except Failed as failed:
            said = str(failed)

    assert "hunter2" not in said


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def over_tls(
    authority: Authority,
    certificate: Certificate,
    *,
    name: str = "",
    skip: bool = False,
) -> Outcome:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.cert, certificate.key)
    async with (
        peer(saying(OK), tls=tls) as found,
        HttpProbe(Means(authorities=authority.ca)) as probe,
    ):
        asked = check(found.place, scheme="https")
        return await probe.run(replace(asked, server_name=name, tls_skip_verify=skip))


async def test_the_certificate_is_verified(authority: Authority) -> None:
    by_address, by_name = authority.issue("a"), authority.issue("b", "web.example.org")
    expired = authority.issue("c", expired=True)

    for certificate, name in ((by_address, ""), (by_name, "web.example.org")):
        outcome = await over_tls(authority, certificate, name=name)
        assert outcome == Outcome(Status.PASSING, "200 OK: hello")
    for certificate, name, why in (
        (by_name, "", r"is for another address than 127\.0\.0\.1$"),
        (by_address, "web.example.org", r"is for another name than web\.example\.org$"),
        (expired, "", r"certificate has expired$"),
    ):
        with pytest.raises(Failed, match=why):
            await over_tls(authority, certificate, name=name)


async def test_no_certificate_is_looked_at_where_the_check_says_so(
    authority: Authority,
) -> None:
    expired = authority.issue("old", "elsewhere", expired=True)

    outcome = await over_tls(authority, expired, skip=True)

    assert outcome.status is Status.PASSING


async def test_who_speaks_no_tls_is_critical(probe: HttpProbe) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with peer(talk) as found:
        with pytest.raises(Failed, match="no TLS is spoken there"):
            await probe.run(check(found.place, scheme="https"))


async def test_who_speaks_tls_only_is_critical_for_http(
    probe: HttpProbe, authority: Authority
) -> None:
    certificate = authority.issue("web")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.cert, certificate.key)
    async with peer(saying(OK), tls=tls) as found:
        with pytest.raises(Failed, match=r"closed|reset|not HTTP"):
            await probe.run(check(found.place))


async def test_what_can_be_no_name_is_told(probe: HttpProbe) -> None:
    async with peer(saying(OK)) as found:
        asked = replace(check(found.place, scheme="https"), server_name=".x")
        with pytest.raises(Failed, match="no certificate can be for"):
            await probe.run(asked)
