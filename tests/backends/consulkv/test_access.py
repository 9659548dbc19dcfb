"""Unix sockets, TLS and ACL tokens, as an agent really asks for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from certificates import Authority, Certificate
from consul_keys import keys
from contract.stores import agree, records
from fixtures.consul import ConsulAgent, StartConsul
from registrator.backend import Site
from registrator.errors import Unavailable
from registrator.watcher import opened
from registrator_backends.consulkv import ConsulKvBackend
from samples import put, web

pytestmark = pytest.mark.needs_consul

MASTER: Final = "5bbd29a6-1a94-4f57-9f1e-b5e0e0f3c1a7"
WRITER: Final = "8d3fa1c2-6d53-4bd8-8b7c-17d6b8a6b4d1"
ACL: Final[Mapping[str, object]] = {
    "acl": {
        "enabled": True,
        "default_policy": "deny",
        "tokens": {"master": MASTER, "agent": MASTER},
    }
}
RULES: Final = """
key_prefix "services/" { policy = "write" }
key_prefix "services/secret/" { policy = "deny" }
key_prefix "registrator/here/" { policy = "write" }
session_prefix "" { policy = "write" }
"""


def backend(uri: str, **environment: str) -> ConsulKvBackend:
    return ConsulKvBackend.from_uri(uri, Site(node="here", environment=environment))


async def test_an_agent_is_spoken_to_over_a_unix_socket(
    start_consul: StartConsul, tmp_path: Path
) -> None:
    socket = tmp_path / "consul.sock"
    agent = start_consul({"addresses": {"http": f"127.0.0.1 unix://{socket}"}})

    async with backend(f"consulkv-unix://{socket}:/services") as one:
        assert await agree(one, web()) == {}

        assert one.uri == f"consulkv-unix://{socket}:/services"
        assert "services/web/here:web.1:80" in keys(agent)
        async with opened(one) as readings:
            assert len((await anext(readings)).instances) == 1


@pytest.fixture
def guarded(start_consul: StartConsul) -> ConsulAgent:
    """An agent with a token that may not write under one name."""
    agent = start_consul(ACL)
    agent.token = MASTER
    agent.put("/v1/acl/policy", {"Name": "registrator", "Rules": RULES})
    agent.put(
        "/v1/acl/token",
        {"SecretID": WRITER, "Policies": [{"Name": "registrator"}]},
    )
    return agent


async def test_permission_denied_under_one_name_does_not_concern_the_others(
    guarded: ConsulAgent,
) -> None:
    uri = f"consulkv://127.0.0.1:{guarded.port}/services"
    secret = web("here:secret:80", name="secret")
    async with backend(uri, CONSUL_HTTP_TOKEN=WRITER) as one:
        failures = await put(one, web(), secret, web("here:web.2:80"))

        assert set(failures) == {secret.id}
        assert isinstance(failures[secret.id], Unavailable)
        assert "Permission denied; check that the token" in str(failures[secret.id])
        both = [web(), web("here:web.2:80")]
        assert await one.owned() == records(one, both)
        assert await agree(one, web()) == {}
        await one.refresh({})
        assert await one.owned() == records(one, [web()])


async def test_a_token_that_nobody_knows_is_told(guarded: ConsulAgent) -> None:
    uri = f"consulkv://127.0.0.1:{guarded.port}/services"
    async with backend(uri, CONSUL_HTTP_TOKEN="unknown-token") as one:
        for step in (one.owned(), put(one, web())):
            with pytest.raises(Unavailable, match="403 ACL not found") as caught:
                await step
            assert "unknown-token" not in str(caught.value)
        async with opened(one) as readings:
            with pytest.raises(Unavailable, match="403 ACL not found"):
                await anext(readings)


async def test_without_a_token_no_session_is_begun(guarded: ConsulAgent) -> None:
    uri = f"consulkv://127.0.0.1:{guarded.port}/services"
    async with backend(uri) as one:
        with pytest.raises(Unavailable, match="403 Permission denied; check that"):
            await put(one, web())

    assert keys(guarded) == {}


def encrypted(certificate: Certificate) -> Mapping[str, object]:
    return {
        "cert_file": str(certificate.cert),
        "key_file": str(certificate.key),
        "ca_file": str(certificate.ca),
    }


async def test_an_agent_is_spoken_to_with_tls(
    start_consul: StartConsul, tmp_path: Path
) -> None:
    certificate = Authority(tmp_path).issue("server")
    agent = start_consul(encrypted(certificate))
    uri = f"consulkv-tls://127.0.0.1:{agent.https_port}/services?ca={certificate.ca}"
    async with backend(uri) as one:
        assert await agree(one, web()) == {}
        async with opened(one) as readings:
            assert len((await anext(readings)).instances) == 1


async def test_an_expired_certificate_is_told(
    start_consul: StartConsul, tmp_path: Path
) -> None:
    certificate = Authority(tmp_path).issue("server", expired=True)
    agent = start_consul(encrypted(certificate))
    uri = f"consulkv-tls://127.0.0.1:{agent.https_port}/services?ca={certificate.ca}"
    async with backend(uri) as one:
        with pytest.raises(Unavailable, match="certificate has expired"):
            await one.owned()
