"""A real engine that is reached over the network."""

import asyncio
import hashlib
import json
import re
import ssl
from pathlib import Path

import pytest
import trustme

from engine.relay import relay
from fixtures.engine import RunContainer
from registrator.engine import Endpoint, Engine, resolve
from registrator.errors import SourceError
from registrator.model import ContainerId, Port

pytestmark = pytest.mark.needs_engine


@pytest.fixture
def socket(docker_host: str) -> Path:
    path = resolve({}, docker_host).socket
    assert path is not None
    return path


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(tmp_path: Path, authority: trustme.CA) -> Path:
    directory = tmp_path / "certificates"
    directory.mkdir()
    client = authority.issue_cert("client")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    client.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    client.private_key_pem.write_to_path(directory / "key.pem")
    return directory


@pytest.fixture
def careful(authority: trustme.CA) -> ssl.SSLContext:
    """An engine's side of TLS that lets nobody in without a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "::1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def secured(certificates: Path) -> dict[str, str]:
    return {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates)}


async def check(endpoint: Endpoint, run_container: RunContainer) -> None:
    async with Engine(endpoint) as engine, engine.events() as hints:
        started = await asyncio.to_thread(run_container)
        key = ContainerId(str(started.id))
        async with asyncio.timeout(30):
            while (await anext(hints)).container != key:
                pass
        assert (await engine.inspect(key)).name == started.name


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_engine_is_watched_over_tcp(
    socket: Path, run_container: RunContainer, host: str
) -> None:
    async with relay(socket, host=host) as port:
        address = f"[{host}]" if ":" in host else host
        await check(resolve({"DOCKER_HOST": f"tcp://{address}:{port}"}), run_container)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_engine_is_watched_over_tls_with_a_clients_certificate(
    socket: Path,
    careful: ssl.SSLContext,
    certificates: Path,
    run_container: RunContainer,
    host: str,
) -> None:
    async with relay(socket, careful, host) as port:
        address = f"[{host}]" if ":" in host else host
        environment = {"DOCKER_HOST": f"tcp://{address}:{port}"}
        await check(resolve(environment | secured(certificates)), run_container)


async def test_an_engine_is_watched_as_the_docker_context_says(
    socket: Path,
    careful: ssl.SSLContext,
    certificates: Path,
    run_container: RunContainer,
    tmp_path: Path,
) -> None:
    async with relay(socket, careful) as port:
        use_context(tmp_path, f"tcp://127.0.0.1:{port}", certificates)

        await check(resolve({"DOCKER_CONFIG": str(tmp_path)}), run_container)


def use_context(directory: Path, host: str, certificates: Path) -> None:
    name = hashlib.sha256(b"prod").hexdigest()
    tls = directory / "contexts" / "tls" / name / "docker"
    tls.parent.mkdir(parents=True)
    certificates.rename(tls)
    meta = directory / "contexts" / "meta" / name / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    described = {"Name": "prod", "Endpoints": {"docker": endpoint}}
    meta.write_text(json.dumps(described))
    (directory / "config.json").write_text('{"currentContext": "prod"}')


async def test_an_engine_that_somebody_else_vouches_for_is_not_believed(
    socket: Path, certificates: Path
) -> None:
    stranger = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(stranger)
    async with relay(socket, stranger) as port:
        endpoint = resolve(secured(certificates), f"tcp://127.0.0.1:{port}")

        assert "certificate verify failed" in await refusal(endpoint)


async def test_an_engine_under_another_name_is_not_believed(
    socket: Path, certificates: Path, authority: trustme.CA
) -> None:
    other = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("other.example").configure_cert(other)
    async with relay(socket, other) as port:
        endpoint = resolve(secured(certificates), f"tcp://127.0.0.1:{port}")

        assert "certificate verify failed" in await refusal(endpoint)


async def test_without_a_certificate_one_is_not_let_in(
    socket: Path, careful: ssl.SSLContext, certificates: Path
) -> None:
    for file in ("cert.pem", "key.pem"):
        (certificates / file).unlink()
    async with relay(socket, careful) as port:
        endpoint = resolve(secured(certificates), f"tcp://127.0.0.1:{port}")

        assert await refusal(endpoint)


async def test_a_port_where_nobody_listens_is_a_source_error(socket: Path) -> None:
    async with relay(socket) as port:
        endpoint = resolve({}, f"tcp://127.0.0.1:{port}")

    assert (await refusal(endpoint)).endswith("GET /version: connection refused")


async def test_what_does_not_speak_http_is_a_source_error_without_the_password() -> (
    None
):
    async def hiss(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    server = await asyncio.start_server(hiss, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        told = await refusal(resolve({}, f"tcp://me:secret@127.0.0.1:{port}"))

    assert told.startswith(f"engine tcp://127.0.0.1:{port}: GET /version: ")
    assert "secret" not in told


async def refusal(endpoint: Endpoint) -> str:
    async with Engine(endpoint) as engine:
        with pytest.raises(SourceError) as caught:
            await engine.info()
    return str(caught.value)


async def test_an_engine_is_spoken_to_in_the_oldest_version_of_its_api(
    socket: Path, run_container: RunContainer
) -> None:
    def aged(answer: bytes) -> bytes:
        # Of the same length, so that nothing else of the answer has to change.
        version = b'"ApiVersion":"1.24"'
        return re.sub(rb'"ApiVersion":"1\.[0-9]{2}"', version, answer)

    async with (
        relay(socket, answers=aged) as port,
        Engine(resolve({}, f"tcp://127.0.0.1:{port}")) as engine,
        engine.events() as hints,
    ):
        assert (await engine.info()).api == "1.24"
        started = await asyncio.to_thread(
            run_container, ports={"80/tcp": None}, environment={"SERVICE_NAME": "web"}
        )
        key = ContainerId(str(started.id))
        async with asyncio.timeout(30):
            while (await anext(hints)).container != key:
                pass
        container = await engine.inspect(key)
        listed = {entry.id for entry in await engine.list()}

    assert key in listed
    assert ("SERVICE_NAME", "web") in container.environment
    assert [network.name for network in container.networks] == ["bridge"]
    assert container.published[Port(80)][0].port
