"""The whole daemon while registries do not let it in: tokens, permissions, TLS.

During every fault containers start and stop; in the end each registry equals the
truth, without anything missing or left behind, and the daemon never ended.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from kazoo.security import make_acl

from certificates import Authority
from fixtures.consul import ConsulAgent
from fixtures.etcd import EtcdServer
from registries import against, is_unwell, reader, shift
from standins import StandInProcess, standin
from waiting import eventually, until

MASTER: Final = "5bbd29a6-1a94-4f57-9f1e-b5e0e0f3c1a7"
WRITER: Final = "8d3fa1c2-6d53-4bd8-8b7c-17d6b8a6b4d1"
UNKNOWN: Final = "00000000-0000-0000-0000-000000000001"
PASSWORD: Final = "wrong-horse-battery"
WRITES: Final = "".join(
    f'{what}_prefix "" {{ policy = "write" }}\n'
    for what in ("key", "session", "service", "node", "agent")
)
READS: Final = WRITES.replace('"write"', '"read"')

Fault = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A registry that lets the daemon in, until it does not."""

    uri: str
    """For the daemon."""
    seen: str
    """For whoever may read all."""
    fault: Fault


Ask = Callable[[str], Any]
"""For a fixture."""


def consul_with_users(scheme: str, ask: Ask, tmp: Path) -> tuple[ConsulAgent, str, str]:
    """Start an agent that asks for tokens: how the daemon and a reader name it."""
    acl = {"enabled": True, "default_policy": "deny"}
    acl |= {"tokens": {"master": MASTER, "agent": MASTER}}
    agent: ConsulAgent = ask("start_consul")({"acl": acl})
    agent.token = MASTER
    agent.put("/v1/acl/policy", {"Name": "registrator", "Rules": WRITES})
    agent.put(
        "/v1/acl/token", {"SecretID": WRITER, "Policies": [{"Name": "registrator"}]}
    )
    uris = []
    for name, token in (("writer", WRITER), ("master", MASTER)):
        (tmp / name).write_text(token)
        place = f"{scheme}://127.0.0.1:{agent.port}"
        uris.append(f"{place}?token_file={tmp}/{name}")
    return agent, uris[0], uris[1]


def consul_token(scheme: str, ask: Ask, tmp: Path) -> Guarded:
    _, uri, seen = consul_with_users(scheme, ask, tmp)

    @contextmanager
    def unknown() -> Iterator[None]:
        (tmp / "writer").write_text(UNKNOWN)
        yield
        (tmp / "writer").write_text(WRITER)

    return Guarded(uri=uri, seen=seen, fault=unknown)


def consul_permission(scheme: str, ask: Ask, tmp: Path) -> Guarded:
    agent, uri, seen = consul_with_users(scheme, ask, tmp)
    policies = agent.get("/v1/acl/policies")
    (known,) = (each["ID"] for each in policies if each["Name"] == "registrator")

    def rule(rules: str) -> None:
        body = {"ID": known, "Name": "registrator", "Rules": rules}
        agent.put(f"/v1/acl/policy/{known}", body)

    @contextmanager
    def denied() -> Iterator[None]:
        rule(READS)
        yield
        rule(WRITES)

    return Guarded(uri=uri, seen=seen, fault=denied)


def consul_certificate(scheme: str, ask: Ask, tmp: Path) -> Guarded:
    authority = Authority(tmp)
    good = authority.issue("server")
    files = {"ca_file": good.ca, "cert_file": good.cert, "key_file": good.key}
    agent: ConsulAgent = ask("start_consul")({k: str(v) for k, v in files.items()})
    return Guarded(
        uri=f"{scheme}-tls://127.0.0.1:{agent.https_port}?ca={good.ca}",
        seen=f"{scheme}://127.0.0.1:{agent.port}",
        fault=lambda: expired(agent, authority),
    )


@contextmanager
def expired(server: Any, authority: Authority) -> Iterator[None]:
    """Have the server started anew with a certificate that has expired."""
    server.kill()
    authority.issue("server", expired=True)
    server.start()
    yield
    server.kill()
    authority.issue("server")
    server.start()


def etcd_with_users(ask: Ask, tmp: Path) -> tuple[EtcdServer, str, str]:
    etcd: EtcdServer = ask("start_etcd")()
    etcd.add_user("me", PASSWORD, "/services/")
    etcd.require_users("topsecret")
    (tmp / "password").write_text(PASSWORD)
    place = f"127.0.0.1:{etcd.port}/services"
    login = f"me@{place}?password_file={tmp}/password"
    return etcd, f"etcd://{login}", f"etcd://root:topsecret@{place}"


