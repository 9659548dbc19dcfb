"""Unix sockets, TLS and ACL tokens, as an agent really asks for them."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
import trustme

from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Site
from registrator.check import Check
from registrator.errors import Unavailable
from registrator_backends.consul import ConsulBackend
from registrator_backends.consul.uri import read_address
from samples import drop, put, web
from waiting import eventually, until

pytestmark = pytest.mark.needs_consul

HERE = Site(node="here")
MASTER = "5bbd29a6-1a94-4f57-9f1e-b5e0e0f3c1a7"
WRITER = "8d3fa1c2-6d53-4bd8-8b7c-17d6b8a6b4d1"


@asynccontextmanager
async def opened(
    uri: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ConsulBackend]:
    site = Site(node="here", environment=environment or {})
    async with ConsulBackend.from_uri(uri, site) as backend:
        yield backend


async def test_an_agent_is_spoken_to_over_a_unix_socket(
    start_consul: StartConsul, tmp_path: Path
) -> None:
    socket = tmp_path / "consul.sock"
    agent = start_consul({"addresses": {"http": f"127.0.0.1 unix://{socket}"}})

    async with opened(f"consul-unix://{socket}") as backend:
        await put(backend, web())

        assert backend.uri == f"consul-unix://{socket}"
        assert list(agent.services()) == ["here:web.1:80"]


async def test_a_unix_socket_that_is_not_there_is_away(tmp_path: Path) -> None:
    async with opened(f"consul-unix://{tmp_path}/no.sock") as backend:
        with pytest.raises(Unavailable, match=r"no\.sock: no connection: No such file"):
            await backend.owned()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of ca.pem, and of server and client certificates with keys."""
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    trustme.CA().cert_pem.write_to_path(directory / "other.pem")
    for name in ("server.dc1.consul", "client"):
        leaf = authority.issue_cert(name)
        leaf.private_key_pem.write_to_path(directory / f"{name}.key")
        leaf.cert_chain_pems[0].write_to_path(directory / f"{name}.pem")
    return directory


@pytest.fixture(scope="module")
def guarded(
    certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsulAgent]:
    """An agent whose HTTPS wants a client certificate; its own is for a name."""
    settings = {
        "ca_file": str(certificates / "ca.pem"),
        "cert_file": str(certificates / "server.dc1.consul.pem"),
        "key_file": str(certificates / "server.dc1.consul.key"),
        "verify_incoming_https": True,
    }
    with ConsulAgent(tmp_path_factory.mktemp("consul"), settings) as agent:
        yield agent


def identity(certificates: Path) -> dict[str, str]:
    return {
        "CONSUL_CACERT": str(certificates / "ca.pem"),
        "CONSUL_CLIENT_CERT": str(certificates / "client.pem"),
        "CONSUL_CLIENT_KEY": str(certificates / "client.key"),
        "CONSUL_TLS_SERVER_NAME": "server.dc1.consul",
    }


def https(agent: ConsulAgent) -> str:
    return f"consul-tls://127.0.0.1:{agent.https_port}"


async def test_an_agent_is_spoken_to_over_tls_with_certificates_of_both_sides(
    guarded: ConsulAgent, certificates: Path
) -> None:
    async with opened(https(guarded), identity(certificates)) as backend:
        failures = await put(backend, web())

        assert failures == {}
        assert list(await backend.owned()) == ["here:web.1:80"]


async def test_certificates_can_stand_in_the_uri(
    guarded: ConsulAgent, certificates: Path
) -> None:
    names = {"ca": "ca.pem", "cert": "client.pem", "key": "client.key"}
    query = "&".join(f"{name}={certificates}/{file}" for name, file in names.items())
    environment = {"CONSUL_TLS_SERVER_NAME": "server.dc1.consul"}

    async with opened(f"{https(guarded)}?{query}", environment) as backend:
        assert await put(backend, web()) == {}


async def test_certificates_need_not_be_verified(
    guarded: ConsulAgent, certificates: Path
) -> None:
    environment = identity(certificates) | {"CONSUL_HTTP_SSL_VERIFY": "false"}
    del environment["CONSUL_CACERT"], environment["CONSUL_TLS_SERVER_NAME"]

    async with opened(https(guarded), environment) as backend:
        assert await put(backend, web()) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"CONSUL_CACERT": "other.pem"}, "unable to get local issuer certificate"),
        ({"CONSUL_TLS_SERVER_NAME": ""}, "IP address mismatch"),
        ({"CONSUL_TLS_SERVER_NAME": "other.example"}, "Hostname mismatch"),
        (
            {"CONSUL_CLIENT_CERT": "", "CONSUL_CLIENT_KEY": ""},
            "TLS fails: .*bad certificate",
        ),
    ],
)
async def test_nothing_is_sent_to_an_agent_that_is_not_the_right_one(
    guarded: ConsulAgent,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    told: str,
) -> None:
    monkeypatch.chdir(certificates)
    guarded.clear()

    async with opened(https(guarded), identity(certificates) | change) as backend:
        with pytest.raises(Unavailable, match=told):
            await put(backend, web())

    assert guarded.services() == {}


async def test_plain_http_on_a_tls_port_is_told(guarded: ConsulAgent) -> None:
    async with opened(f"consul://127.0.0.1:{guarded.https_port}") as backend:
        with pytest.raises(Unavailable, match="HTTPS"):
            await backend.owned()


