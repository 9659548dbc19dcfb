"""What readers see, whoever wrote it, and when they see it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest

from fixtures.zookeeper import StartZooKeeper, ZooKeeper
from registrator.backend import Reading
from registrator.errors import Rejected
from registrator.fitness import Status
from registrator.model import Instance
from registrator_backends.zookeeper import ZooKeeperBackend
from registrator_backends.zookeeper.link import Link, Watcher
from registrator_backends.zookeeper.terms import Terms
from registrator_backends.zookeeper.tree import Tree
from registrator_backends.zookeeper.wire import Server, connect
from registrator_backends.zookeeper.znode import Fault
from samples import drop, put, web
from waiting import eventually
from zookeepers import agree, at

pytestmark = pytest.mark.needs_zookeeper

# As zkCli shows what each of these writes.
ANCHOR = (
    '{"Name":"web","IP":"10.0.0.1","PublicPort":8000,"PrivatePort":80,'
    '"ContainerID":"4fa6e0f0c678","Tags":["a"],"Attrs":{"zone":"1"}}'
)
NERVE = '{"host":"10.0.0.2","port":8000,"name":"i-1234","weight":3}'
MEMBER = (
    '{"serviceEndpoint":{"host":"10.0.0.3","port":8000},"additionalEndpoints":{},'
    '"status":"ALIVE","shard":0}'
)
SPRING = (
    '{"name":"web","id":"6d4e5121","address":"host-4","port":8005,"sslPort":null,'
    '"payload":{"@class":"org.springframework.cloud.zookeeper.discovery.'
    'ZookeeperInstance","id":"application-1","name":"web","metadata":{}},'
    '"registrationTimeUTC":1610116500446,"serviceType":"DYNAMIC","uriSpec":{"parts":[]}}'
)
BASE64 = base64.urlsafe_b64encode(b'{"host":"10.0.0.5","port":8000,"name":"i-5"}')


async def following(stream: AsyncIterator[Reading], *addresses: str) -> Reading:
    """Read on until exactly these are there."""
    async with asyncio.timeout(30):
        async for reading in stream:
            if {each.address for each in reading.instances.values()} == set(addresses):
                return reading
    raise AssertionError("the watch has ended")


async def test_every_format_is_read_side_by_side(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    zookeeper.create("/www/web/10.0.0.1:8000", ANCHOR, ephemeral=True)
    zookeeper.create("/www/web/i-1234_", NERVE, ephemeral=True, sequence=True)
    zookeeper.create("/www/web/member_", MEMBER, ephemeral=True, sequence=True)
    zookeeper.create("/www/web/6d4e5121", SPRING, ephemeral=True)
    zookeeper.create(f"/www/web/base64_60_{BASE64.decode()}_", sequence=True)

    reading = await anext(backend.watch("web"))

    found = {each.address: each for each in reading.instances.values()}
    assert found.keys() == {f"10.0.0.{n}" for n in (1, 2, 3, 5)} | {"host-4"}
    assert reading.skipped == 0
    assert {each.name for each in found.values()} == {"web"}
    assert found["10.0.0.1"].tags == ("a",)
    assert (found["10.0.0.2"].weight, found["10.0.0.2"].node) == (3, "i-1234")
    assert found["10.0.0.5"].node == "i-5"


JUNK: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "half of an object": b'{"host":',
    "a list": b"[]",
    "a number": b"7",
    "no port": b'{"host":"10.0.0.1"}',
    "a port that is none": b'{"host":"10.0.0.1","port":99999}',
    "a port in words": b'{"host":"10.0.0.1","port":"http"}',
    "a host that is none": b'{"host":"a b;c","port":1}',
    "an endpoint of words": b'{"serviceEndpoint":"x","status":"ALIVE"}',
    "an address that is none": b'{"address":null,"port":1}',
    "depth": b"[" * 100_000,
    "half a character": b'{"host":"\\ud800","port":1}',
    "no text": b"\xff\xfe\x00",
    "a whole megabyte": b'{"host":"10.0.0.1","port":1,"x":"' + b"x" * 1_040_000 + b'"}',
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
async def test_junk_is_passed_over_and_counted(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend, junk: bytes
) -> None:
    zookeeper.create("/www/web/good", NERVE)
    zookeeper.create("/www/web/junk", junk)

    reading = await anext(backend.watch())

    assert [each.address for each in reading.instances.values()] == ["10.0.0.2"]
    assert reading.skipped == 1


async def test_ten_megabytes_are_passed_over_and_counted(
    start_zookeeper: StartZooKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_JAVA_OPTIONS", "-Djute.maxbuffer=16777216 -Xmx256m")
    server = start_zookeeper()
    server.create("/www/web/good", NERVE)
    server.create("/www/web/junk", b"x" * 10_000_000)
    async with at(server) as backend:
        reading = await anext(backend.watch())

    assert [each.address for each in reading.instances.values()] == ["10.0.0.2"]
    assert reading.skipped == 1


async def test_junk_that_becomes_sense_is_read(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    zookeeper.create("/www/web/one", b"junk")
    stream = backend.watch()
    assert (await anext(stream)).skipped == 1

    zookeeper.set("/www/web/one", NERVE)
    reading = await following(stream, "10.0.0.2")
    assert reading.skipped == 0

    zookeeper.set("/www/web/one", b"")
    assert (await following(stream)).skipped == 1


@pytest.mark.parametrize("name", ["", "web"])
async def test_a_base_that_is_not_there_yet_can_be_watched(
    zookeeper: ZooKeeper, name: str
) -> None:
    async with at(zookeeper, "/some/where/deep") as backend:
        stream = backend.watch(name)
        assert (await anext(stream)).instances == {}

        zookeeper.create("/some/where/deep/web/one", NERVE)
        await following(stream, "10.0.0.2")
        zookeeper.delete("/some")
        await following(stream)
        zookeeper.create("/some/where/deep/web/two", NERVE)
        await following(stream, "10.0.0.2")


async def test_what_is_below_the_root_can_be_watched(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper, "") as writer, at(zookeeper, "", node="r") as reader:
        await agree(writer, web())

        reading = await anext(reader.watch())

    assert list(reading.instances) == ["/web/10.0.0.1:8000"]
    assert reading.skipped == 0


async def test_a_chroot_is_above_everything(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper, "/www?chroot=/prod/eu") as backend:
        assert await agree(backend, web()) == {}
        reading = await anext(backend.watch())

    assert list(reading.instances) == ["/prod/eu/www/web/10.0.0.1:8000"]
    assert zookeeper.children("/") == ["prod", "zookeeper"]
    assert zookeeper.children("/prod/eu") == ["registrator.owners", "www"]


@pytest.mark.parametrize("name", ["a/b", "..", "\x00", "\ud800", "x" * 600])
async def test_a_name_that_is_none_cannot_be_watched(
    backend: ZooKeeperBackend, name: str
) -> None:
    with pytest.raises(Rejected, match="cannot be that of a znode"):
        await anext(backend.watch(name))


async def test_a_burst_of_changes_ends_with_the_truth(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    many = [web(f"here:many.{n}:80", address=f"10.1.0.{n}") for n in range(1, 200)]
    async with at(zookeeper, node="r") as reader:
        stream = reader.watch()
        await anext(stream)
        for at_once in range(0, 199, 20):
            await put(backend, *many[at_once : at_once + 20])
        await drop(backend, *(each.id for each in many[:150]))

        await following(stream, *(each.address for each in many[150:]))


async def test_an_idle_watch_asks_nothing(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, web())
    stream = backend.watch()
    await anext(stream)
    zookeeper.command("srst")
    waiting = asyncio.ensure_future(anext(stream))
    for _ in range(50):
        await backend.refresh({})
        await asyncio.sleep(0)

    told = zookeeper.command("mntr")
    received = int(told.partition("zk_packets_received")[2].split()[0])
    assert received < 10  # of the command itself, and pings
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_member_that_is_not_alive_is_shown_as_such(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    found: dict[str, Any] = json.loads(MEMBER)
    zookeeper.create("/www/web/member_0", json.dumps({**found, "status": "DEAD"}))

    (instance,) = (await anext(backend.watch())).instances.values()

    assert instance == Instance(
        id="member_0",
        name="web",
        address="10.0.0.3",
        port=8000,
        metadata={"shard": "0"},
        status=Status.CRITICAL,
    )


class Eventful(Link):
    """Has things happen just before and just after it lists the names below PATH."""

    PATH = "/www/web"
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None

    async def children(
        self, paths: Iterable[str], watcher: Watcher | None = None
    ) -> list[tuple[str, ...] | Fault]:
        asked = tuple(paths)
        if self.PATH not in asked or self.before is None or self.after is None:
            return await super().children(asked, watcher)
        before, after, self.before, self.after = self.before, self.after, None, None
        await asyncio.to_thread(before)
        answers = await super().children(asked, watcher)
        await asyncio.to_thread(after)
        return answers


async def test_a_directory_that_went_and_came_between_two_looks_is_looked_into(
    zookeeper: ZooKeeper,
) -> None:
    zookeeper.create("/www/web/a", NERVE)
    connection = await connect(Server(host="127.0.0.1", port=zookeeper.port))
    link = Eventful(connection, Terms(uri="zk", timeout=10.0, deadline=10.0), None)
    await link.begin()
    try:
        tree = Tree("zk", link, "/www")
        assert len((await tree.look()).instances) == 1

        link.before = lambda: zookeeper.client.delete("/www/web", recursive=True)
        link.after = lambda: zookeeper.create("/www/web/c", NERVE)
        zookeeper.create("/www/web/b", NERVE)
        await tree.changed()

        assert [*(await tree.look()).instances] == ["/www/web/c"]
        zookeeper.create("/www/web/d", NERVE)

        async def is_seen() -> bool:
            return len((await tree.look()).instances) == 2

        await eventually(is_seen, "it is watched")
    finally:
        link.cut()
