import pytest

from contract.stores import agree, records
from etcds import HERE, PREFIX, THERE, at, opening
from fixtures.etcd import EtcdServer, StartEtcd
from registrator.backend import Site
from registrator.errors import NotOwner
from registrator.planner import Change
from registrator_backends.etcd import EtcdBackend
from registrator_backends.etcd.lease import ENDLESS, lease_ids
from samples import drop, put, web

pytestmark = pytest.mark.needs_etcd

WEB = "/services/web/here:web.1:80"


async def test_a_restart_changes_no_record_that_is_still_right(
    either: EtcdServer,
) -> None:
    async with opening(at(either)) as first:
        await agree(first, web(), web("here:web.2:80"))
        before = either.range(PREFIX)
        revision = either.revision()

    async with opening(at(either)) as second:
        await agree(second, web(), web("here:web.2:80"))
        await second.refresh(await second.owned())

    assert len(before) == 2
    assert either.range(PREFIX) == before
    assert either.revision() == revision


async def test_what_died_meanwhile_is_removed_at_the_restart(etcd: EtcdServer) -> None:
    async with opening(at(etcd)) as first:
        await agree(first, web(), web("here:web.2:80"))

    async with opening(at(etcd)) as second:
        await agree(second, web())

    assert set(etcd.range(PREFIX)) == {WEB}


async def test_all_records_of_a_host_hang_on_one_lease(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web(), web("here:web.2:80"))

    assert {entry.lease for entry in etcd.range(PREFIX).values()} == set(etcd.leases())
    assert etcd.leases() == [lease_ids("etcd", PREFIX, "here")[0]]


async def test_two_hosts_never_touch_each_others_records(etcd: EtcdServer) -> None:
    async with opening(at(etcd)) as ours, opening(at(etcd), THERE) as other:
        await agree(other, web())
        before = etcd.range(PREFIX)

        failed = await put(ours, web(port=9), web("here:web.2:80"))
        denied = await ours.drop([Change(web().id, None, ours.record(web()))])

        assert isinstance(failed[web().id], NotOwner)
        assert isinstance(denied[web().id], NotOwner)
        assert etcd.range(WEB) == before
        assert await ours.owned() == records(ours, [web("here:web.2:80")])
        assert await other.owned() == records(other, [web()])


async def test_the_records_of_one_prefix_are_not_those_of_another(
    etcd: EtcdServer,
) -> None:
    elsewhere = f"{etcd.uri}/services/elsewhere"
    async with opening(at(etcd)) as one, opening(elsewhere) as other:
        await agree(one, web())
        await agree(other, web("here:web.2:80"))

        assert await one.owned() == records(one, [web()])
        assert await other.owned() == records(other, [web("here:web.2:80")])


