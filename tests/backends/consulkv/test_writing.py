"""Which keys there are after writing, whose they are, and what is left alone."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from consul_keys import begin, change, end, keys, remove, sessions, write
from contract.stores import agree, records
from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import NotOwner, Rejected, Unavailable
from registrator.fitness import Health
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.consulkv import ConsulKvBackend
from registrator_backends.consulkv.layout import Layout
from samples import drop, put, web

pytestmark = pytest.mark.needs_consul

WEB = "services/web/here:web.1:80"
INDEX = "registrator/here/services%2F/here:web.1:80"
MARK = Layout(prefix="services", index="registrator", node="here").mark


@asynccontextmanager
async def opened(
    agent: ConsulAgent, *, options: str = "", node: str = "here", **site: Any
) -> AsyncIterator[ConsulKvBackend]:
    """Open a backend anew, as after a start of the daemon."""
    uri = f"consulkv://127.0.0.1:{agent.port}/services{options}"
    made = ConsulKvBackend.from_uri(uri, replace(Site(node=node), **site))
    async with made as backend:
        yield backend


async def test_a_key_holds_what_the_anchor_would_write(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(), web("here:six:80", address="fd00::1"))

    held = keys(consul, "services/")
    assert {key: entry.value for key, entry in held.items()} == {
        WEB: b"10.0.0.1:8000",
        "services/web/here:six:80": b"[fd00::1]:8000",
    }


async def test_a_key_holds_everything_as_json(consul: ConsulAgent) -> None:
    async with opened(consul, options="?format=json") as backend:
        await put(backend, web(tags=("blue",), metadata={"version": "2"}))

    held = json.loads(keys(consul)[WEB].value)
    assert held["tags"] == ["blue"]
    assert held["metadata"] == {"version": "2"}
    assert held["node"] == "here"


async def test_key_and_index_carry_the_same_mark_and_session(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await put(backend, web())

    held = keys(consul)
    assert set(held) == {WEB, INDEX}
    assert held[INDEX].value == WEB.encode()
    assert {entry.flags for entry in held.values()} == {MARK}
    assert len({entry.session for entry in held.values()}) == 1
    assert held[WEB].session in sessions(consul)


async def test_without_a_ttl_keys_are_held_by_no_session(consul: ConsulAgent) -> None:
    before = sessions(consul)
    async with opened(consul, ttl=0.0) as backend:
        await put(backend, web())

        assert {entry.session for entry in keys(consul).values()} == {""}
        assert sessions(consul) == before
        await backend.refresh({})
        assert await backend.owned() == records(backend, [web()])


async def test_a_service_that_is_not_passing_has_no_key(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    await agree(backend, web(health=Health.UNHEALTHY))

    assert keys(consul) == {}


async def test_another_name_leaves_no_key_under_the_old_one(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await put(backend, web())

    assert await put(backend, web(name="shop")) == {}

    assert set(keys(consul)) == {"services/shop/here:web.1:80", INDEX}


async def test_a_restart_changes_no_key(consul: ConsulAgent) -> None:
    services = [web(), web("here:web.2:80", port=9)]
    async with opened(consul) as backend:
        await agree(backend, *services)
    before = keys(consul)

    async with opened(consul) as backend:
        await agree(backend, *services)
        await backend.refresh(await backend.owned())

    assert keys(consul) == before


async def test_what_died_while_nobody_looked_goes_after_the_restart(
    consul: ConsulAgent,
) -> None:
    async with opened(consul) as backend:
        await agree(backend, web(), web("here:web.2:80"))

    async with opened(consul) as backend:
        await agree(backend, web())

    assert set(keys(consul)) == {WEB, INDEX}


async def test_another_ttl_moves_every_key_to_a_session_of_its_own(
    consul: ConsulAgent,
) -> None:
    async with opened(consul) as backend:
        await agree(backend, web())
    before = keys(consul)[WEB].session

    async with opened(consul, ttl=30.0) as backend:
        await agree(backend, web())
        end(consul, before)

        assert await backend.owned() == records(backend, [web()])


async def test_keys_can_be_given_to_a_session_and_taken_from_it(
    consul: ConsulAgent,
) -> None:
    for ttl in (0.0, 60.0, 0.0):
        async with opened(consul, ttl=ttl) as backend:
            assert await agree(backend, web()) == {}
            assert await backend.owned() == records(backend, [web()])

        held = keys(consul)
        assert {bool(entry.session) for entry in held.values()} == {ttl > 0}


async def test_a_session_of_anothers_on_our_keys_is_not_taken_up(
    consul: ConsulAgent,
) -> None:
    async with opened(consul) as backend:
        await agree(backend, web())
    mine = keys(consul)[WEB].session
    other = begin(consul, "lock")
    for key in (WEB, INDEX):
        change(consul, "unlock", key, Session=mine, Flags=MARK)
        change(consul, "lock", key, Session=other, Flags=MARK)

    async with opened(consul) as backend:
        assert await agree(backend, web()) == {}

    end(consul, other)
    assert {entry.session for entry in keys(consul).values()}.isdisjoint({other, ""})


async def test_a_session_that_ended_is_told_and_replaced(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    end(consul, keys(consul)[WEB].session)
    assert keys(consul) == {}

    with pytest.raises(Unavailable, match="the session ended, and its keys with it"):
        await backend.refresh({})

    assert await agree(backend, web()) == {}
    assert set(keys(consul)) == {WEB, INDEX}
    await backend.refresh({})


async def test_a_session_that_ended_is_noticed_by_a_write_too(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    end(consul, keys(consul)[WEB].session)

    with pytest.raises(Unavailable, match="the session ended"):
        await agree(backend, web())

    assert await agree(backend, web()) == {}
    assert await backend.owned() == records(backend, [web()])


async def test_one_request_keeps_all_keys_alive(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await agree(watched, *(web(f"here:{n}:80") for n in range(100)))
    proxy.requests.clear()

    await watched.refresh(await watched.owned())

    assert [str(r) for r in proxy.asked("/v1/session")] == [
        str(r) for r in proxy.asked("PUT /v1/session/renew/")
    ]
    assert len(proxy.asked("/v1/session")) == 1


async def test_what_we_own_is_found_without_looking_at_what_others_own(
    watched: ConsulKvBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    async with opened(consul, node="there") as other:
        await agree(other, *(web(f"there:{n}:80") for n in range(200)))
    await agree(watched, web())
    proxy.requests.clear()

    assert await watched.owned() == records(watched, [web()])

    assert len(proxy.requests) == 2
    assert not proxy.asked("/v1/kv/services")


async def test_a_key_that_somebody_removed_is_written_again(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    remove(consul, WEB)

    assert await agree(backend, web()) == {}

    assert keys(consul)[WEB].value == b"10.0.0.1:8000"


async def test_an_index_without_its_key_goes_with_the_service(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    remove(consul, WEB)

    assert await agree(backend) == {}

    assert keys(consul) == {}


async def test_a_key_without_its_index_is_taken_up_again_when_wanted(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    remove(consul, INDEX)

    assert await agree(backend, web()) == {}

    assert set(keys(consul)) == {WEB, INDEX}


@pytest.mark.parametrize("value", [b"10.0.0.1:8000", b"junk"])
async def test_a_key_that_somebody_wrote_over_is_put_right(
    backend: ConsulKvBackend, consul: ConsulAgent, value: bytes
) -> None:
    await agree(backend, web())
    before = keys(consul)[WEB].session
    write(consul, WEB, value)

    assert await agree(backend, web()) == {}

    held = keys(consul)[WEB]
    assert (held.value, held.flags, held.session) == (b"10.0.0.1:8000", MARK, before)


async def test_a_key_that_another_made_its_own_stays_anothers(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    await agree(backend, web())
    remove(consul, WEB)
    write(consul, WEB, b"10.9.9.9:9", flags=42)

    failures = await agree(backend, web())
    assert isinstance(failures[web().id], NotOwner)
    assert await agree(backend) == {}

    assert {key: entry.value for key, entry in keys(consul).items()} == {
        WEB: b"10.9.9.9:9"
    }


async def test_an_index_that_names_anothers_key_does_not_make_it_ours(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    theirs = "services/web/here:theirs:80"
    write(consul, theirs, b"10.9.9.9:9", flags=42)
    write(consul, "registrator/here/services%2F/here:theirs:80", theirs.encode())

    assert await agree(backend) == {}

    assert set(keys(consul)) == {theirs}


async def test_junk_in_the_index_is_left_out(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    write(consul, "registrator/here/services%2F/", b"")
    write(consul, "registrator/here/services%2F/x", b"\xff\x00")

    assert await backend.owned() == {}
    assert await agree(backend, web("x")) == {}
    assert await backend.owned() == records(backend, [web("x")])


async def test_an_unmarked_key_is_adopted_when_wanted(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    write(consul, WEB, b"10.0.0.1:8000")

    assert await put(backend, web()) == {}

    assert await backend.owned() == records(backend, [web()])


async def test_an_unmarked_key_that_nobody_wants_stays(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    write(consul, WEB, b"10.0.0.1:8000")

    assert await backend.owned() == {}
    failures = await backend.drop([Change(web().id, None, backend.record(web()))])

    assert isinstance(failures[web().id], NotOwner)
    assert set(keys(consul)) == {WEB}


async def test_an_unmarked_key_that_a_session_holds_is_anothers(
    backend: ConsulKvBackend, consul: ConsulAgent
) -> None:
    theirs = begin(consul, "theirs")
    change(consul, "lock", WEB, Value="eA==", Session=theirs)

    failures = await put(backend, web())

    assert "is held by another's session" in str(failures[web().id])
    end(consul, theirs)


async def test_cleanup_takes_over_what_the_anchor_left_for_this_host(
    consul: ConsulAgent,
) -> None:
    left = {
        WEB: b"10.0.0.1:8000",
        "services/web/here:old:80": b"10.0.0.1:1",
        "services/dns/here:old:53:udp": b"10.0.0.1:2",
    }
    others = {
        "services/web/there:web.1:80": b"10.0.0.2:8000",
        "services/web/custom-id": b"10.0.0.1:3",
        "elsewhere/web/here:old:80": b"10.0.0.1:4",
    }
    for key, value in {**left, **others}.items():
        write(consul, key, value)
    async with opened(consul, cleanup=True) as backend:
        assert set(await backend.owned()) == {
            web().id,
            ServiceId("here:old:80"),
            ServiceId("here:old:53:udp"),
        }

        assert await agree(backend, web()) == {}

        assert await backend.owned() == records(backend, [web()])
    held = {key: entry.value for key, entry in keys(consul).items()}
    assert held == {**others, WEB: b"10.0.0.1:8000", INDEX: WEB.encode()}


async def test_cleanup_removes_the_names_that_a_service_had_before(
    consul: ConsulAgent,
) -> None:
    for name in ("old", "older"):
        write(consul, f"services/{name}/here:web.1:80", b"10.0.0.1:8000")
    async with opened(consul, cleanup=True) as backend:
        await agree(backend, web())
        write(consul, "services/oldest/here:web.1:80", b"10.0.0.1:8000")

        assert await agree(backend, web()) == {}

    assert set(keys(consul)) == {WEB, INDEX}


async def test_cleanup_leaves_what_somebody_marked_or_holds(
    consul: ConsulAgent,
) -> None:
    write(consul, WEB, b"10.0.0.1:8000", flags=7)
    async with opened(consul, cleanup=True) as backend:
        assert await backend.owned() == {}
        assert await drop(backend, web().id) == {}

    assert set(keys(consul)) == {WEB}


async def test_two_nodes_on_one_host_leave_each_others_keys_alone(
    consul: ConsulAgent,
) -> None:
    async with opened(consul) as one, opened(consul, node="other") as two:
        await agree(one, web())
        await agree(two, web("other:web.1:80"))

        failures = await agree(two, web(), web("other:web.1:80"))

        assert isinstance(failures[web().id], NotOwner)
        await agree(two)
        assert await one.owned() == records(one, [web()])


async def test_two_prefixes_of_one_daemon_do_not_meet(consul: ConsulAgent) -> None:
    other = ConsulKvBackend.from_uri(
        consul.uri.replace("consul", "consulkv"), Site(node="here")
    )
    async with opened(consul) as one, other as two:
        await agree(one, web())
        await agree(two, web(name="services"))

        assert await agree(one, web()) == await agree(two) == {}

        assert await one.owned() == records(one, [web()])
        assert set(keys(consul)) == {WEB, INDEX}


async def test_one_item_that_changed_meanwhile_does_not_spoil_the_others(
    watched: ConsulKvBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    services = [web(f"here:{n}:80") for n in range(12)]
    theirs = "services/web/here:7:80"
    proxy.after("PUT /v1/txn", lambda: write(consul, theirs, b"x", flags=9))

    failures = await put(watched, *services)

    proxy.heal()
    assert set(failures) == {ServiceId("here:7:80")}
    assert isinstance(failures[ServiceId("here:7:80")], Unavailable)
    assert len(keys(consul, "services/")) == 12
    again = await put(watched, *services)
    assert isinstance(again[ServiceId("here:7:80")], NotOwner)


async def test_values_are_shared_out_to_transactions_that_are_small_enough(
    consul: ConsulAgent,
) -> None:
    async with opened(consul, options="?format=json") as backend:
        large = web("here:large:80", metadata={"x": "x" * 300_000})
        with pytest.raises(Rejected, match="more than a transaction carries"):
            backend.record(large)

        some = [web(f"here:{n}:80", metadata={"x": "x" * 200_000}) for n in range(5)]
        assert await put(backend, *some) == {}
        assert await backend.owned() == records(backend, some)


async def test_one_value_that_an_agent_does_not_take_does_not_spoil_the_others(
    start_consul: StartConsul,
) -> None:
    agent = start_consul(
        {"limits": {"txn_max_req_len": 4000, "kv_max_value_size": 4000}}
    )
    large = web("here:large:80", metadata={"x": "x" * 3000})
    some = [web(f"here:{n}:80") for n in range(5)]
    async with opened(agent, options="?format=json") as backend:
        failures = await put(backend, *some, large)

        assert set(failures) == {large.id}
        assert isinstance(failures[large.id], Rejected)
        assert "413" in str(failures[large.id])
        assert await backend.owned() == records(backend, some)