def etcd_token(ask: Ask, tmp: Path) -> Guarded:
    etcd, uri, seen = etcd_with_users(ask, tmp)

    @contextmanager
    def another() -> Iterator[None]:
        etcd.ask("auth/user/changepw", {"name": "me", "password": "another"})
        yield
        (tmp / "password").write_text("another")

    return Guarded(uri=uri, seen=seen, fault=another)


def etcd_permission(ask: Ask, tmp: Path) -> Guarded:
    etcd, uri, seen = etcd_with_users(ask, tmp)

    @contextmanager
    def denied() -> Iterator[None]:
        etcd.ask("auth/user/revoke", {"name": "me", "role": "mes"})
        yield
        etcd.ask("auth/user/grant", {"user": "me", "role": "mes"})

    return Guarded(uri=uri, seen=seen, fault=denied)


def etcd_certificate(ask: Ask, tmp: Path) -> Guarded:
    authority = Authority(tmp)
    good = authority.issue("server")
    settings = {"cert-file": good.cert, "key-file": good.key}
    etcd: EtcdServer = ask("start_etcd")(settings, tls=good.context())
    uri = f"etcds://127.0.0.1:{etcd.port}/services?ca={good.ca}"
    return Guarded(uri=uri, seen=uri, fault=lambda: expired(etcd, authority))


def zookeeper_permission(ask: Ask, tmp: Path) -> Guarded:
    del tmp
    server = ask("start_zookeeper")()
    uri = f"{server.uri}/services"

    def allow(**rights: bool) -> None:
        server.client.set_acls("/services", [make_acl("world", "anyone", **rights)])

    @contextmanager
    def denied() -> Iterator[None]:
        allow(read=True, admin=True)
        yield
        allow(all=True)

    return Guarded(uri=uri, seen=uri, fault=denied)


def zookeeper_certificate(ask: Ask, tmp: Path) -> Guarded:
    authority = Authority(tmp)
    ours, good = authority.issue("client"), authority.issue("server")
    server = ask("start_zookeeper")(tls=good)
    options = f"tls&ca={ours.ca}&cert={ours.cert}&key={ours.key}"
    return Guarded(
        uri=f"zookeeper://127.0.0.1:{server.tls_port}/services?{options}",
        seen=f"{server.uri}/services",
        fault=lambda: expired(server, authority),
    )


Make = Callable[[Ask, Path], Guarded]


def by(scheme: str, make: Callable[[str, Ask, Path], Guarded]) -> Make:
    return lambda ask, tmp: make(scheme, ask, tmp)


CASES: dict[str, Make] = {
    "consul: an unknown token": by("consul", consul_token),
    "consul: permission denied": by("consul", consul_permission),
    "consul: an expired certificate": by("consul", consul_certificate),
    "consulkv: an unknown token": by("consulkv", consul_token),
    "consulkv: permission denied": by("consulkv", consul_permission),
    "consulkv: an expired certificate": by("consulkv", consul_certificate),
    "etcd: a wrong password": etcd_token,
    "etcd: permission denied": etcd_permission,
    "etcd: an expired certificate": etcd_certificate,
    "zookeeper: permission denied": zookeeper_permission,
    "zookeeper: an expired certificate": zookeeper_certificate,
}


def marked(name: str, make: Make) -> Any:
    server = name.partition(":")[0].removesuffix("kv")
    return pytest.param(make, id=name, marks=getattr(pytest.mark, f"needs_{server}"))


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(10) as running:
        yield running


@pytest.mark.parametrize("make", [marked(*case) for case in CASES.items()])
async def test_a_registry_that_lets_nobody_in_is_right_once_it_does(
    make: Make, engine: StandInProcess, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    guarded = make(request.getfixturevalue, tmp_path)
    async with reader(guarded.seen) as holds:
        with against(engine, guarded.uri) as daemon:
            assert await holds(range(10))
            with guarded.fault():
                shift(engine, 0)
                until(is_unwell(daemon), "the fault is noticed")
                shift(engine, 5)
            await eventually(lambda: holds(range(10, 20)), "no ghost, nothing lost")

            assert daemon.alive
            assert not any(each in daemon.log for each in (WRITER, MASTER, PASSWORD))
            assert WRITER not in daemon.log
