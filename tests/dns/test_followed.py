"""Registries that a responder shows beside its host."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from dnsprocesses import process
from dnsroom import data
from fixtures.etcd import EtcdServer, StartEtcd
from registrator import stores
from registrator.backend import Backend, Site
from registrator.errors import ConfigError, Unavailable
from registrator.memory import MemoryBackend
from registrator.model import Instance, Service
from registrator.planner import Change
from registrator_dns.backend import DnsBackend
from registrator_dns.followed import Difference, Followed
from samples import put, web
from waiting import eventually

HERE = Site(node="here", address="10.0.0.1")
NAME = "web.service.consul"
THERE = web("there:web.1:80", address="10.0.0.9")


@asynccontextmanager
async def showing(
    uri: str, options: str = "", site: Site = HERE
) -> AsyncIterator[DnsBackend]:
    made = DnsBackend.from_uri(f"dns://127.0.0.1:0?from={uri}{options}", site)
    async with made, asyncio.TaskGroup() as rooms:
        running = rooms.create_task(made.run(), name="run")
        yield made
        running.cancel()


@asynccontextmanager
async def writer(uri: str, node: str = "there") -> AsyncIterator[Backend[Any]]:
    (backend,) = stores.make([uri], replace(HERE, node=node))
    async with backend:
        yield backend


async def ask(backend: DnsBackend, name: str = NAME) -> dns.message.Message:
    asked = dns.message.make_query(name, "A")
    return await dns.asyncquery.udp(asked, "127.0.0.1", 10, backend.endpoints[0][1])


async def until(backend: DnsBackend, expected: list[str], name: str = NAME) -> None:
    async def shown() -> bool:
        return sorted(data(await ask(backend, name))) == expected

    await eventually(shown, f"{name} has {expected}")


@pytest.fixture(params=["consul", "consulkv", "etcd", "etcd-json", "skydns"])
def uri(request: pytest.FixtureRequest) -> str:
    """A registry of each kind that is push or pull, empty."""
    kind = request.param
    if kind.startswith("consul"):
        port = request.getfixturevalue("consul").port
        return f"{kind}://127.0.0.1:{port}{'/services' if 'kv' in kind else ''}"
    etcd: EtcdServer = request.getfixturevalue("etcd")
    return {
        "etcd": f"etcd://127.0.0.1:{etcd.port}/services",
        "etcd-json": f"etcd://127.0.0.1:{etcd.port}/services%3Fformat%3Djson",
        "skydns": f"skydns2://127.0.0.1:{etcd.port}/cluster.local",
    }[kind]


@pytest.mark.needs_consul
@pytest.mark.needs_etcd
async def test_what_other_hosts_registered_is_answered_and_follows(uri: str) -> None:
    plain = uri.replace("%3F", "?").replace("%3D", "=")
    async with showing(uri) as backend, writer(plain) as there:
        await put(backend, web(address="10.0.0.2"))
        await put(there, THERE)
        await until(backend, ["10.0.0.2", "10.0.0.9"])

        other = replace(THERE, address="10.0.0.8")
        await there.put([_change(there, THERE, other)])
        await until(backend, ["10.0.0.2", "10.0.0.8"])

        await there.drop([_change(there, other, None)])
        await until(backend, ["10.0.0.2"])


@pytest.mark.needs_etcd
async def test_what_comes_while_no_responder_can_be_started_is_answered_by_the_next(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    site, uri = replace(HERE, runtime=home / "control"), f"{etcd.uri}/services"
    async with showing(uri, site=site) as backend, writer(uri) as there:
        readings = backend.watch()
        await anext(readings)
        shutil.rmtree(home)
        os.kill(process(backend), signal.SIGKILL)
        await put(there, THERE)
        # A reading comes only after whoever answers was to be told of it.
        assert len((await anext(readings)).instances) == 1
        home.mkdir()
        await until(backend, ["10.0.0.9"])

        await there.drop([_change(there, THERE, None)])
        await until(backend, [])


@pytest.mark.needs_etcd
async def test_what_is_absurdly_long_hides_nothing_else(etcd: EtcdServer) -> None:
    uri = f"etcd://127.0.0.1:{etcd.port}/services"
    for number in range(10):
        absurd = f"{number}{chr(1) * 1_400_000}"
        etcd.put(f"/services/web/{absurd}", f"10.0.0.{number}:80")
    async with showing(uri) as backend, writer(uri) as there:
        await put(there, THERE)

        await until(backend, ["10.0.0.9"])


@pytest.mark.needs_etcd
async def test_what_is_registered_for_this_host_is_shown_by_itself_alone(
    etcd: EtcdServer,
) -> None:
    uri = f"etcd://127.0.0.1:{etcd.port}/services%3Fformat%3Djson"
    plain = uri.replace("%3F", "?").replace("%3D", "=")
    async with showing(uri) as backend, writer(plain, node="here") as here:
        await put(here, web(address="10.0.0.7"))
        await put(backend, web(address="10.0.0.2"))
        async with writer(plain) as there:
            await put(there, THERE)

            await until(backend, ["10.0.0.2", "10.0.0.9"])


@pytest.mark.needs_etcd
async def test_before_a_registry_was_read_nobody_says_that_a_name_is_not_there(
    start_etcd: StartEtcd,
) -> None:
    etcd = start_etcd({})
    etcd.kill()
    async with showing(f"etcd://127.0.0.1:{etcd.port}/services") as backend:
        await put(backend, web("here:db:80", name="db"))
        assert (await ask(backend)).rcode() == dns.rcode.SERVFAIL
        assert data(await ask(backend, "db.service.consul")) == ["10.0.0.1"]

        etcd.start()

        async def denied() -> bool:
            return (await ask(backend)).rcode() == dns.rcode.NXDOMAIN

        await eventually(denied, "the registry was read, and is empty")


@pytest.mark.needs_etcd
async def test_a_registry_that_is_away_is_shown_until_it_is_too_stale(
    start_etcd: StartEtcd,
) -> None:
    etcd = start_etcd({})
    uri = f"etcd://127.0.0.1:{etcd.port}/services"
    async with showing(uri, "&max-stale=4") as backend, writer(uri) as there:
        await put(there, THERE)
        await until(backend, ["10.0.0.9"])
        etcd.kill()

        async def is_told() -> bool:
            (reading,) = (await backend.describe())["readings"]
            return reading["age"] > 0 and bool(reading["error"])

        await eventually(is_told, "its age is told")
        assert data(await ask(backend)) == ["10.0.0.9"]

        async def expired() -> bool:
            return (await ask(backend)).rcode() == dns.rcode.SERVFAIL

        await eventually(expired, "it is too old")
        etcd.start()
        await until(backend, ["10.0.0.9"])
        (reading,) = (await backend.describe())["readings"]
        assert (reading["age"], reading["instances"]) == (0.0, 1)


async def test_of_what_is_no_name_in_dns_the_rest_is_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Difference] = []

    async def tell(difference: Difference) -> None:
        told.append(difference)

    memory = MemoryBackend("there")
    followed = Followed(
        memory,
        node="here",
        unfit=lambda each: "no name" if each.name == ".." else None,
        tell=tell,
        max_stale=1.0,
    )
    await put(memory, THERE, web("there:bad:80", name=".."))
    async with asyncio.TaskGroup() as rooms:
        running = rooms.create_task(followed.run({}), name="follow")
        await eventually(lambda: told, "it was told")
        running.cancel()

    assert [each.id for each in told[0].put.values()] == [THERE.id]
    assert "1 instances cannot be shown in DNS; 'there:bad:80': no name" in caplog.text


async def test_what_another_spelling_of_our_node_offers_is_left_out() -> None:
    told: list[Difference] = []

    async def tell(difference: Difference) -> None:
        told.append(difference)

    memory = MemoryBackend("HERE")
    followed = Followed(
        memory, node="here", unfit=lambda _: None, tell=tell, max_stale=1.0
    )
    await put(memory, THERE)
    async with asyncio.TaskGroup() as rooms:
        running = rooms.create_task(followed.run({}), name="follow")
        await eventually(lambda: told, "it was told")
        running.cancel()

    assert told[0].put == {}


async def test_what_an_earlier_daemon_showed_stands_until_the_registry_answers() -> (
    None
):
    told: list[Difference] = []

    async def tell(difference: Difference) -> None:
        told.append(difference)

    memory = MemoryBackend("there")
    memory.outage = Unavailable("memory://: away")
    gone = Instance(id="gone", name="web", address="10.0.0.5", port=1)
    followed = Followed(
        memory, node="here", unfit=lambda _: None, tell=tell, max_stale=float("inf")
    )
    await_told = eventually(lambda: followed.view()["error"], "it is away")
    async with asyncio.TaskGroup() as rooms:
        running = rooms.create_task(followed.run({"gone": gone}), name="follow")
        await await_told
        assert told == []
        memory.outage = None
        await eventually(lambda: told, "it was read")
        running.cancel()

    assert told[0].drop == frozenset({"gone"})
    assert told[0].complete


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("from=nonsense://x", "'nonsense' is no registry"),
        ("from=dns://127.0.0.1:53", "can be read by nobody"),
        ("from=etcd://h:x/p", "etcd"),
        ("from=consul://a&from=consul://a", "a registry stands twice in from="),
        ("max-stale=-1", "max-stale '-1' is not a number of seconds"),
        ("max-stale=x", "max-stale 'x' is not a number of seconds"),
        ("linger=nan", "linger 'nan' is not a number of seconds"),
        ("workers=0", "workers '0' is not a number from 1 to 64"),
        ("workers=65", "workers '65' is not a number from 1 to 64"),
    ],
)
def test_mistakes_are_told_before_the_first_connection(
    options: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        DnsBackend.from_uri(f"dns://127.0.0.1:0?{options}", HERE)


def _change(
    backend: Backend[Any], present: Service | None, wanted: Service | None
) -> Change[Any]:
    subject = wanted or present
    assert subject is not None
    return Change(
        subject.id,
        backend.record(wanted) if wanted else None,
        backend.record(present) if present else None,
    )
