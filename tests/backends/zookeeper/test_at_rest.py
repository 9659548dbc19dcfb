"""Full rounds while nothing changes, and what happens after several of them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from kazoo.security import make_acl, make_digest_acl

from fixtures.clusters import ZooKeeperEnsemble
from fixtures.zookeeper import StartZooKeeper, ZooKeeper
from registrator.backend import Site
from registrator.errors import Unavailable
from registrator.model import Service
from registrator_backends.zookeeper import ZooKeeperBackend
from registrator_backends.zookeeper.cache import ZnodeCache
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.terms import Terms
from registrator_backends.zookeeper.uri import read_address
from registrator_backends.zookeeper.wire import Server, connect
from samples import web
from tcp_proxy import TcpProxy
from waiting import eventually
from zookeepers import agree, at, at_last

pytestmark = pytest.mark.needs_zookeeper

A = web("here:web.1:80")
B = web("here:web.2:80", address="10.0.0.2")
MANY = [web(f"here:many.{n}:80", port=n) for n in range(1, 301)]
# So many that the few which a round reads anyway rarely are those that changed.
HERE = (A, B, *MANY[:40])

RECORD = "/www/web/10.0.0.1:8000"
MARKS = "/registrator.owners/here/registrator:%2Fwww"
MARK = f"{MARKS}/here:web.1:80"

Change = Callable[[ZooKeeper], object]


async def rest(backend: ZooKeeperBackend, *services: Service) -> None:
    """Have the store agree, and find it so in several rounds."""
    for _ in range(4):
        assert await agree(backend, *services) == {}


def asked(zookeeper: ZooKeeper) -> int:
    """How many packets the server has had from the only session but the test's own."""
    (session,) = zookeeper.sessions()
    sid = f"{session % (1 << 64):#x}"
    (received,) = re.findall(rf"recved=(\d+),.*?sid={sid},", zookeeper.command("cons"))
    return int(received)


def watches(zookeeper: ZooKeeper) -> int:
    """How many watches of data the server holds; the test's own client has none."""
    (total,) = re.findall(r"Total watches:(\d+)", zookeeper.command("wchs"))
    return int(total)


@pytest.mark.parametrize("kind", ["registrator", "nerve"])
async def test_a_round_at_rest_asks_no_more_for_many_services_than_for_few(
    zookeeper: ZooKeeper, kind: str
) -> None:
    spent = []
    async with at(zookeeper, f"/www?format={kind}") as backend:

        async def round_() -> int:
            before = asked(zookeeper)
            await agree(backend, *services)
            return asked(zookeeper) - before

        for services in (MANY[:3], MANY[:50], MANY):
            await rest(backend, *services)
            # A ping may fall into one of them.
            spent.append(min([await round_(), await round_(), await round_()]))

    assert spent == [5, 5, 5]


async def test_rounds_at_rest_change_nothing(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper) as backend:
        await agree(backend, *HERE)
        before = zookeeper.tree()
        await rest(backend, *HERE)

        assert zookeeper.tree() == before


def made_anew(zookeeper: ZooKeeper) -> None:
    node = zookeeper.get(RECORD)
    assert node is not None
    zookeeper.delete(RECORD)
    zookeeper.create(RECORD, node.data)


def everything_deleted(zookeeper: ZooKeeper) -> None:
    for path in ("/www", "/registrator.owners"):
        zookeeper.delete(path)


CHANGES: dict[str, Change] = {
    "record written": lambda zookeeper: zookeeper.set(RECORD, b"{}"),
    "record deleted": lambda zookeeper: zookeeper.delete(RECORD),
    "record made anew": made_anew,
    "all records deleted": lambda zookeeper: zookeeper.delete("/www"),
    "everything deleted": everything_deleted,
}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def shown(zookeeper: ZooKeeper) -> dict[str, tuple[bytes, int]]:
    """What is held, but for when it was written."""
    return {
        path: (node.data, node.owner)
        for path, node in zookeeper.tree().items()
        if path.count("/") > 1
    }


@every_change
async def test_what_somebody_changes_at_rest_is_found_by_the_next_round(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend, change: Change
) -> None:
    await rest(backend, *HERE)
    before = shown(zookeeper)
    change(zookeeper)

    assert await agree(backend, *HERE) == {}

    assert shown(zookeeper) == before


