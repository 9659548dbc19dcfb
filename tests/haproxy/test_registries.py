"""Services of several registries: what each is believed, and what its failure takes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fixtures.consul import ConsulAgent
from fixtures.etcd import EtcdServer, StartEtcd
from registrator import stores
from registrator.backend import Backend, Site
from registrator.errors import ConfigError
from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.guard import AWAY, Belief
from registrator_haproxy.registries import Registries
from samples import drop, put, web
from servers import free_ports
from waiting import eventually

pytestmark = [pytest.mark.needs_consul, pytest.mark.needs_etcd]

SITE = Site(node="here", ttl=0)


def configured(*uris: str, **service: Any) -> Configuration:
    return Configuration.model_validate(
        {"services": {"web": {"from": uris, **service}}}
    )


@asynccontextmanager
async def following(registries: Registries) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as rooms:
        running = rooms.create_task(registries.run(), name="follow")
        yield
        running.cancel()


@asynccontextmanager
async def writing(uri: str) -> AsyncIterator[Backend[Any]]:
    [backend] = stores.make([uri], SITE)
    async with backend:
        yield backend


def places(registries: Registries, name: str = "web") -> list[str]:
    look = registries.look(asyncio.get_running_loop().time())
    return sorted(f"{each.address}:{each.port}" for each in look.believed[name])


async def test_several_registries_are_one_service(
    etcd: EtcdServer, consul: ConsulAgent
) -> None:
    in_etcd = f"{etcd.uri}/web"
    registries = Registries(configured(in_etcd, consul.uri), SITE)
    async with (
        following(registries),
        writing(in_etcd) as one,
        writing(consul.uri) as two,
    ):
        await put(one, web("here:a:80", address="10.0.0.1"))
        await put(two, web("here:b:80", address="10.0.0.2"))

        both = ["10.0.0.1:8000", "10.0.0.2:8000"]
        await eventually(lambda: places(registries) == both, "both are there")
        count = registries.changes.count
        await drop(two, web("here:b:80").id)
        async with asyncio.timeout(30):
            await registries.changes.after(count)


async def test_the_first_registry_that_has_any_is_the_service(
    etcd: EtcdServer, consul: ConsulAgent
) -> None:
    in_etcd = f"{etcd.uri}/web"
    registries = Registries(configured(in_etcd, consul.uri, choose="first"), SITE)
    async with (
        following(registries),
        writing(in_etcd) as one,
        writing(consul.uri) as two,
    ):
        await put(two, web("here:b:80", address="10.0.0.2"))
        await eventually(
            lambda: places(registries) == ["10.0.0.2:8000"], "the second stands in"
        )

        await put(one, web("here:a:80", address="10.0.0.1"))

        await eventually(
            lambda: places(registries) == ["10.0.0.1:8000"], "the first is there"
        )


async def test_a_registry_that_is_down_takes_nothing_from_any(
    start_etcd: StartEtcd, consul: ConsulAgent
) -> None:
    etcd = start_etcd()
    in_etcd = f"{etcd.uri}/web"
    registries = Registries(configured(in_etcd, consul.uri), SITE)
    async with following(registries), writing(consul.uri) as two:
        async with writing(in_etcd) as one:
            await put(one, web("here:a:80", address="10.0.0.1"))
        await put(two, web("here:b:80", address="10.0.0.2"))
        both = ["10.0.0.1:8000", "10.0.0.2:8000"]
        await eventually(lambda: places(registries) == both, "both are there")

        etcd.kill()
        await eventually(lambda: doubted(registries), "it is seen to be away")

        assert places(registries) == both
        await put(two, web("here:c:80", address="10.0.0.3"))
        more = [*both, "10.0.0.3:8000"]
        await eventually(lambda: places(registries) == more, "the other goes on")


async def test_many_services_of_a_registry_that_goes_and_comes_are_two_lines(
    start_etcd: StartEtcd, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "registrator.watcher")
    caplog.set_level(logging.INFO, "registrator_haproxy.registries")
    etcd = start_etcd()
    names = [f"s{number}" for number in range(20)]
    for name in names:
        etcd.put(f"/{name[-1]}/{name}/h:a:80", "10.0.0.1:80")
    sources = {name: {"from": f"{etcd.uri}/{name[-1]}"} for name in names}
    registries = Registries(Configuration.model_validate({"services": sources}), SITE)

    def look(*, error: bool) -> bool:
        registries.look(asyncio.get_running_loop().time())
        seen = registries.sightings.values()
        return len(seen) == len(names) and all(
            bool(each.error) == error and each.known for each in seen
        )

    async with following(registries):
        await eventually(lambda: look(error=False), "all are there")
        with etcd.outage():
            await eventually(lambda: look(error=True), "all have lost it")
            assert {each.why for each in registries.beliefs.values()} == {AWAY}
        await eventually(lambda: look(error=False), "all are back")

    gone, back = (each.getMessage() for each in caplog.records)
    assert gone.endswith("; what it held stands, trying again; 20 services read it")
    assert back.startswith(f"{etcd.uri}: read again after ")
    assert back.endswith(" s; 20 services read it")


async def test_a_registry_that_is_away_from_the_start_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (port,) = free_ports(1)
    uri = f"etcd://127.0.0.1:{port}/web"
    said = {"web": {"from": uri}, "db": {"from": uri}}
    configuration = Configuration.model_validate({"services": said})
    remembered = {("web", uri): Belief.of({"a": Instance.of(web())})}
    registries = Registries(configuration, SITE, remembered)
    async with following(registries):
        await eventually(lambda: registries.heard, "each was heard, or is away")
        assert places(registries) == ["10.0.0.1:8000"]

    (line,) = (each.getMessage() for each in caplog.records)
    assert line.endswith("; what it held stands, trying again; 2 services read it")


def doubted(registries: Registries) -> list[str]:
    registries.look(asyncio.get_running_loop().time())
    return [each.why for each in registries.beliefs.values() if each.why]


async def test_a_registry_that_was_emptied_takes_nothing(etcd: EtcdServer) -> None:
    registries = Registries(configured(f"{etcd.uri}/web"), SITE)
    async with following(registries), writing(f"{etcd.uri}/web") as backend:
        await put(backend, web())
        await eventually(lambda: places(registries), "it is there")

        etcd.clear()
        await eventually(lambda: doubted(registries), "it is seen to be empty")

        assert places(registries) == ["10.0.0.1:8000"]


async def test_an_earlier_life_is_gone_on_with_without_any_registry() -> None:
    uri = "etcd://127.0.0.1:1/web"
    async with writing(uri) as backend:
        first = Registries(configured(uri), SITE)
        assert places(first) == []
        [origin] = first.beliefs
        assert origin == ("web", backend.uri)


async def test_what_was_neither_heard_nor_remembered_is_not_known(
    etcd: EtcdServer,
) -> None:
    said = {"web": {"from": f"{etcd.uri}/web"}, "db": {"from": "etcd://127.0.0.1:1/a"}}
    fixed = {"servers": [{"host": "10.0.0.1", "port": 80}]}
    configuration = Configuration.model_validate({"services": {**said, "fixed": fixed}})
    registries = Registries(configuration, SITE)
    assert registries.unheard == {"web", "db"}
    async with following(registries):
        await eventually(lambda: registries.heard, "each was heard, or is away")

        assert registries.unheard == {"db"}


async def test_what_is_critical_does_not_serve(consul: ConsulAgent) -> None:
    registries = Registries(configured(consul.uri), SITE)
    async with following(registries):
        for number, status in enumerate(["passing", "warning", "critical"], start=1):
            consul.put(
                "/v1/agent/service/register",
                {
                    "ID": status,
                    "Name": "web",
                    "Address": f"10.0.0.{number}",
                    "Port": 80,
                    "Check": {"TTL": "1h", "Status": status},
                },
            )
        await eventually(lambda: places(registries) == ["10.0.0.1:80"], "the one")

    cautious = Registries(configured(consul.uri, only="warning"), SITE)
    async with following(cautious):
        await eventually(lambda: len(places(cautious)) == 2, "the two")


def test_addresses_that_are_none_are_all_named() -> None:
    with pytest.raises(ConfigError) as refused:
        Registries(configured("nonsense", "dns://", "etcd://h/p?x=1"), SITE)

    first, second, third = refused.value.problems
    assert first.startswith("services.web.from: 'nonsense' is no registry")
    assert second.startswith("services.web.from: dns://")
    assert second.endswith("only the daemon itself knows what it holds")
    assert third.startswith("services.web.from: ")


async def test_an_instance_that_comes_and_goes_is_held_out_and_told_once(
    etcd: EtcdServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    uri = f"{etcd.uri}/web"
    damping = {"suppress": 2, "half-life": 3600, "longest": 7200}
    registries = Registries(configured(uri, damping=damping), SITE)
    one, other = web("here:a:80", address="10.0.0.1"), web("b", address="10.0.0.2")
    both, left = ["10.0.0.1:8000", "10.0.0.2:8000"], ["10.0.0.2:8000"]
    async with following(registries), writing(uri) as backend:
        await put(backend, other)
        for _ in range(3):
            await put(backend, one)
            await eventually(lambda: places(registries) == both, "both are there")
            await drop(backend, one.id)
            await eventually(lambda: places(registries) == left, "one is left")
        assert registries.held == {}

        await put(backend, one)
        await eventually(
            lambda: places(registries) and registries.held, "it is held out"
        )

        assert places(registries) == left
        assert caplog.text.count("comes and goes") == 1

        now = asyncio.get_running_loop().time()
        assert len(registries.look(now + 7201).believed["web"]) == 2
        assert "is not held out any more" in caplog.text
