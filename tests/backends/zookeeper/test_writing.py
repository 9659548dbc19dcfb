"""What is written, whose it is, and what is left of it in the end."""

import pytest

from fixtures.zookeeper import ZooKeeper
from registrator.backend import Site
from registrator.errors import NotOwner, Rejected
from registrator.planner import Change
from registrator_backends.zookeeper import ZooKeeperBackend
from samples import drop, put, web
from zookeepers import agree, at

pytestmark = pytest.mark.needs_zookeeper

HERE = Site(node="here")
A = web("here:web.1:80")
B = web("here:web.2:80", address="10.0.0.2")
RECORD = "/www/web/10.0.0.1:8000"
MARK = "/registrator.owners/here/registrator:%2Fwww/here:web.1:80"
ANCHOR = (
    b'{"Name":"web","IP":"10.0.0.1","PublicPort":8000,"PrivatePort":80,'
    b'"ContainerID":"4fa6e0f0c678","Tags":[],"Attrs":{}}'
)


def data(zookeeper: ZooKeeper) -> dict[str, bytes]:
    return {path: node.data for path, node in zookeeper.tree().items() if node.data}


async def test_a_record_and_its_mark_are_made_in_one_transaction(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await put(backend, A)

    assert data(zookeeper) == {
        RECORD: ANCHOR,
        MARK: b'{"id":"here:web.1:80","path":"/www/web/10.0.0.1:8000"}',
    }
    tree = zookeeper.tree()
    assert tree[RECORD].created == tree[MARK].created


async def test_the_number_that_a_record_got_is_written_down(
    zookeeper: ZooKeeper,
) -> None:
    async with at(zookeeper, "/nerve?format=nerve") as backend:
        await put(backend, A, B)

    names = zookeeper.children("/nerve/web")
    assert names == ["here_0000000000", "here_0000000001"]
    marks = "/registrator.owners/here/nerve:%2Fnerve"
    assert {zookeeper.tree()[f"{marks}/{key}"].data for key in (A.id, B.id)} == {
        b'{"id":"here:web.1:80","path":"/nerve/web/here_0000000000"}',
        b'{"id":"here:web.2:80","path":"/nerve/web/here_0000000001"}',
    }


@pytest.mark.parametrize("moved", [False, True])
async def test_a_record_whose_number_was_not_written_down_is_found(
    zookeeper: ZooKeeper, moved: bool
) -> None:
    async with at(zookeeper, "/nerve?format=nerve") as backend:
        await put(backend, A, B)
        record = backend.record(A)
        assert record is not None
        mark = "/registrator.owners/here/nerve:%2Fnerve/here:web.1:80"
        pending = b'{"id":"here:web.1:80","path":"/nerve/web/here_"}'
        break_off = zookeeper.client.transaction()
        break_off.delete("/nerve/web/here_0000000000")
        if moved:
            break_off.set_data(mark, pending)
        else:
            break_off.delete(mark)
            break_off.create(mark, pending)
        break_off.create("/nerve/web/here_", record.data, sequence=True)
        break_off.commit()

        assert (await backend.owned())[A.id] == record

        assert await agree(backend, B) == {}
        assert zookeeper.children("/nerve/web") == ["here_0000000001"]


async def test_a_mark_whose_record_was_never_made_leads_to_one(
    zookeeper: ZooKeeper,
) -> None:
    async with at(zookeeper, "/nerve?format=nerve") as backend:
        await put(backend, A, B)
        mark = "/registrator.owners/here/nerve:%2Fnerve/here:web.1:80"
        zookeeper.delete("/nerve/web/here_0000000000")
        zookeeper.set(mark, b'{"id":"here:web.1:80","path":"/nerve/web/here_"}')

        assert (await backend.owned()).keys() == {B.id}
        assert await agree(backend, A, B) == {}

        names = ["here_0000000001", "here_0000000002"]
        assert zookeeper.children("/nerve/web") == names
        assert (await backend.owned()).keys() == {A.id, B.id}


async def test_a_change_of_what_a_record_says_keeps_its_znode(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A)
    before = zookeeper.tree()[RECORD]

    await agree(backend, web("here:web.1:80", tags=("x",)))

    after = zookeeper.tree()[RECORD]
    assert after.created == before.created
    assert after.data != before.data


async def test_a_record_that_moves_is_never_away(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A)

    await agree(backend, web("here:web.1:80", port=9))

    tree = zookeeper.tree("/www/web")
    assert list(tree) == ["/www/web", "/www/web/10.0.0.1:9"]
    mark = zookeeper.get(MARK)
    assert mark is not None
    assert mark.changed == tree["/www/web/10.0.0.1:9"].created


async def test_two_transports_of_one_port_are_two_records(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    udp = web("here:web.1:80:udp", transport="udp")

    await agree(backend, A, udp)

    names = ["10.0.0.1:8000", "10.0.0.1:8000:udp"]
    assert zookeeper.children("/www/web") == names


async def test_a_container_may_take_the_place_of_another_of_ours(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    other = web("here:another:80", container_name="another")
    await agree(backend, A)
    before = zookeeper.tree()[RECORD]

    assert await put(backend, other) == {}
    assert await drop(backend, A.id) == {}

    assert zookeeper.tree()[RECORD].created == before.created
    assert await backend.owned() == {other.id: backend.record(other)}


async def test_a_record_that_somebody_deleted_is_made_again(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A)
    zookeeper.delete(RECORD)

    assert await put(backend, web("here:web.1:80", tags=("x",))) == {}

    assert zookeeper.get(RECORD) is not None


async def test_everything_of_ours_may_be_deleted_under_our_hands(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A)
    zookeeper.delete("/www")
    zookeeper.delete("/registrator.owners")

    assert await put(backend, A, B) == {}
    assert await agree(backend, A, B) == {}

    assert len(zookeeper.children("/www/web")) == 2


async def test_a_name_without_instances_has_no_znode(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A, B)
    await agree(backend, B)
    assert zookeeper.children("/www") == ["web"]

    await agree(backend)

    assert zookeeper.children("/www") == []


async def test_a_name_that_holds_a_configuration_stays(zookeeper: ZooKeeper) -> None:
    zookeeper.create("/nerve/web", b'{"haproxy":{}}')
    async with at(zookeeper, "/nerve?format=nerve") as backend:
        await agree(backend, A)
        await agree(backend)

    assert zookeeper.children("/nerve") == ["web"]


async def test_a_name_that_others_use_stays(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    await agree(backend, A)
    zookeeper.create("/www/web/theirs", b"")

    await agree(backend)

    assert zookeeper.children("/www/web") == ["theirs"]


@pytest.mark.parametrize("cleanup", [False, True])
async def test_a_znode_of_somebody_else_is_left_alone(
    zookeeper: ZooKeeper, cleanup: bool
) -> None:
    zookeeper.create(RECORD, b"theirs", ephemeral=True)
    async with at(zookeeper, cleanup=cleanup) as backend:
        failures = await put(backend, A, B)
        assert isinstance(failures[A.id], NotOwner)
        assert str(failures[A.id]) == f"{RECORD} is there, and carries no mark of ours"

        failures = await backend.drop([Change(A.id, None, backend.record(A))])
        assert isinstance(failures[A.id], NotOwner)

    assert data(zookeeper)[RECORD] == b"theirs"
    assert zookeeper.children("/www/web") == ["10.0.0.1:8000", "10.0.0.2:8000"]


async def test_two_nodes_never_touch_each_others_records(zookeeper: ZooKeeper) -> None:
    theirs = web("there:web.1:80", address="10.0.0.3")
    async with at(zookeeper) as ours, at(zookeeper, node="there") as other:
        await agree(other, theirs)
        await agree(ours, A)
        assert isinstance((await put(ours, theirs))[theirs.id], NotOwner)

        await agree(ours)

        assert await other.owned() == {theirs.id: other.record(theirs)}
        assert zookeeper.children("/www/web") == ["10.0.0.3:8000"]


async def test_two_places_of_one_node_are_apart(zookeeper: ZooKeeper) -> None:
    async with (
        at(zookeeper, "/www") as one,
        at(zookeeper, "/www?format=curator") as other,
        at(zookeeper, "/www/more") as third,
    ):
        for backend in (one, other, third):
            await agree(backend, A)
        await agree(other)
        await agree(third)

        assert len(await one.owned()) == 1
        assert zookeeper.children("/www/web") == ["10.0.0.1:8000"]


OTHERS_PRIVATE_PORT = ANCHOR.replace(b'"PrivatePort":80', b'"PrivatePort":8080')
OTHER_PORT = ANCHOR.replace(b"8000", b"8001")


async def test_cleanup_takes_over_what_the_anchor_wrote_of_the_same_endpoint(
    zookeeper: ZooKeeper,
) -> None:
    zookeeper.create(RECORD, OTHERS_PRIVATE_PORT, ephemeral=True)
    zookeeper.create("/www/web/10.0.0.9:1", ANCHOR, ephemeral=True)
    async with at(zookeeper, cleanup=True) as backend:
        assert await agree(backend, A) == {}
        (session,) = zookeeper.sessions()

        node = zookeeper.get(RECORD)
        assert node is not None
        assert (node.owner, node.data) == (session, ANCHOR)
        await agree(backend)

    assert zookeeper.children("/www/web") == ["10.0.0.9:1"]


@pytest.mark.parametrize("found", [b"", b"junk", OTHER_PORT])
async def test_cleanup_takes_over_nothing_else(
    zookeeper: ZooKeeper, found: bytes
) -> None:
    zookeeper.create(RECORD, found, ephemeral=True)
    async with at(zookeeper, cleanup=True) as backend:
        failures = await agree(backend, A)

    assert isinstance(failures[A.id], NotOwner)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"junk",
        b"[]",
        b'{"id":7,"path":[]}',
        b'{"id":"here:web.9:80","path":"/www/web/theirs"}',
        b'{"id":"junk","path":"/other/web/theirs"}',
        b'{"id":"junk","path":"/www"}',
        b'{"id":"junk","path":"/www/web/theirs/below"}',
    ],
)
async def test_junk_in_the_index_leads_to_nothing(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend, junk: bytes
) -> None:
    zookeeper.create("/www/web/theirs", b"x")
    zookeeper.create("/registrator.owners/here/registrator:%2Fwww/junk", junk)

    assert await agree(backend, A) == {}
    await agree(backend)

    assert zookeeper.children("/www/web") == ["theirs"]


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", "\x7f", "x" * 600, "\ue000"])
def test_a_name_that_is_none_of_a_znode_is_refused(name: str) -> None:
    backend = ZooKeeperBackend.from_uri("zookeeper://127.0.0.1:1/www", HERE)
    with pytest.raises(Rejected, match="cannot be that of a znode"):
        backend.record(web(name=name))


@pytest.mark.parametrize("name", ["zookeeper", "registrator.owners"])
def test_a_name_that_means_something_else_at_the_root_is_refused(name: str) -> None:
    backend = ZooKeeperBackend.from_uri("zookeeper://127.0.0.1:1", HERE)

    with pytest.raises(Rejected, match="cannot be that of a znode"):
        backend.record(web(name=name))


def test_a_record_that_is_too_large_is_refused() -> None:
    backend = ZooKeeperBackend.from_uri("zookeeper://127.0.0.1:1", HERE)

    with pytest.raises(Rejected, match="octets are more than ZooKeeper takes"):
        backend.record(web(metadata={"x": "x" * 600_000}))


async def test_large_records_are_written_in_transactions_that_fit(
    zookeeper: ZooKeeper, backend: ZooKeeperBackend
) -> None:
    large = {"x": "x" * 100_000}
    many = [web(f"here:m.{n}:80", port=n, metadata=large) for n in range(1, 31)]

    assert await put(backend, *many) == {}

    assert len(zookeeper.children("/www/web")) == 30


async def test_records_of_any_path_are_ours_after_a_restart(
    zookeeper: ZooKeeper,
) -> None:
    services = (
        web("here:nerve:a:1", path="/nerve/a/services"),
        web("here:nerve:b:2", path="/deep/er/and/deeper", port=2),
    )
    for _ in range(2):
        async with at(zookeeper, "/?format=nerve&paths&instance=i") as backend:
            assert await agree(backend, *services) == {}
            assert (await backend.owned()).keys() == {each.id for each in services}

    for each in services:
        [name] = zookeeper.children(each.path)
        assert name.startswith("i_")

    async with at(zookeeper, "/?format=nerve&paths&instance=i") as backend:
        await agree(backend)
    assert zookeeper.children("/nerve/a") == []
