"""Whose records are whose: hosts, restarts and predecessors, on a real etcd."""

from collections.abc import Callable

import pytest

from contract.stores import agree
from coredns_rules import CoreDns
from fixtures.etcd import EtcdServer
from registrator_backends.skydns import SkydnsBackend
from registrator_backends.skydns.labels import label_of
from samples import web

Make = Callable[..., SkydnsBackend]

pytestmark = pytest.mark.needs_etcd

PLACE = "/skydns/local/cluster"
FAYRUS = '{"host":"10.0.0.1","port":8000}'
WEB = f"{PLACE}/web/{label_of(web().id)}"


async def test_two_hosts_share_a_name_and_nothing_else(
    backend: SkydnsBackend, elsewhere: SkydnsBackend, dns: CoreDns
) -> None:
    theirs = web("there:web.1:80", address="10.0.0.2")

    await agree(backend, web())
    await agree(elsewhere, theirs)
    assert dns.addresses("web.cluster.local") == ["10.0.0.1", "10.0.0.2"]
    await agree(backend)

    assert dns.addresses("web.cluster.local") == ["10.0.0.2"]
    assert set(await elsewhere.owned()) == {theirs.id}


async def test_a_daemon_that_is_started_anew_changes_no_record(
    make: Make, etcd: EtcdServer
) -> None:
    services = web(), web("w-1"), web("here:x:80", tags=("a",), weight=3)
    async with make(address="10.0.0.1", cleanup=True) as first:
        await agree(first, *services)
    before = etcd.revision()

    async with make(address="10.0.0.1", cleanup=True) as second:
        await agree(second, *services)

    assert etcd.revision() == before


async def test_what_died_meanwhile_goes_at_the_restart(
    make: Make, etcd: EtcdServer
) -> None:
    async with make() as first:
        await agree(first, web(), web("here:gone:80", address="10.0.0.9"))

    async with make() as second:
        await agree(second, web())

    assert set(etcd.range("/skydns/")) == {WEB, "/skydns/arpa/in-addr/10/0/0/1"}


async def test_what_dns_keeps_can_be_changed_at_a_restart(
    make: Make, dns: CoreDns
) -> None:
    async with make() as first:
        await agree(first, web())

    async with make("?record_ttl=60") as second:
        await agree(second, web())

    assert dns.ttls("web.cluster.local") == {60}
    assert dns.ttls("1.0.0.10.in-addr.arpa") == {60}


async def test_what_gliderlabs_registrator_left_is_written_anew_with_cleanup(
    make: Make, etcd: EtcdServer
) -> None:
    etcd.put(f"{PLACE}/web/here:web.1:80", '{"host":"10.0.0.1","port":8000}')
    etcd.put(f"{PLACE}/web/here:gone:80", '{"host":"10.0.0.1","port":8001}')
    etcd.put(f"{PLACE}/web/there:web:80", '{"host":"10.0.0.2","port":8000}')

    async with make(cleanup=True) as backend:
        assert await agree(backend, web()) == {}

    assert set(etcd.range(PLACE)) == {WEB, f"{PLACE}/web/there:web:80"}


@pytest.mark.parametrize("container", ["web-1", "web.1"])
async def test_what_fayrus_registrator_left_is_written_anew_with_cleanup(
    make: Make, etcd: EtcdServer, container: str
) -> None:
    etcd.put(f"{PLACE}/web/here-web-1-80", FAYRUS)
    etcd.put(f"{PLACE}/web/here-gone-80", FAYRUS)
    etcd.put(f"{PLACE}/web/there-web-80", '{"host":"10.0.0.2","port":8000}')
    etcd.put(f"{PLACE}/web/here-by-hand", '{"host":"10.0.0.3"}')
    etcd.put(f"{PLACE}/web/here-web-81", '{"host":"10.0.0.3","port":81}')
    service = web(f"here:{container}:80")

    async with make(address="10.0.0.1", cleanup=True) as backend:
        assert await agree(backend, service) == {}

    assert set(etcd.range(PLACE)) == {
        f"{PLACE}/web/{label_of(service.id)}",
        f"{PLACE}/web/there-web-80",
        f"{PLACE}/web/here-by-hand",
        f"{PLACE}/web/here-web-81",
    }


async def test_without_cleanup_nothing_of_others_is_touched(
    make: Make, etcd: EtcdServer
) -> None:
    etcd.put(f"{PLACE}/web/here:gone:80", '{"host":"10.0.0.1","port":8001}')
    etcd.put(f"{PLACE}/web/here-gone-80", FAYRUS)
    before = etcd.range(PLACE)

    async with make(address="10.0.0.1") as backend:
        await agree(backend, web())
        await agree(backend)

    assert etcd.range(PLACE) == before


async def test_records_for_ever_are_never_kept_alive_and_never_lost(
    make: Make, etcd: EtcdServer
) -> None:
    async with make(ttl=0.0) as backend:
        assert backend.refresh_every is None
        await agree(backend, web())
        assert set(await backend.owned()) == {web().id}

    async with make(ttl=0.0) as again:
        assert set(await again.owned()) == {web().id}
        await agree(again)

    assert etcd.values() == {}


async def test_an_id_that_walks_into_the_tree_of_pointers_stays_out(
    backend: SkydnsBackend, etcd: EtcdServer
) -> None:
    hostile = web("../../../arpa/in-addr/10/0/0/9")

    await agree(backend, hostile)

    assert set(etcd.range("/")) == {
        f"{PLACE}/web/{label_of(hostile.id)}",
        "/skydns/arpa/in-addr/10/0/0/1",
    }