async def test_tls_on_a_plain_port_is_told(consul: ConsulAgent) -> None:
    async with opened(f"consul-tls://127.0.0.1:{consul.port}") as backend:
        with pytest.raises(Unavailable, match="TLS fails: wrong version number"):
            await backend.owned()


def has_policy(agent: ConsulAgent) -> bool:
    """Write the policy; right after its election a leader answers with 500."""
    rules = 'service "web" { policy = "write" }'
    try:
        agent.put("/v1/acl/policy", {"Name": "web", "Rules": rules})
    except HTTPError as error:
        if error.code != 500:
            raise
        return "already exists" in error.read().decode()
    return True


@pytest.fixture
def locked(start_consul: StartConsul) -> ConsulAgent:
    """An agent that denies everything, but to MASTER, and web to WRITER."""
    acl = {"enabled": True, "default_policy": "deny", "tokens": {"master": MASTER}}
    agent = start_consul({"acl": acl})
    agent.token = MASTER
    until(lambda: has_policy(agent), "the agent takes policies")
    token = {"SecretID": WRITER, "Policies": [{"Name": "web"}]}
    agent.put("/v1/acl/token", token)
    return agent


async def test_a_token_is_taken_from_the_environment(locked: ConsulAgent) -> None:
    async with opened(locked.uri, {"CONSUL_HTTP_TOKEN": WRITER}) as backend:
        failures = await put(backend, web(checks=(Check(kind="ttl", ttl=9),)))
        owned = await backend.owned()

        assert failures == {}
        assert list(owned) == ["here:web.1:80"]
        await backend.refresh(owned)
        assert await drop(backend, *owned) == {}


async def test_a_service_that_the_token_may_not_write_is_tried_again(
    locked: ConsulAgent,
) -> None:
    async with opened(locked.uri, {"CONSUL_HTTP_TOKEN": WRITER}) as backend:
        failures = await put(backend, web(), web("here:db.1:5432", name="db"))

    (error,) = failures.values()
    assert isinstance(error, Unavailable)
    assert "here:db.1:5432: 403 Permission denied" in str(error)
    assert "check that the token may write" in str(error)
    assert list(locked.services()) == ["here:web.1:80"]


async def test_a_service_that_the_token_may_write_is_written_behind_many_it_may_not(
    locked: ConsulAgent,
) -> None:
    denied = [web(f"here:app.{n}:80", name=f"app{n:03}") for n in range(60)]
    async with opened(locked.uri, {"CONSUL_HTTP_TOKEN": WRITER}) as backend:
        failures = await put(backend, *denied, web())

    assert failures.keys() == {each.id for each in denied}
    assert list(locked.services()) == ["here:web.1:80"]


async def test_a_token_file_that_is_rotated_is_used_at_once(
    locked: ConsulAgent, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("00000000-dead-0000-0000-000000000000\n")
    async with opened(f"{locked.uri}?token_file={file}") as backend:
        with pytest.raises(Unavailable, match="403 ACL not found; check that"):
            await backend.owned()

        file.write_text(f"{WRITER}\n")

        assert await put(backend, web()) == {}


async def test_a_restart_with_acls_is_never_the_records_fault(
    locked: ConsulAgent,
) -> None:
    async with opened(locked.uri, {"CONSUL_HTTP_TOKEN": MASTER}) as backend:
        await put(backend, web())
        locked.kill()

        async def answers() -> bool:
            try:
                return not await put(backend, web())
            except Unavailable:
                return False

        condition: Callable[[], bool | Awaitable[bool]] = answers
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.to_thread(locked.start))
            await eventually(condition, "the agent takes the service again")


SECRETS = ("s3cret-token", "s3cret-password", "czNjcmV0LXBhc3N3b3Jk")
STAGES: dict[str, Callable[[Proxy], None]] = {
    "a refusal": lambda proxy: proxy.answer("/v1", 403, "ACL not found"),
    "a hang": lambda proxy: proxy.hang("/v1"),
    "a cut": lambda proxy: proxy.cut("/v1", 9),
    "no HTTP": lambda proxy: proxy.say("/v1", b"\x15\x03\x01 nonsense\r\n\r\n"),
    "a redirection": lambda proxy: proxy.say(
        "/v1", b"HTTP/1.1 302 -\r\nLocation: http://elsewhere/\r\n\r\n"
    ),
}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
async def test_no_secret_stands_in_any_error(
    proxy: Proxy, caplog: pytest.LogCaptureFixture, stage: Callable[[Proxy], None]
) -> None:
    caplog.set_level(logging.DEBUG)
    stage(proxy)
    uri = f"consul://me:{SECRETS[1]}@127.0.0.1:{proxy.port}"
    address = read_address(uri, {"CONSUL_HTTP_TOKEN": SECRETS[0]})
    header = ("Authorization", SECRETS[0])
    check = Check(kind="http", target="http://127.0.0.1:1/", headers=(header,))

    async with ConsulBackend(address, HERE, deadline=2.0) as backend:
        with pytest.raises(Unavailable) as caught:
            await put(
                backend, *(web(f"here:{n}:80", checks=(check,)) for n in range(20))
            )

    said = [*traceback.format_exception(caught.value), caplog.text]
    said += [repr(caught.value), backend.uri, repr(address)]
    assert proxy.requests[0].headers["x-consul-token"] == SECRETS[0]
    assert not [secret for secret in SECRETS if secret in "".join(said)]
