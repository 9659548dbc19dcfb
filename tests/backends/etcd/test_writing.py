import json

import pytest

from contract.stores import agree, records
from etcds import PREFIX, at, opening
from fixtures.etcd import EtcdServer, StartEtcd
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import Rejected, Unavailable
from registrator.model import Service
from registrator.planner import Change
from registrator_backends.etcd import EtcdBackend
from registrator_backends.etcd.writes import MOST
from registrator_backends.values import LONGEST
from samples import put, web

pytestmark = pytest.mark.needs_etcd


async def test_a_service_is_stored_as_the_predecessor_stored_it(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(
        backend,
        web(),
        web("here:web.2:80", address="fd00::1"),
        web("here:dns:53:udp", name="dns", port=53, transport="udp"),
    )

    assert etcd.values() == {
        "/services/web/here:web.1:80": "10.0.0.1:8000",
        "/services/web/here:web.2:80": "[fd00::1]:8000",
        "/services/dns/here:dns:53:udp": "10.0.0.1:53",
    }


async def test_a_service_may_be_stored_with_all_that_it_has(etcd: EtcdServer) -> None:
    service = web(tags=("b", "a"), metadata={"version": "2"}, weight=3)
    async with opening(at(etcd, "?format=json")) as backend:
        await agree(backend, service)

    value = etcd.values()["/services/web/here:web.1:80"]
    assert json.loads(value) == {
        "id": "here:web.1:80",
        "name": "web",
        "address": "10.0.0.1",
        "port": 8000,
        "transport": "tcp",
        "tags": ["b", "a"],
        "metadata": {"version": "2"},
        "status": "passing",
        "priority": 1,
        "weight": 3,
        "node": "here",
        "container": "4fa6e0f0c678",
        "container_name": "web.1",
    }


async def test_another_format_rewrites_the_records_where_they_are(
    etcd: EtcdServer,
) -> None:
    async with opening(at(etcd)) as plain:
        await agree(plain, web())
    async with opening(at(etcd, "?format=json")) as whole:
        await agree(whole, web())

        assert await whole.owned() == records(whole, [web()])
    assert len(etcd.range(PREFIX)) == 1
    assert len(etcd.leases()) == 1


async def test_many_services_take_few_requests(
    watched: EtcdBackend, proxy: Proxy
) -> None:
    many = [web(f"here:web.{number}:80", port=number + 1) for number in range(1000)]

    assert await put(watched, *many) == {}

    assert len(proxy.asked("lease/grant")) == 1
    assert len(proxy.asked("kv/txn")) == -(-1000 // MOST)
    assert await watched.owned() == records(watched, many)


async def test_a_change_of_one_service_takes_one_request(
    watched: EtcdBackend, proxy: Proxy
) -> None:
    many = [web(f"here:web.{number}:80") for number in range(200)]
    await put(watched, *many)
    proxy.requests.clear()

    changed = web("here:web.7:80", port=9)
    await watched.put(
        [Change(changed.id, watched.record(changed), watched.record(many[7]))]
    )
    await watched.drop([Change(changed.id, None, watched.record(changed))])

    assert [str(each) for each in proxy.requests] == ["POST /v3/kv/txn"] * 2


async def test_one_request_keeps_any_number_of_records_alive(
    watched: EtcdBackend, proxy: Proxy
) -> None:
    many = [web(f"here:web.{number}:80") for number in range(200)]
    await put(watched, *many)
    proxy.requests.clear()

    await watched.refresh(records(watched, many))

    assert [str(each) for each in proxy.requests] == ["POST /v3/lease/keepalive"]


async def test_reading_what_is_ours_does_not_grow_with_what_is_others(
    watched: EtcdBackend, proxy: Proxy, etcd: EtcdServer
) -> None:
    await put(watched, web())
    proxy.requests.clear()
    for number in range(300):
        etcd.put(f"/services/web/there:web.{number}:80", "10.0.0.2:80")

    assert await watched.owned() == records(watched, [web()])

    assert [str(each) for each in proxy.requests] == [
        "POST /v3/lease/timetolive",
        "POST /v3/lease/timetolive",
        "POST /v3/kv/txn",
    ]


async def test_what_is_right_already_is_not_written(
    watched: EtcdBackend, proxy: Proxy
) -> None:
    record = watched.record(web())
    await put(watched, web())
    proxy.requests.clear()

    assert await watched.put([Change(web().id, record, record)]) == {}

    assert proxy.requests == []


async def test_large_services_are_spread_over_requests(
    etcd: EtcdServer, proxy: Proxy
) -> None:
    many = [
        web(f"here:web.{number}:80", metadata={"x": "x" * 200_000})
        for number in range(6)
    ]
    async with opening(at(proxy, "?format=json")) as backend:
        assert await put(backend, *many) == {}

        assert len(proxy.asked("kv/txn")) == 2
        assert await backend.owned() == records(backend, many)


async def test_a_service_that_no_reader_would_look_at_is_refused(
    etcd: EtcdServer,
) -> None:
    async with opening(at(etcd, "?format=json")) as backend:
        with pytest.raises(Rejected, match="longer than 524288 octets"):
            backend.record(web(metadata={"x": "x" * LONGEST}))


async def test_one_service_too_large_for_the_server_does_not_spoil_the_others(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd({"max-request-bytes": 20_000})
    small = [web(f"here:web.{number}:80") for number in range(99)]
    large = web("here:large:80", metadata={"x": "x" * 30_000})
    async with opening(at(server, "?format=json")) as backend:
        failures = await put(backend, *small[:50], large, *small[50:])

        assert list(failures) == [large.id]
        assert isinstance(failures[large.id], Rejected)
        assert "request is too large" in str(failures[large.id])
        assert await backend.owned() == records(backend, small)


async def test_fewer_operations_in_a_transaction_will_do(start_etcd: StartEtcd) -> None:
    server = start_etcd({"max-txn-ops": 8})
    many = [web(f"here:web.{number}:80") for number in range(5)]
    async with opening(at(server)) as backend:
        assert await put(backend, *many) == {}


async def write_until_full(backend: EtcdBackend, *services: Service) -> None:
    """Write on and on: an etcd sees only after a while how much there is."""
    while True:
        await put(backend, *services)


async def test_a_full_database_says_what_is_to_be_done(start_etcd: StartEtcd) -> None:
    server = start_etcd({"quota-backend-bytes": 200_000})
    many = [
        web(f"here:web.{number}:80", metadata={"x": "x" * 100_000})
        for number in range(30)
    ]
    async with opening(at(server, "?format=json")) as backend:
        await agree(backend, web())
        with pytest.raises(Unavailable, match="space exceeded; compact and defrag"):
            await write_until_full(backend, *many)

        held = await backend.owned()
        await backend.refresh(held)
        drops = [Change(key, None, record) for key, record in held.items()]
        assert await backend.drop(drops) == {}
        assert await backend.owned() == {}


async def test_the_place_of_the_time_to_live_is_the_lease(etcd: EtcdServer) -> None:
    site = Site(node="here", ttl=12.5, ttl_refresh=4.0)
    async with opening(at(etcd), site) as backend:
        await agree(backend, web())

        assert backend.refresh_every == 4.0
        assert await backend.owned() == records(backend, [web()])
    (lease,) = etcd.leases()
    assert etcd.ask("lease/timetolive", {"ID": str(lease)})["grantedTTL"] == "13"
