"""Handshakes, and certificates that are and are not what they should be."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from certificates import Authority, Certificate
from peers import Peer, peer, silence, sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.tls import TlsProbe
from servers import free_ports
from waiting import eventually


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def serving(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


@asynccontextmanager
async def probing(
    authority: Authority, tls: ssl.SSLContext | None, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[TlsProbe, Peer]]:
    means = Means(authorities=authority.ca)
    async with peer(silence, tls=tls, host=host) as found, TlsProbe(means) as probe:
        yield probe, found


async def run(
    probe: TlsProbe, found: Peer, name: str = "", *, skip: bool = False
) -> Outcome:
    return await probe.run(
        Check(kind="tls", target=found.place, server_name=name, tls_skip_verify=skip)
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_good_certificate_passes_and_its_end_is_told(
    authority: Authority, host: str
) -> None:
    tls = serving(authority.issue("good", host))
    async with probing(authority, tls, host) as (probe, found):
        outcome = await run(probe, found)

    assert outcome.status is Status.PASSING
    said = re.escape(found.place) + (
        r": TLSv1\.\d, certificate valid until \d{4}-\d\d-\d\d \(\d+ days\)"
    )
    assert re.fullmatch(said, outcome.output)


async def test_a_certificate_may_be_for_the_name_that_is_asked_for(
    authority: Authority,
) -> None:
    tls = serving(authority.issue("web", "web.example.org"))
    async with probing(authority, tls) as (probe, found):
        outcome = await run(probe, found, "web.example.org")

        assert outcome.status is Status.PASSING
        with pytest.raises(Failed, match=r"is for another name than db\.example"):
            await run(probe, found, "db.example.org")
        with pytest.raises(Failed, match=r"is for another address than 127\.0\.0\.1"):
            await run(probe, found)


async def test_the_name_is_sent_so_that_the_server_can_choose(
    authority: Authority,
) -> None:
    asked: list[str | None] = []
    tls = serving(authority.issue("web", "web.example.org"))
    tls.sni_callback = lambda _, name, __: asked.append(name)
    async with probing(authority, tls) as (probe, found):
        await run(probe, found, "web.example.org")
        await run(probe, found, "other.example.org", skip=True)

    assert asked == ["web.example.org", "other.example.org"]


async def test_a_certificate_that_has_expired_is_critical(authority: Authority) -> None:
    tls = serving(authority.issue("old", expired=True))
    async with probing(authority, tls) as (probe, found):
        with pytest.raises(Failed, match=r"certificate has expired$"):
            await run(probe, found)


async def test_a_certificate_of_its_own_is_critical(authority: Authority) -> None:
    alone = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with alone.cert_pem.tempfile() as cert, alone.private_key_pem.tempfile() as key:
        tls.load_cert_chain(cert, key)
    async with probing(authority, tls) as (probe, found):
        with pytest.raises(Failed, match="certificate is self-signed and not trusted"):
            await run(probe, found)


async def test_a_certificate_of_another_authority_is_critical(
    authority: Authority, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    tls = serving(Authority(elsewhere).issue("foreign"))
    async with probing(authority, tls) as (probe, found):
        with pytest.raises(Failed, match="of an authority that is not trusted"):
            await run(probe, found)


async def test_no_certificate_is_looked_at_where_the_check_says_so(
    authority: Authority,
) -> None:
    tls = serving(authority.issue("old", "elsewhere", expired=True))
    async with probing(authority, tls) as (probe, found):
        outcome = await run(probe, found, skip=True)

    assert outcome.status is Status.PASSING
    assert outcome.output.endswith(", certificate not looked at")


async def test_who_speaks_no_tls_is_critical(authority: Authority) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")

    async with peer(talk) as found, TlsProbe(Means()) as probe:
        with pytest.raises(Failed, match="no TLS is spoken there"):
            await run(probe, found)


async def test_who_closes_within_the_handshake_is_critical() -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1024)

    async with peer(talk) as found, TlsProbe(Means()) as probe:
        with pytest.raises(Failed, match=r"closed|reset"):
            await run(probe, found)


async def test_where_nobody_listens_connections_are_refused() -> None:
    check = Check(kind="tls", target=f"127.0.0.1:{free_ports(1)[0]}")

    with pytest.raises(Failed, match=r"connection refused$"):
        await TlsProbe(Means()).run(check)


@pytest.mark.parametrize("name", [".example.org", "a" * 70 + ".example.org", "a..b"])
async def test_what_can_be_no_name_is_told(authority: Authority, name: str) -> None:
    async with probing(authority, None) as (probe, found):
        with pytest.raises(Failed, match="no certificate can be for"):
            await run(probe, found, name)


async def test_no_check_reaches_a_cloud_s_secrets() -> None:
    with pytest.raises(Failed, match="is refused"):
        await TlsProbe(Means()).run(Check(kind="tls", target="169.254.169.254:443"))


async def test_nothing_stays_open_whatever_comes_of_it(authority: Authority) -> None:
    tls = serving(authority.issue("good"))
    before = sockets()
    async with probing(authority, tls) as (probe, found):
        listening = sockets()
        await run(probe, found)
        with pytest.raises(Failed):
            await run(probe, found, "other")
        await eventually(lambda: sockets() == listening, "all connections are closed")

        async with peer(silence) as silent:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await run(probe, silent)
            await eventually(lambda: not silent.open, "the connection is closed")
    await eventually(lambda: sockets() == before, "all sockets are closed")
