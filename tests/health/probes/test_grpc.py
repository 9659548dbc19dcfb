"""The health service of real gRPC servers, and of what is none."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from certificates import Authority, Certificate
from peers import Talk, peer, silence, sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.grpc import LONGEST, GrpcProbe
from servers import free_ports
from waiting import eventually

PATIENCE = 60.0
PREFACE = b"PRI * HTTP/2.0"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
PROMISE = b"\0\0\x05\x05\x04\0\0\0\x01\0\0\0\x02\x88"
PING = b"\0\0\x08\x06\0\0\0\0\0pingpong"


@contextmanager
def serving(
    certificate: Certificate | None = None, *, health: bool = True, host: str = ""
) -> Iterator[str]:
    """Have a gRPC server, in which all is well but the service "ill"."""
    place = f"{host or '127.0.0.1'}:{free_ports(1)[0]}"
    server = grpc.server(ThreadPoolExecutor(2))
    if health:
        servicer = HealthServicer()
        servicer.set("", HealthCheckResponse.SERVING)
        servicer.set("ill", HealthCheckResponse.NOT_SERVING)
        servicer.set("new", HealthCheckResponse.UNKNOWN)
        add_HealthServicer_to_server(servicer, server)
    if certificate is None:
        server.add_insecure_port(place)
    else:
        pair = (certificate.key.read_bytes(), certificate.cert.read_bytes())
        server.add_secure_port(place, grpc.ssl_server_credentials([pair]))
    server.start()
    try:
        yield place
    finally:
        server.stop(None).wait()


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    with serving() as place:
        yield place


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[str]:
    with serving(authority.issue("good")) as place:
        yield place


def check(target: str, asked: str = "") -> Check:
    return Check(kind="grpc", target=target, asked=asked)


def over_tls(target: str, *, name: str = "", skip: bool = False) -> Check:
    return Check(
        kind="grpc", target=target, tls=True, server_name=name, tls_skip_verify=skip
    )


async def run(wanted: Check, authorities: Path | None = None) -> Outcome:
    async with (
        asyncio.timeout(PATIENCE),
        GrpcProbe(Means(authorities=authorities)) as probe,
    ):
        return await probe.run(wanted)


async def failure(wanted: Check, authorities: Path | None = None) -> str:
    with pytest.raises(Failed) as caught:
        await run(wanted, authorities)
    return str(caught.value)


async def test_a_server_that_serves_passes(plain: str) -> None:
    assert await run(check(plain)) == Outcome(Status.PASSING, f"{plain}: SERVING")


async def test_it_is_reached_over_ipv6() -> None:
    with serving(host="[::1]") as place:
        assert (await run(check(place))).status is Status.PASSING


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("ill", "does not serve (NOT_SERVING)"),
        ("new", "does not know how it is (UNKNOWN)"),
        ("nope", "does not know the service (NOT_FOUND)"),
        ("ü" * 1000, "does not know the service (NOT_FOUND)"),
        ("x" * 70_000, "the check asks for too long a name"),
    ],
)
async def test_a_service_that_does_not_serve_is_critical(
    plain: str, service: str, said: str
) -> None:
    assert (await failure(check(plain, service))).startswith(f"{plain}: {said}")


async def test_a_server_without_a_health_service_is_said_to_have_none() -> None:
    with serving(health=False) as place:
        said = await failure(check(place))

    assert said.startswith(
        f"{place}: has no health service, grpc.health.v1.Health (UNIMPLEMENTED)"
    )


async def test_a_server_is_trusted_by_the_operators_authorities(
    secure: str, authority: Authority
) -> None:
    outcome = await run(over_tls(secure), authority.ca)
    named = await run(over_tls(secure, name="localhost"), authority.ca)

    assert outcome == named == Outcome(Status.PASSING, f"{secure}: SERVING")


async def test_a_server_whose_certificate_is_not_looked_at_passes(secure: str) -> None:
    assert (await run(over_tls(secure, skip=True))).status is Status.PASSING


async def test_a_certificate_that_does_not_fit_is_refused(
    secure: str, authority: Authority
) -> None:
    assert "authority that is not trusted" in await failure(over_tls(secure))
    other = over_tls(secure, name="elsewhere.test")
    assert "for another name" in await failure(other, authority.ca)
    wrong = over_tls(secure, name=".")
    assert "no certificate can be for" in await failure(wrong, authority.ca)


async def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    with serving(authority.issue("old", expired=True)) as place:
        assert "has expired" in await failure(over_tls(place), authority.ca)


async def test_tls_and_none_do_not_understand_each_other(
    plain: str, secure: str
) -> None:
    assert "no TLS is spoken there" in await failure(over_tls(plain, skip=True))
    assert (await failure(check(secure))).startswith(f"{secure}: ")


async def test_where_nobody_listens_connections_are_refused() -> None:
    place = f"127.0.0.1:{free_ports(1)[0]}"

    assert await failure(check(place)) == f"{place}: connection refused"


def saying(words: bytes, *, endless: bool = False) -> Talk:
    """Say *words* to who has said something, once or for ever."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(PREFACE)
        writer.write(words)
        while endless:
            await writer.drain()
            writer.write(words)

    return talk


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"", "the connection was closed without an answer"),
        (SETTINGS, "the connection was closed without an answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak HTTP/2: "),
        (b"\xff" * 1000, "does not speak HTTP/2: "),
        (SETTINGS + b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07", "refuses the call"),
        (SETTINGS + b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0b", "refuses the call"),
        # A header block whose compression is garbled, and one that answers a 503.
        (SETTINGS + b"\0\0\x02\x01\x05\0\0\0\x01\xff\xff", "does not speak HTTP/2: "),
        (
            SETTINGS + b"\0\0\x05\x01\x05\0\0\0\x01\x48\x03503",
            "does not speak gRPC: it answers HTTP status 503",
        ),
        # A promise, which nobody has asked for.
        (SETTINGS + PROMISE, "does not speak HTTP/2: "),
    ],
)
async def test_what_is_no_grpc_server_is_critical(words: bytes, said: str) -> None:
    async with peer(saying(words)) as found:
        assert (await failure(check(found.place))).startswith(f"{found.place}: {said}")


@pytest.mark.parametrize("words", [SETTINGS, SETTINGS + PING * 100])
async def test_one_that_goes_on_for_ever_is_not_listened_to(words: bytes) -> None:
    async with peer(saying(words, endless=True)) as found:
        said = await failure(check(found.place))
        await eventually(lambda: not found.open, "the connection is closed")

    assert said == f"{found.place}: answers with more than {LONGEST} octets"


async def test_one_that_is_silent_leaves_nothing_open() -> None:
    before = sockets()
    async with peer(silence) as found:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await GrpcProbe(Means()).run(check(found.place))

        await eventually(lambda: not found.open, "the connection is closed")
    await eventually(lambda: sockets() <= before, "all is closed")


async def test_no_check_reaches_a_clouds_secrets() -> None:
    assert "is refused" in await failure(check("169.254.169.254:80"))