async def test_a_record_that_another_took_over_is_left_to_it(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    etcd.put(WEB, "10.9.9.9:9", lease=etcd.grant(600))

    assert await backend.owned() == {}
    changed = Change(web().id, backend.record(web(port=9)), backend.record(web()))
    assert isinstance((await backend.put([changed]))[web().id], NotOwner)
    assert etcd.values(PREFIX) == {WEB: "10.9.9.9:9"}


async def test_a_record_without_a_lease_is_taken_over_where_it_is_wanted(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    etcd.put(WEB, "10.9.9.9:9")

    assert await agree(backend, web()) == {}

    assert await backend.owned() == records(backend, [web()])
    assert etcd.values(PREFIX) == {WEB: "10.0.0.1:8000"}


async def test_a_record_without_a_lease_is_never_removed(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    etcd.put(WEB, "10.9.9.9:9")

    failures = await backend.drop([Change(web().id, None, backend.record(web()))])

    assert isinstance(failures[web().id], NotOwner)
    assert etcd.values(PREFIX) == {WEB: "10.9.9.9:9"}


async def test_a_record_of_which_nothing_is_known_is_looked_up_and_removed(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web(), web("here:web.2:80"))

    assert await drop(backend, web().id) == {}

    assert set(etcd.range(PREFIX)) == {"/services/web/here:web.2:80"}


async def test_another_name_takes_the_place_of_the_old_one(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    revision = etcd.revision()

    assert await agree(backend, web(name="shop")) == {}

    assert etcd.values(PREFIX) == {"/services/shop/here:web.1:80": "10.0.0.1:8000"}
    assert etcd.revision() == revision + 1


async def test_what_stands_under_an_old_name_and_is_another_s_stays(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    etcd.put(WEB, "10.9.9.9:9", lease=etcd.grant(600))
    renamed = Change(web().id, backend.record(web(name="shop")), backend.record(web()))

    assert await backend.put([renamed]) == {}

    assert etcd.values(PREFIX) == {
        WEB: "10.9.9.9:9",
        "/services/shop/here:web.1:80": "10.0.0.1:8000",
    }


async def test_an_entry_on_our_lease_that_no_service_has_is_removed(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    etcd.put("/services/a/b/c", "of an older version", lease=etcd.leases()[0])

    assert await agree(backend, web()) == {}

    assert set(etcd.range(PREFIX)) == {WEB}


LEFT = {
    "/services/web/here:web.1:80": "10.0.0.1:8000",
    "/services/web/here:gone:80": "10.0.0.1:8001",
    "/services/dns/here:dns:53:udp": "10.0.0.1:53",
}
OTHERS = {
    "/services/web/there:web.1:80": "10.0.0.2:8000",
    "/services/web/my-own": "10.0.0.1:1",
    "/services/web/here:80": "10.0.0.1:1",
    "/services/config": "not a service",
    "/services/a/b/here:web.1:80": "10.0.0.1:8000",
    "/elsewhere/web/here:web.1:80": "10.0.0.1:8000",
}


async def test_cleanup_takes_over_what_the_predecessor_left_for_this_host(
    etcd: EtcdServer,
) -> None:
    for key, value in {**LEFT, **OTHERS}.items():
        etcd.put(key, value)
    async with opening(at(etcd), Site(node="here", cleanup=True)) as backend:
        assert {*await backend.owned()} == {
            "here:web.1:80",
            "here:gone:80",
            "here:dns:53:udp",
        }

        assert await agree(backend, web()) == {}

        assert await backend.owned() == records(backend, [web()])
    assert etcd.values() == {**OTHERS, WEB: "10.0.0.1:8000"}


async def test_without_cleanup_nothing_of_the_predecessor_is_touched(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    for key, value in {**LEFT, **OTHERS}.items():
        etcd.put(key, value)

    assert await agree(backend) == {}

    assert etcd.values() == {**LEFT, **OTHERS}


async def test_another_time_to_live_moves_all_records_to_another_lease(
    etcd: EtcdServer,
) -> None:
    many = [web(f"here:web.{number}:80") for number in range(150)]
    async with opening(at(etcd)) as before:
        await agree(before, *many)
    values = etcd.values(PREFIX)
    (old,) = etcd.leases()

    site = Site(node="here", ttl=30.0)
    async with opening(at(etcd), site) as after:
        assert await agree(after, *many) == {}
        assert await after.owned() == records(after, many)

    (new,) = etcd.leases()
    assert {old, new} == {*lease_ids("etcd", PREFIX, "here")}
    assert etcd.values(PREFIX) == values
    assert etcd.ask("lease/timetolive", {"ID": str(new)})["grantedTTL"] == "30"


async def test_a_move_that_broke_off_is_brought_to_its_end(etcd: EtcdServer) -> None:
    both = web(), web("here:web.2:80")
    async with opening(at(etcd)) as before:
        await agree(before, *both)
        found = await before.owned()
    site = Site(node="here", ttl=30.0)
    async with opening(at(etcd), site) as broken:
        change = Change(web().id, broken.record(web()), found[web().id])
        await broken.put([change])
        await broken.refresh({web().id: found[web().id]})
    assert len(etcd.leases()) == 2

    third = Site(node="here", ttl=45.0)
    async with opening(at(etcd), third) as last:
        for _ in range(3):
            assert await agree(last, *both) == {}
        assert await last.owned() == records(last, both)

    assert len(etcd.leases()) == 1
    assert set(etcd.range(PREFIX)) == {WEB, "/services/web/here:web.2:80"}


async def test_records_without_a_time_to_live_stay_for_ever(etcd: EtcdServer) -> None:
    site = Site(node="here", ttl=0.0)
    async with opening(at(etcd), site) as backend:
        assert backend.refresh_every is None
        await agree(backend, web())
    revision = etcd.revision()

    async with opening(at(etcd), site) as again:
        await agree(again, web())

    assert etcd.revision() == revision
    (lease,) = etcd.leases()
    granted = etcd.ask("lease/timetolive", {"ID": str(lease)})["grantedTTL"]
    assert int(granted) == ENDLESS


async def test_a_time_to_live_too_short_for_the_cluster_is_written_once(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd({"election-timeout": 3000, "heartbeat-interval": 500})
    site = Site(node="here", ttl=3.0, ttl_refresh=1.0)
    async with opening(at(server), site) as backend:
        await agree(backend, web())
        revision = server.revision()

        await agree(backend, web())
        await agree(backend, web())

    assert server.revision() == revision


@pytest.mark.parametrize("node", ["here", "büro", "\udcff", ""])
def test_the_ids_of_leases_follow_from_node_and_registry(node: str) -> None:
    first, second = lease_ids("etcd", PREFIX, node)

    assert 0 < first < second == first + 1 < 2**62
    assert lease_ids("etcd", PREFIX, node) == (first, second)
    others = {
        lease_ids("skydns", PREFIX, node),
        lease_ids("etcd", "/other/", node),
        lease_ids("etcd", PREFIX, f"{node}2"),
    }
    assert len(others | {(first, second)}) == 4


def test_the_id_of_a_lease_never_changes_between_versions() -> None:
    assert lease_ids("etcd", PREFIX, HERE.node)[0] == 183112273139711854
