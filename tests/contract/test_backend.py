"""What every backend promises, on the real store of each."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from contract.stores import AnyBackend, Store, agree, claiming, outliving, records
from registrator.check import Check
from registrator.errors import NotOwner, Rejected
from registrator.fitness import Cause, Finding, Health, Status
from registrator.model import ContainerId, Service
from registrator.planner import Change
from samples import web

BESIDE = web("here:other:80", port=8001)
"""Another service, not in the way of the one that a test is about."""


async def test_a_store_that_was_never_written_holds_nothing_of_ours(
    backend: AnyBackend,
) -> None:
    assert await backend.owned() == {}


async def test_what_was_put_is_owned_exactly_as_the_record_says(
    backend: AnyBackend,
) -> None:
    failures = await agree(backend, web())

    assert failures == {}
    assert await backend.owned() == records(backend, [web()])


async def test_two_services_of_one_name_are_kept_apart(backend: AnyBackend) -> None:
    both = web("here:web.1:80"), web("here:web.2:80", address="10.0.0.2")

    await agree(backend, *both)

    assert await backend.owned() == records(backend, both)


async def test_putting_what_is_there_changes_nothing(backend: AnyBackend) -> None:
    await agree(backend, web())
    before = await backend.owned()

    failures = await backend.put([Change(web().id, backend.record(web()), None)])

    assert failures == {}
    assert await backend.owned() == before


CHANGES: dict[str, dict[str, Any]] = {
    "another name": {"name": "shop"},
    "another address": {"address": "10.0.0.2"},
    "an IPv6 address": {"address": "fd00::1"},
    "another port": {"port": 8001},
    "another transport": {"transport": "udp"},
    "tags in another order": {"tags": ("b", "a")},
    "tags that are words": {"tags": ("büro", "日本", "🚢", "a b", "a=b,c", "<&>")},
    "no tags": {"tags": ()},
    "other metadata": {"metadata": {"version": "2"}},
    "no metadata": {"metadata": {}},
    "another check": {"checks": (Check(kind="tcp", target="10.0.0.1:8000"),)},
    "no checks": {"checks": ()},
    "a healthy container": {"health": Health.HEALTHY},
    "a container that starts": {"health": Health.STARTING},
    "another priority": {"priority": 7},
    "another weight": {"weight": 7},
    "another weight while warning": {"weight_warning": 3},
    "another address elsewhere": {"tagged_addresses": {"wan": ("192.0.2.1", 80)}},
    "tags that others may change": {"enable_tag_override": True},
    "another container": {"container": ContainerId("0" * 64)},
    "another container name": {"container_name": "shop.1"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_of_any_field_is_owned_as_the_record_says(
    backend: AnyBackend, change: dict[str, Any]
) -> None:
    before = web(
        tags=("a", "b"),
        metadata={"version": "1"},
        checks=(Check(kind="http", target="http://127.0.0.1:9/health"),),
    )
    after = replace(before, **change)
    await agree(backend, before)

    failures = await agree(backend, after)

    assert failures == {}
    assert await backend.owned() == records(backend, [after])


async def test_what_was_dropped_is_not_owned(backend: AnyBackend) -> None:
    await agree(backend, web())

    failures = await agree(backend)

    assert failures == {}
    assert await backend.owned() == {}


async def test_dropping_what_is_not_there_is_a_success(backend: AnyBackend) -> None:
    record = backend.record(web())

    failures = await backend.drop([Change(web().id, None, record)])

    assert failures == {}


async def test_nothing_to_write_is_no_error(backend: AnyBackend) -> None:
    assert await backend.put([]) == {}
    assert await backend.drop([]) == {}


async def test_refreshing_changes_nothing(backend: AnyBackend) -> None:
    await agree(
        backend,
        web(),
        web("here:ttl:80", port=8001, checks=(Check(kind="ttl", ttl=30),)),
    )
    before = await backend.owned()

    await backend.refresh(before)

    assert await backend.owned() == before


FITNESS: Sequence[dict[str, Any]] = (
    *({"health": health} for health in Health),
    *(
        {"results": (Finding(cause=Cause.CHECK, status=status, output="503"),)}
        for status in Status
    ),
    {"maintenance": "new disk"},
)
"""All that may be said of a service."""


@pytest.mark.parametrize("said", FITNESS)
async def test_a_service_is_where_the_store_keeps_those_of_its_health(
    backend: AnyBackend, said: dict[str, Any]
) -> None:
    service = web(checks=(Check(kind="redis", target="10.0.0.1:8000"),), **said)
    await agree(backend, web())

    failures = await agree(backend, service)

    assert failures == {}
    assert await backend.owned() == records(backend, [service])


ODD_IDS = (
    "here:web.1:53:udp",
    "w",
    "team/web",
    "100%",
    "web#1?x=y&z",
    "a b",
    "a;b,c=d+e~f",
    "back\\slash",
    "'quoted\"",
    "bücher",
    "日本",
    "x" * 200,
)


@pytest.mark.parametrize("name", ODD_IDS)
async def test_an_odd_id_comes_and_goes(backend: AnyBackend, name: str) -> None:
    await agree(backend, web(name), BESIDE)
    assert await backend.owned() == records(backend, [web(name), BESIDE])

    failures = await agree(backend, BESIDE)

    assert failures == {}
    assert await backend.owned() == records(backend, [BESIDE])


HOSTILE = {
    "no id": web(""),
    "an id of dots": web(".."),
    "an id that climbs": web("../../kv/secret"),
    "an id with an empty part": web("a//b"),
    "an id from the root": web("/a"),
    "an id of two lines": web("a\nb"),
    "an id with a zero": web("a\x00b"),
    "an id with an invisible space": web("a\u200bb"),
    "an id that is no text": web("\ud800"),
    "an endless id": web("x" * 10_000),
    "a name with a slash": web(name="a.b/c"),
    "a name with a space": web(name="a b"),
    "a name that is too long": web(name="x" * 300),
    "a name that cannot be seen": web(name="\x7f"),
    "an empty tag": web(tags=("",)),
    "tags with control characters": web(tags=("\x00", "a\nb", "\u202e")),
    "a tag that is no text": web(tags=("\ud800",)),
    "an endless tag": web(tags=("x" * 10_000,)),
    "a thousand tags": web(tags=tuple(f"t{number}" for number in range(1000))),
    "metadata without a key": web(metadata={"": "x"}),
    "a key with a dot": web(metadata={"a.b": "x"}),
    "a key of Consul's": web(metadata={"consul-x": "x"}),
    "somebody else's mark": web(metadata={"registrator-owner": "there"}),
    "a hurry": web(metadata={"registrator-ttl": "0.001s"}),
    "a value of two lines": web(metadata={"key": "line\nline\x00"}),
    "an endless value": web(metadata={"key": "x" * 10_000}),
    "a value that is no text": web(metadata={"key": "\udcff"}),
    "a hundred keys": web(metadata={f"k{number}": "" for number in range(100)}),
    "no weight": web(weight=0),
    "too much weight": web(weight=100_000),
    "a negative weight": web(weight_warning=-1),
    "a check without sense": web(checks=(Check(kind="http", interval=0),)),
    "a TTL of nothing": web(checks=(Check(kind="ttl"),)),
    "a TTL for ever": web(checks=(Check(kind="ttl", ttl=float("inf")),)),
    "a timeout for ever": web(checks=(Check(kind="tcp", timeout=1e300),)),
    "an endless container name": web(container_name="x" * 600),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_a_record_is_either_refused_or_kept_exactly(
    backend: AnyBackend, hostile: Service
) -> None:
    await agree(backend, BESIDE)
    try:
        record = backend.record(hostile)
    except Rejected:
        wanted = {}
    else:
        wanted = {} if record is None else {hostile.id: record}

    changes = [Change(key, record, None) for key, record in wanted.items()]
    failures = await backend.put(changes)

    kept = {key: value for key, value in wanted.items() if key not in failures}
    assert all(isinstance(error, Rejected) for error in failures.values())
    assert await backend.owned() == kept | records(backend, [BESIDE])


async def test_two_hundred_services_are_written_at_once(backend: AnyBackend) -> None:
    many = [web(f"here:web.{number}:80", port=number) for number in range(1, 201)]

    failures = await agree(backend, *many)

    assert failures == {}
    assert await backend.owned() == records(backend, many)


async def test_a_put_that_is_cancelled_can_be_repeated(backend: AnyBackend) -> None:
    many = [web(f"here:web.{number}:80", port=number) for number in range(1, 101)]
    with suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            await agree(backend, *many)

    failures = await agree(backend, *many)

    assert failures == {}
    assert await backend.owned() == records(backend, many)


@outliving
async def test_a_restarted_daemon_finds_what_it_had_written(store: Store) -> None:
    rich = web(
        tags=("b", "a"),
        metadata={"version": "1"},
        checks=(Check(kind="ttl", ttl=30), Check(kind="tcp", target="10.0.0.1:8000")),
        health=Health.UNHEALTHY,
        weight=3,
        tagged_addresses={"wan": ("192.0.2.1", 80), "lan_ipv4": ("10.0.0.1", 8000)},
    )
    async with store("here") as first:
        await agree(first, web("here:web.2:80"), rich)

    async with store("here") as second:
        found = await second.owned()

    assert found == records(second, [web("here:web.2:80"), rich])


@outliving
async def test_what_another_host_wrote_is_not_ours(store: Store) -> None:
    async with store("there") as other:
        await agree(other, web())

    async with store("here") as ours:
        assert await ours.owned() == {}


@claiming
async def test_what_another_host_wrote_is_never_overwritten(store: Store) -> None:
    async with store("there") as other, store("here") as ours:
        await agree(other, web())

        failures = await agree(ours, web(port=9))

        assert isinstance(failures[web().id], NotOwner)
        assert await other.owned() == records(other, [web()])


@claiming
async def test_what_another_host_wrote_is_never_removed(store: Store) -> None:
    async with store("there") as other, store("here") as ours:
        await agree(other, web())

        failures = await ours.drop([Change(web().id, None, ours.record(web()))])

        assert isinstance(failures[web().id], NotOwner)
        assert await other.owned() == records(other, [web()])
