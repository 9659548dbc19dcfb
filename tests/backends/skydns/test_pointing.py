"""Pointers from addresses to names, on a real etcd."""

import logging
from collections.abc import Callable

import pytest

from contract.stores import agree
from fixtures.etcd import EtcdServer, StartEtcd
from registrator.backend import Site
from registrator.errors import NotOwner, Unavailable
from registrator_backends.skydns import SkydnsBackend
from samples import drop, put, web

Make = Callable[..., SkydnsBackend]

pytestmark = pytest.mark.needs_etcd

PLACE = "/skydns/arpa/in-addr/10/0/0/1"
WEB = '{"host":"web.cluster.local","ttl":5}'
SHOP = '{"host":"shop.cluster.local","ttl":5}'
OTHER = web("here:shop.1:80", name="shop", port=9000)


def pointer(etcd: EtcdServer) -> str | None:
    entry = etcd.get(PLACE)
    return None if entry is None else entry.value.decode()


async def test_services_at_one_address_share_its_pointer(
    backend: SkydnsBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    assert pointer(etcd) == WEB
    await agree(backend, web(), OTHER)
    assert pointer(etcd) == SHOP
    await agree(backend, web())
    assert pointer(etcd) == WEB
    await agree(backend)
    assert pointer(etcd) is None


async def test_pointers_are_not_shown_among_the_services(
    backend: SkydnsBackend,
) -> None:
    await agree(backend, web())

    assert set(await backend.owned()) == {web().id}


async def test_a_daemon_that_is_started_anew_changes_no_pointer(
    make: Make, etcd: EtcdServer
) -> None:
    async with make() as first:
        await agree(first, web(), OTHER)
    before = etcd.revision()

    async with make() as second:
        await agree(second, web(), OTHER)
        await second.refresh(await second.owned())

    assert etcd.revision() == before


async def test_a_daemon_that_died_between_a_service_and_its_pointer_mends_it(
    make: Make, etcd: EtcdServer
) -> None:
    async with make() as first:
        await agree(first, web())
    etcd.delete(PLACE)

    async with make() as second:
        await second.refresh(await second.owned())

    assert pointer(etcd) == WEB


async def test_the_pointer_of_another_host_is_left_alone(
    backend: SkydnsBackend, elsewhere: SkydnsBackend, etcd: EtcdServer
) -> None:
    await agree(elsewhere, web("there:web.1:80"))
    before = etcd.get(PLACE)

    assert await agree(backend, OTHER) == {}
    assert await agree(backend) == {}

    assert etcd.get(PLACE) == before


async def test_a_service_that_was_not_written_has_no_pointer(
    backend: SkydnsBackend, elsewhere: SkydnsBackend, etcd: EtcdServer
) -> None:
    await agree(elsewhere, web(address="10.0.0.2"))

    failures = await agree(backend, web())

    assert isinstance(failures[web().id], NotOwner)
    assert pointer(etcd) is None


async def test_a_pointer_is_taken_up_that_another_host_has_given_up(
    backend: SkydnsBackend, elsewhere: SkydnsBackend, etcd: EtcdServer
) -> None:
    await agree(elsewhere, web("there:web.1:80"))
    await agree(backend, OTHER)

    await agree(elsewhere)
    await backend.refresh(await backend.owned())

    assert pointer(etcd) == SHOP


async def test_a_pointer_that_somebody_wrote_by_hand_is_left_alone(
    backend: SkydnsBackend, etcd: EtcdServer
) -> None:
    etcd.put(PLACE, '{"host":"host-1.example.com"}')
    before = etcd.get(PLACE)

    assert await agree(backend, web()) == {}
    assert await agree(backend) == {}

    assert etcd.get(PLACE) == before


async def test_pointers_need_not_be_written(make: Make, etcd: EtcdServer) -> None:
    async with make("?reverse=false") as backend:
        await agree(backend, web())

    assert pointer(etcd) is None


async def test_pointers_go_where_they_are_not_wanted_any_more(
    make: Make, etcd: EtcdServer
) -> None:
    async with make() as before:
        await agree(before, web())

    async with make("?reverse=false") as after:
        await after.refresh(await after.owned())

    assert pointer(etcd) is None


async def test_pointers_move_to_another_lease_with_the_services(
    make: Make, etcd: EtcdServer
) -> None:
    async with make() as before:
        await agree(before, web())
    (old,) = etcd.leases()

    async with make(ttl=90.0) as after:
        await agree(after, web())
    (new,) = etcd.leases()

    assert new != old
    assert {entry.lease for entry in etcd.range("/skydns/").values()} == {new}


async def test_a_lease_that_was_lost_takes_pointers_and_all_comes_back(
    backend: SkydnsBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    before = etcd.values()
    etcd.revoke(*etcd.leases())
    assert etcd.values() == {}

    await agree(backend, web())

    assert etcd.values() == before


async def test_after_an_outage_pointers_follow_what_is_there(
    start_etcd: StartEtcd,
) -> None:
    etcd = start_etcd()
    uri = f"skydns2://127.0.0.1:{etcd.port}/cluster.local"
    async with SkydnsBackend.from_uri(uri, Site(node="here")) as backend:
        await agree(backend, web())
        with etcd.outage(), pytest.raises(Unavailable):
            await put(backend, OTHER)

        await put(backend, OTHER)
        assert pointer(etcd) == SHOP

        with etcd.outage(), pytest.raises(Unavailable):
            await drop(backend, OTHER.id)
        await drop(backend, OTHER.id)

    assert pointer(etcd) == WEB


async def test_who_may_not_write_pointers_still_writes_services(
    start_etcd: StartEtcd, caplog: pytest.LogCaptureFixture
) -> None:
    etcd = start_etcd()
    etcd.require_users()
    etcd.add_user("me", "pass", "/skydns/local/cluster/")
    uri = f"skydns2://me:pass@127.0.0.1:{etcd.port}/cluster.local"

    async with SkydnsBackend.from_uri(uri, Site(node="here")) as backend:
        with caplog.at_level(logging.WARNING):
            assert await put(backend, web()) == {}
            await backend.refresh(await backend.owned())

    assert len(etcd.range("/skydns/local/cluster/web/")) == 1
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"no pointer from {PLACE}" in told
    assert "permission denied" in told
    assert "pass" not in told