UNMARKED: dict[str, Change] = {
    "mark written": lambda zookeeper: zookeeper.set(MARK, b"{}"),
    "mark deleted": lambda zookeeper: zookeeper.delete(MARK),
    "all marks deleted": lambda zookeeper: zookeeper.delete("/registrator.owners"),
}


@pytest.mark.parametrize("change", UNMARKED.values(), ids=UNMARKED)
async def test_a_record_whose_mark_is_gone_at_rest_is_not_ours_any_more(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend, change: Change
) -> None:
    await rest(backend, *HERE)
    before = shown(zookeeper)
    change(zookeeper)

    failures = await agree(backend, *HERE)

    assert "carries no mark of ours" in str(failures[A.id])
    zookeeper.delete("/www")
    zookeeper.delete("/registrator.owners")
    assert await agree(backend, *HERE) == {}
    assert shown(zookeeper) == before


async def test_a_record_that_somebody_adds_to_our_index_at_rest_is_removed(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await rest(backend, *HERE)
    before = shown(zookeeper)
    path = zookeeper.create("/www/web/10.0.0.9:1", b"{}", ephemeral=True)
    mark = f'{{"id":"here:x","path":"{path}"}}'
    zookeeper.create(f"{MARKS}/here:x", mark, ephemeral=True)

    await agree(backend, *HERE)

    assert shown(zookeeper) == before


async def test_what_a_stranger_adds_beside_our_records_at_rest_is_left_alone(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await rest(backend, *HERE)
    zookeeper.create("/www/web/10.0.0.9:1", b"{}", ephemeral=True)
    zookeeper.create(f"{MARKS}/here:x", b"no mark", ephemeral=True)
    before = zookeeper.tree()

    await rest(backend, *HERE)

    assert zookeeper.tree() == before


async def test_a_numbered_record_that_is_deleted_at_rest_is_made_again(
    zookeeper: ZooKeeper,
) -> None:
    async with at(zookeeper, "/www?format=nerve") as backend:
        await rest(backend, *HERE)
        before = zookeeper.children("/www/web")
        gone = before[len(before) // 2]
        zookeeper.delete(f"/www/web/{gone}")

        await agree(backend, *HERE)

        after = zookeeper.children("/www/web")
        assert len(after) == len(before)
        assert set(before) - set(after) == {gone}


async def test_changes_of_our_own_are_not_taken_for_what_was_there_before(
    backend: ZooKeeperBackend,
) -> None:
    await rest(backend, *HERE)
    changed = replace(A, tags=("blue",))
    await rest(backend, changed, *MANY[20:60])
    await rest(backend, *HERE)

    wanted = {each.id: backend.record(each) for each in HERE}
    assert await backend.owned() == wanted


async def test_what_changes_while_the_line_is_cut_is_found(
    line: TcpProxy, zookeeper: ZooKeeper
) -> None:
    async with at(line) as backend:
        await rest(backend, *HERE)
        before = shown(zookeeper)
        line.refuse()
        zookeeper.set(RECORD, b"{}")
        zookeeper.delete("/www/web/10.0.0.2:8000")
        line.listen()

        await at_last(backend, *HERE)

        assert shown(zookeeper) == before


async def test_what_changes_while_answers_are_kept_back_is_found(
    line: TcpProxy, zookeeper: ZooKeeper
) -> None:
    async with at(line) as backend:
        await rest(backend, *HERE)
        before = shown(zookeeper)
        line.mute()
        zookeeper.set(RECORD, b"{}")
        round_ = asyncio.ensure_future(agree(backend, *HERE))
        await asyncio.sleep(0)
        line.heal()

        assert await round_ == {}
        assert shown(zookeeper) == before


@pytest.mark.parametrize("octets", range(0, 100, 7))
async def test_a_line_that_breaks_in_the_middle_of_what_it_tells_hides_nothing(
    line: TcpProxy, zookeeper: ZooKeeper, octets: int
) -> None:
    async with at(line) as backend:
        await rest(backend, *HERE)
        before = shown(zookeeper)
        line.cut(octets)
        zookeeper.set(RECORD, b"{}")
        zookeeper.delete("/www/web/10.0.0.2:8000")
        line.heal()

        await at_last(backend, *HERE)

        assert shown(zookeeper) == before


async def test_a_session_that_ends_at_rest_leaves_nothing_known(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await rest(backend, *HERE)
    before = shown(zookeeper).keys()
    (session,) = zookeeper.sessions()
    zookeeper.expire(session)

    await at_last(backend, *HERE)

    assert shown(zookeeper).keys() == before
    owner = {node.owner for path, node in zookeeper.tree("/www/web").items()} - {0}
    assert owner == set(zookeeper.sessions()) != {session}


async def test_a_server_that_lost_everything_at_rest_gets_everything_again(
    start_zookeeper: StartZooKeeper,
) -> None:
    server = start_zookeeper()
    async with at(server) as backend:
        await rest(backend, *HERE)
        before = shown(server).keys()
        with server.outage():
            server.forget()

        await at_last(backend, *HERE)

        assert shown(server).keys() == before


def written(sent: list[Any]) -> None:
    """Wait until the test's client has the answers to what it sent."""
    for each in sent:
        each.get(10)


async def test_what_is_written_at_another_member_is_found_by_the_next_round(
    zookeeper_ensemble: ZooKeeperEnsemble,
) -> None:
    address = read_address(f"{zookeeper_ensemble.uri}/www", {})
    async with ZooKeeperBackend(address, Site(node="here")) as backend:
        await rest(backend, *HERE)
        before = shown(zookeeper_ensemble.leader())
        for number in range(5):
            for member in zookeeper_ensemble.members:
                member.set(RECORD, b"%d" % number)

                await agree(backend, *HERE)

                await eventually(
                    lambda: shown(zookeeper_ensemble.leader()) == before,
                    "the leader has what was written",
                )


async def test_a_writer_that_never_rests_is_overwritten_in_the_end(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await rest(backend, *HERE)
    before = shown(zookeeper)
    paths = [RECORD, "/www/web/10.0.0.2:8000"]
    for number in range(30):
        sent = [
            zookeeper.client.set_async(path, f"{number}{again}".encode())
            for again in range(20)
            for path in paths
        ]
        await agree(backend, *HERE)
        await asyncio.to_thread(written, sent)
    await agree(backend, *HERE)

    assert shown(zookeeper) == before


async def test_what_may_not_be_read_any_more_is_found_in_the_end(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    services = MANY[:10]
    await rest(backend, *services)
    other = zookeeper.connect(auth_data=[("digest", "other:secret")])
    path = "/www/web/10.0.0.1:10"
    mine = make_digest_acl("other", "secret", all=True)
    other.set_acls(path, [mine])
    other.set(path, b"{}")

    async def rounds() -> None:
        for _ in range(2 * len(services)):
            await backend.owned()

    with pytest.raises(Unavailable, match="permission denied"):
        await rounds()

    other.set_acls(path, [mine, make_acl("world", "anyone", all=True)])
    assert await agree(backend, *services) == {}
    node = zookeeper.get(path)
    assert node is not None
    assert b"many.10" not in node.data
    assert b'"PublicPort":10' in node.data


async def test_watches_do_not_grow_with_what_came_and_went(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    for number in range(0, 100, 10):
        await rest(backend, *MANY[number : number + 10])

    assert watches(zookeeper) == 2 * 10


@pytest.fixture
async def link(zookeeper: ZooKeeper) -> AsyncIterator[Link]:
    """A connection to a running ZooKeeper, which holds nothing."""
    server = Server(host="127.0.0.1", port=zookeeper.port)
    # Its pings are counted too: with this timeout there are none.
    terms = Terms(uri=zookeeper.uri, timeout=60.0, deadline=10.0)
    opened = Link(await connect(server), terms, None)
    await opened.begin()
    yield opened
    await opened.leave()


async def test_what_is_not_kept_is_asked_for_again(
    zookeeper: ZooKeeper, link: Link
) -> None:
    zookeeper.create("/a", b"1")
    zookeeper.create("/b", b"1")
    cache = ZnodeCache(link)
    await cache.get(["/a", "/b"])
    cache.keep(["/a"])
    before = asked(zookeeper)

    await cache.get(["/a", "/b", "/b"])

    assert asked(zookeeper) - before == 2


async def test_a_change_during_a_reading_is_not_taken_for_read(
    zookeeper: ZooKeeper, link: Link
) -> None:
    paths = [zookeeper.create(f"/{number}", b"0") for number in range(50)]
    cache = ZnodeCache(link)
    for number in range(1, 20):
        sent = [zookeeper.client.set_async(path, b"%d" % number) for path in paths]
        await cache.get(paths)
        await asyncio.to_thread(written, sent)
        await cache.catch_up()
        found = await cache.get(paths)
        assert {each.data for each in found} == {b"%d" % number}  # type: ignore[union-attr]  # none is missing
