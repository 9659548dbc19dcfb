"""What readers see of keys, whoever wrote them."""

import asyncio
import json
from dataclasses import replace

import pytest

from consul_keys import remove, write
from contract.stores import agree
from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import Rejected, Unavailable
from registrator.fitness import Status
from registrator.model import Instance
from registrator.watcher import opened
from registrator_backends.consulkv import ConsulKvBackend
from registrator_backends.consulkv.uri import read_kv_address
from samples import web
from watching import watching

pytestmark = pytest.mark.needs_consul

HERE = Site(node="here")


async def test_what_the_anchor_wrote_is_read(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    write(consul, "services/web/old:web.1:80", b"10.0.0.7:32768")
    write(consul, "services/web/team/web", b"[fd00::1]:80")

    async with watching(backend) as seen:
        await seen.until(lambda: len(seen.instances) == 2, "both are there")

    assert seen.instances == [
        Instance(id="old:web.1:80", name="web", address="10.0.0.7", port=32768),
        Instance(id="team/web", name="web", address="fd00::1", port=80),
    ]
    assert seen.readings[-1].skipped == 0


async def test_both_formats_are_read_side_by_side(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    uri = f"consulkv://127.0.0.1:{consul.port}/services?format=json"
    rich = web("there:web.1:80", tags=("a",), metadata={"version": "2"})
    async with ConsulKvBackend.from_uri(uri, Site(node="there")) as other:
        await agree(other, rich)
        await agree(backend, web())
        async with watching(backend) as seen:
            await seen.until(lambda: len(seen.instances) == 2, "both are there")

    plain, whole = seen.instances
    assert plain == Instance(
        id="here:web.1:80", name="web", address="10.0.0.1", port=8000
    )
    assert whole == replace(Instance.of(rich, node="there"), container="")
    assert whole.status is Status.PASSING


JUNK = {
    "services/web/empty": b"",
    "services/web/text": b"hello",
    "services/web/port": b"10.0.0.1:99999",
    "services/web/octets": b"\xff\x00\xfe",
    "services/web/half": b'{"address": "10.0.0.1"',
    "services/web/wrong": b'{"address": 7, "port": "x"}',
    "services/web/deep": b"[" * 10_000,
    "services/web/large": b"x" * 350_000,
    "services/nothing-else": b"10.0.0.1:80",
    "services//web": b"10.0.0.1:80",
}


async def test_junk_is_left_out_and_counted(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    for key, value in JUNK.items():
        write(consul, key, value)
    await agree(backend, web())

    async with watching(backend) as seen:
        await seen.until(lambda: seen.ids == [web().id], "the good one is there")

    assert seen.readings[-1].skipped == len(JUNK)


async def test_folders_and_indexes_are_no_services(consul: ConsulAgent) -> None:
    write(consul, "web/", b"")
    write(consul, "registrator/there/%2F/x", b"web/x")
    uri = f"consulkv://127.0.0.1:{consul.port}"
    async with ConsulKvBackend.from_uri(uri, HERE) as backend:
        await agree(backend, web())
        async with watching(backend) as seen:
            await seen.until(lambda: seen.ids == [web().id], "the service is there")

    assert seen.readings[-1].skipped == 0


async def test_a_change_that_no_reader_sees_is_no_reading(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    write(consul, "services/web/a", b"10.0.0.1:80")
    async with watching(backend) as seen:
        await seen.until(lambda: seen.ids == ["a"], "it is there")
        write(consul, "services/web/a", b"10.0.0.1:80", flags=7)
        write(consul, "services/web/b", b"10.0.0.2:80")
        await seen.until(lambda: seen.ids == ["a", "b"], "the other is there")
        remove(consul, "services/web/a")
        await seen.until(lambda: seen.ids == ["b"], "it is gone")

    assert len(seen.readings) == 3


@pytest.mark.parametrize("name", ["..", "a/b", "a\nb"])
async def test_a_name_that_no_key_has_cannot_be_watched(
    backend: ConsulKvBackend, name: str
) -> None:
    async with opened(backend, name) as readings:
        with pytest.raises(Rejected, match="cannot be a part of a key"):
            await anext(readings)


async def test_a_watch_asks_once_and_waits(
    watched: ConsulKvBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    async with watching(watched) as seen:
        await seen.until(lambda: True, "the first reading")
        for name in ("a", "b", "c"):
            write(consul, f"services/web/{name}", b"10.0.0.1:80")
        await seen.until(lambda: seen.ids == ["a", "b", "c"], "all are there")

    # One for each thing that was new, and one that waits.
    assert len(proxy.requests) <= 5
    assert all("/v1/kv/services/?recurse" in str(each) for each in proxy.requests)


async def test_an_agent_that_falls_silent_ends_the_watch(
    start_consul: StartConsul, monkeypatch: pytest.MonkeyPatch
) -> None:
    # That of the catalog, which asks in the same way, is waited for.
    monkeypatch.setattr("registrator_backends.consulkv.watch.SOON", 1.6)
    agent = start_consul({})
    address = read_kv_address(f"consulkv://127.0.0.1:{agent.port}/services", HERE)
    async with (
        ConsulKvBackend(address, HERE, deadline=1.0) as backend,
        watching(backend) as seen,
    ):
        await seen.until(lambda: True, "the first reading")
        with agent.hanging():
            error = await seen.ended()

    assert isinstance(error, Unavailable)
    assert "no answer in 2.7 s" in str(error)


async def test_an_agent_that_ends_ends_the_watch(start_consul: StartConsul) -> None:
    agent = start_consul({})
    uri = f"consulkv://127.0.0.1:{agent.port}/services"
    async with (
        ConsulKvBackend.from_uri(uri, HERE) as backend,
        watching(backend) as seen,
    ):
        await seen.until(lambda: True, "the first reading")
        agent.kill()
        assert isinstance(await seen.ended(), Unavailable)


async def test_a_list_that_is_cut_is_never_taken_for_the_whole(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await agree(watched, web(), web("here:web.2:80"))
    proxy.cut("GET /v1/kv", -1)

    async with watching(watched) as seen:
        assert "broke off" in str(await seen.ended())

    assert seen.readings == []


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nX-Consul-Index: x\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nX-Consul-Index: " + b"9" * 5000 + b"\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\nContent-Length: 3\r\n\r\n[1]",
    ],
)
async def test_an_answer_of_something_else_ends_the_watch(
    watched: ConsulKvBackend, proxy: Proxy, octets: bytes
) -> None:
    proxy.say("GET /v1/kv", octets)

    async with watching(watched) as seen:
        assert "this is not a Consul agent" in str(await seen.ended())


async def test_an_index_that_goes_back_is_begun_anew(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    def answer(index: int, value: str) -> bytes:
        entry = {"Key": "services/web/a", "Value": value, "Flags": 0}
        body = json.dumps([{**entry, "ModifyIndex": index}]).encode()
        head = f"X-Consul-Index: {index}\r\nContent-Length: {len(body)}\r\n\r\n"
        return f"HTTP/1.1 200 OK\r\n{head}".encode() + body

    proxy.say("recurse", answer(50, "MTAuMC4wLjE6MQ=="))
    proxy.say("index=50", answer(7, "MTAuMC4wLjE6Mg=="))
    proxy.hang("index=7")
    async with watching(watched) as seen:
        await seen.until(lambda: [i.port for i in seen.instances] == [2], "read anew")
        await seen.until(lambda: len(proxy.requests) >= 3, "asked without an index")

    assert "index" not in proxy.requests[2].path


async def test_an_answer_that_never_waits_is_not_asked_for_without_end(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Consul-Index: 0\r\nContent-Length: 2\r\n\r\n"
    proxy.say("recurse", head + b"[]")
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with watching(watched) as seen:
        await seen.until(lambda: len(proxy.requests) >= 5, "asked some times")
        took = loop.time() - started

    assert took > 0.35
    assert "index=1&" in proxy.requests[1].path
    assert len(seen.readings) == 1
