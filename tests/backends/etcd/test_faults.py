"""What befalls a server, and what is left of the records then."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import pytest

from contract.stores import agree, records
from etcds import PREFIX, at, opening
from fixtures.clusters import EtcdCluster
from fixtures.etcd import Entry, EtcdServer, StartEtcd
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import NotOwner, Unavailable
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.etcd import EtcdBackend
from registrator_backends.etcd.layout import EtcdRecord
from samples import put, web
from servers import free_ports
from tcp_proxy import TcpProxy
from waiting import PAUSE, eventually

pytestmark = pytest.mark.needs_etcd

DEADLINE = 60.0
WEB = "/services/web/here:web.1:80"
MANY = tuple(web(f"here:web.{number}:80") for number in range(300))


async def agree_at_last(backend: EtcdBackend, *services: Service) -> None:
    """Do what the reconciler does: try again until the registry is right."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with suppress(Unavailable):
                assert await agree(backend, *services) == {}
                return
            await asyncio.sleep(PAUSE)


async def held_at_last(backend: EtcdBackend) -> Mapping[ServiceId, EtcdRecord]:
    """Read what the registry holds of ours, as soon as it answers in time."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with suppress(Unavailable):
                return await backend.owned()
            await asyncio.sleep(PAUSE)


async def entries(member: EtcdServer) -> Mapping[str, Entry]:
    """Read what a cluster holds, as soon as it may: a busy one may elect a leader."""
    return await eventually(lambda: member.range(PREFIX), "there are entries")


async def test_a_lease_that_has_run_out_is_noticed_and_replaced(
    backend: EtcdBackend, etcd: EtcdServer, proxy: Proxy
) -> None:
    await agree(backend, *MANY)
    held = await backend.owned()
    etcd.revoke(etcd.leases()[0])

    with pytest.raises(Unavailable, match="this host's lease has run out"):
        await backend.refresh(held)

    assert await backend.owned() == {}
    await agree(backend, *MANY)
    assert len(etcd.range(PREFIX)) == len(MANY)
    await backend.refresh(await backend.owned())


async def test_a_lease_that_has_run_out_is_noticed_by_the_next_write(
    backend: EtcdBackend, etcd: EtcdServer
) -> None:
    await agree(backend, web())
    etcd.revoke(etcd.leases()[0])

    with pytest.raises(Unavailable, match="lease not found"):
        await put(backend, web("here:web.2:80"))

    await agree(backend, web(), web("here:web.2:80"))
    assert len(etcd.range(PREFIX)) == 2


async def test_a_lease_on_which_nothing_hangs_may_run_out(
    watched: EtcdBackend, etcd: EtcdServer, proxy: Proxy
) -> None:
    await agree(watched, web())
    await agree(watched)
    etcd.revoke(etcd.leases()[0])
    await watched.refresh({})
    proxy.requests.clear()

    await watched.refresh({})
    assert proxy.requests == []

    await put(watched, web())
    assert set(etcd.range(PREFIX)) == {WEB}


async def test_a_short_lease_lives_as_long_as_it_is_kept(etcd: EtcdServer) -> None:
    site = Site(node="here", ttl=2.0, ttl_refresh=0.5)
    async with opening(at(etcd), site) as backend:
        await agree(backend, web())
        await backend.refresh(await backend.owned())
        assert set(etcd.range(PREFIX)) == {WEB}

    await eventually(lambda: not etcd.range(PREFIX), "the records of a dead host go")


async def test_a_restart_with_the_data_leaves_the_records_as_they_were(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd()
    async with opening(at(server)) as backend:
        await agree(backend, *MANY)
        before = server.range(PREFIX)
        with server.outage():
            with pytest.raises(Unavailable, match="no connection: Connect call failed"):
                await backend.owned()
            with pytest.raises(Unavailable, match="no connection"):
                await backend.refresh({})

        await agree_at_last(backend, *MANY)
        await backend.refresh(await backend.owned())

    assert server.range(PREFIX) == before


async def test_a_restart_without_the_data_has_everything_written_anew(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd()
    async with opening(at(server)) as backend:
        await agree(backend, *MANY)
        held = await backend.owned()
        server.kill()
        server.forget()
        server.start()

        with pytest.raises(Unavailable, match="has run out"):
            await backend.refresh(held)
        await agree_at_last(backend, *MANY)

    assert len(server.range(PREFIX)) == len(MANY)


async def test_a_server_that_hangs_is_given_up_in_time(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    async with opening(at(server), deadline=0.3) as backend:
        with server.hanging():
            with pytest.raises(Unavailable, match=r"no answer in 0\.\d+ s"):
                await backend.owned()
            with pytest.raises(Unavailable, match="no answer"):
                await put(backend, web())


async def test_a_write_whose_answer_is_lost_is_done_once(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with opening(at(line), deadline=0.5) as backend:
        line.mute()
        with pytest.raises(Unavailable):
            await put(backend, web())
        line.heal()

        await agree_at_last(backend, web())

        assert await held_at_last(backend) == records(backend, [web()])
    assert len(etcd.leases()) == 1


async def test_a_connection_that_breaks_in_an_answer_is_told_as_such(
    backend: EtcdBackend, line: TcpProxy
) -> None:
    await agree(backend, *MANY)
    async with opening(at(line)) as other:
        line.cut(300)
        with pytest.raises(Unavailable, match="etcd://127"):
            await other.owned()
        line.heal()

        assert await other.owned() == records(other, MANY)


async def test_an_endpoint_that_refuses_or_hangs_is_passed_over_and_then_left_alone(
    etcd: EtcdServer, line: TcpProxy, proxy: Proxy
) -> None:
    (nobody,) = free_ports(1)
    line.freeze()
    uri = f"etcd://127.0.0.1:{nobody},127.0.0.1:{line.port},127.0.0.1:{proxy.port}/x"
    async with opening(uri, deadline=4.0) as backend:
        await agree(backend, web())
        assert line.accepted == 1

        await agree(backend, web(), web("here:web.2:80"))
        await backend.refresh(await backend.owned())

        assert line.accepted == 1
        assert len(proxy.asked()) > 5
        assert len(etcd.range("/x/")) == 2


async def test_that_no_endpoint_answers_is_told_in_one_sentence() -> None:
    first, second = free_ports(2)
    uri = f"etcd://me:secret@127.0.0.1:{first},127.0.0.1:{second}/x"
    async with opening(uri) as backend:
        with pytest.raises(Unavailable, match="none of 2 members does it") as caught:
            await backend.owned()

    assert f"127.0.0.1:{second}: no connection" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_leader_that_is_killed_loses_nothing(etcd_cluster: EtcdCluster) -> None:
    cluster = etcd_cluster
    async with opening(f"{cluster.uri}{PREFIX}") as backend:
        await agree(backend, *MANY[:100])
        before = await entries(cluster.followers()[0])
        leader = cluster.leader()
        with leader.outage():
            await agree_at_last(backend, *MANY[:200])
            held = await held_at_last(backend)
            await backend.refresh(held)
            assert held == records(backend, MANY[:200])

        await agree_at_last(backend, *MANY[50:250])
        after = await entries(leader)

    assert len(after) == 200
    kept = before.keys() & after.keys()
    assert len(kept) == 50
    assert {after[key] for key in kept} == {before[key] for key in kept}


async def test_a_cluster_without_a_majority_is_told_as_such_and_used_when_it_is_back(
    etcd_cluster: EtcdCluster,
) -> None:
    cluster = etcd_cluster
    async with opening(f"{cluster.uri}{PREFIX}", deadline=3.0) as backend:
        await agree_at_last(backend, *MANY)
        held = await held_at_last(backend)
        with cluster.quorum_lost():
            with pytest.raises(Unavailable, match="none of 3 members does it"):
                await put(backend, web("here:new:80"))
            with pytest.raises(Unavailable, match="none of 3 members does it"):
                await backend.refresh(held)

        await agree_at_last(backend, *MANY[1:], web("here:new:80"))

        wanted = records(backend, [*MANY[1:], web("here:new:80")])
        assert await held_at_last(backend) == wanted


async def test_a_member_that_hangs_is_passed_over(etcd_cluster: EtcdCluster) -> None:
    cluster = etcd_cluster
    slow = cluster.followers()[0]
    others = [each for each in cluster.members if each is not slow]
    first, *rest = [f"127.0.0.1:{each.port}" for each in (slow, *others)]
    async with opening(f"etcd://{first},{','.join(rest)}{PREFIX}") as backend:
        await agree(backend, web())
        with slow.hanging():
            await agree_at_last(backend, web("here:web.2:80"))
            assert {*await entries(others[0])} == {"/services/web/here:web.2:80"}


async def test_a_cluster_that_lost_all_data_is_written_anew(
    etcd_cluster: EtcdCluster,
) -> None:
    cluster = etcd_cluster
    async with opening(f"{cluster.uri}{PREFIX}") as backend:
        await agree(backend, *MANY)
        cluster.kill()
        cluster.forget()
        cluster.start()

        await agree_at_last(backend, *MANY)

        assert await held_at_last(backend) == records(backend, MANY)


Provoke = Callable[[EtcdBackend], Awaitable[object]]

NONSENSE = [
    "not JSON",
    "[]",
    "null",
    '"text"',
    json.dumps({"TTL": "soon"}),
    json.dumps({"TTL": "9", "keys": 7}),
    json.dumps({"TTL": "9", "keys": ["?"]}),
    json.dumps({"TTL": "9", "keys": [None]}),
    "[" * 100_000,
]


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_what_is_not_etcd_s_answer_is_told_as_such(
    watched: EtcdBackend, proxy: Proxy, body: str
) -> None:
    proxy.answer("lease/timetolive", 200, body)

    with pytest.raises(Unavailable, match=r"etcd://127.0.0.1:\d+: "):
        await watched.owned()


OTHERS = [
    ("kv/txn", {"responses": "none"}),
    ("kv/txn", {"responses": [{"response_range": []}]}),
    ("kv/txn", {"responses": [{"response_range": {"kvs": [{"key": "?"}]}}]}),
    ("kv/txn", {"responses": [{"response_range": {"kvs": [{"lease": []}]}}]}),
    ("lease/grant", {"TTL": None}),
]


@pytest.mark.parametrize(("path", "body"), OTHERS)
async def test_an_answer_of_another_shape_is_told_as_such(
    watched: EtcdBackend, proxy: Proxy, path: str, body: object
) -> None:
    proxy.answer(path, 200, json.dumps(body))

    with pytest.raises(Unavailable, match=r"etcd://127.0.0.1:\d+: "):
        await put(watched, web())


async def test_an_etcd_whose_v3_api_is_off_gets_one_clear_sentence(
    start_etcd: StartEtcd,
) -> None:
    server = start_etcd({"enable-grpc-gateway": False, "enable-v2": True})
    async with opening(at(server)) as backend:
        for step in (backend.owned(), put(backend, web())):
            with pytest.raises(Unavailable, match=r"it lacks etcd's v3 API"):
                await step


@pytest.mark.parametrize("text", ["404 page not found\n", "Not Found"])
async def test_a_server_that_speaks_v2_only_gets_one_clear_sentence(
    watched: EtcdBackend, proxy: Proxy, text: str
) -> None:
    proxy.answer("/v3/", 404, text)

    with pytest.raises(
        Unavailable, match=r"404 .*; it lacks etcd's v3 API \(3.4 or later\), and v2"
    ):
        await watched.owned()


async def test_a_lease_that_somebody_grants_at_the_same_time_is_used(
    backend: EtcdBackend, watched: EtcdBackend, proxy: Proxy, etcd: EtcdServer
) -> None:
    await watched.owned()
    await put(backend, web())

    with pytest.raises(Unavailable, match="lease already exists"):
        await put(watched, web("here:web.2:80"))
    await put(watched, web("here:web.2:80"))

    assert len(etcd.leases()) == 1
    assert len(etcd.range(PREFIX)) == 2


async def test_a_record_that_changes_with_every_look_is_tried_again_later(
    watched: EtcdBackend, proxy: Proxy
) -> None:
    await put(watched, web("here:web.2:80"))
    proxy.answer("kv/txn", 200, "{}")

    with pytest.raises(Unavailable, match="80 changes whenever"):
        await watched.put([Change(web().id, watched.record(web()), None)])


async def test_what_turns_out_to_be_anothers_at_the_last_try_is_left_to_it(
    watched: EtcdBackend, proxy: Proxy, etcd: EtcdServer
) -> None:
    await put(watched, web("here:web.2:80"))
    etcd.put(WEB, "10.9.9.9:9", lease=etcd.grant(600))
    proxy.answer("kv/txn", 200, "{}", times=2)

    failures = await watched.put([Change(web().id, watched.record(web()), None)])

    assert isinstance(failures[web().id], NotOwner)
    assert etcd.values(PREFIX)[WEB] == "10.9.9.9:9"
