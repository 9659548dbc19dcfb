"""What readers of Eureka see, from a server with the caches of a real one."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from proxy import Proxy
from registrator.backend import Reading, Site
from registrator.errors import Unavailable
from registrator.fitness import Health, Status
from registrator.model import Instance
from registrator.watcher import opened
from registrator_backends.eureka import EurekaBackend
from registrator_backends.eureka.entry import Entry, Listing
from registrator_backends.eureka.reading import changed, to_instance, to_reading
from samples import drop, put, web
from standin_eureka import EurekaServer
from waiting import eventually

pytestmark = pytest.mark.needs_eureka

READER = Site(node="reader")
ENTRY = Entry(
    app="WEB", id="1", host="10.0.0.1", address="10.0.0.1", port=80, vip="web"
)


def listing(*entries: Entry, skipped: int = 0) -> Listing:
    return Listing(entries=entries, skipped=skipped)


CHANGED: dict[str, tuple[Listing, Listing, Listing]] = {
    "nothing": (listing(ENTRY), listing(), listing(ENTRY)),
    "one more": (listing(), listing(ENTRY), listing(ENTRY)),
    "another state": (
        listing(ENTRY),
        listing(replace(ENTRY, status="DOWN", action="MODIFIED")),
        listing(replace(ENTRY, status="DOWN", action="MODIFIED")),
    ),
    "one less": (listing(ENTRY), listing(replace(ENTRY, action="DELETED")), listing()),
    "one less that was not there": (
        listing(),
        listing(replace(ENTRY, action="DELETED")),
        listing(),
    ),
    "an earlier state": (
        listing(replace(ENTRY, updated=2)),
        listing(replace(ENTRY, updated=1, status="DOWN")),
        listing(replace(ENTRY, updated=2)),
    ),
    "an earlier removal": (
        listing(replace(ENTRY, updated=2)),
        listing(replace(ENTRY, updated=1, action="DELETED")),
        listing(replace(ENTRY, updated=2)),
    ),
    "the same id of another application": (
        listing(ENTRY),
        listing(replace(ENTRY, app="SHOP", action="DELETED")),
        listing(ENTRY),
    ),
}


@pytest.mark.parametrize(("known", "delta", "now"), CHANGED.values(), ids=CHANGED)
def test_a_delta_changes_what_it_names(
    known: Listing, delta: Listing, now: Listing
) -> None:
    assert changed(known, delta) == now
    assert changed(now, delta) == now


FOREIGN: dict[str, tuple[Entry, dict[str, Any]]] = {
    "as it is": (ENTRY, {"name": "web", "port": 80, "status": Status.PASSING}),
    "another virtual address": (replace(ENTRY, vip="x.example"), {"name": "web"}),
    "down": (replace(ENTRY, status="DOWN"), {"status": Status.CRITICAL}),
    "starting": (replace(ENTRY, status="STARTING"), {"status": Status.CRITICAL}),
    "unknown": (replace(ENTRY, status="UNKNOWN"), {"status": Status.CRITICAL}),
    "a secure port": (replace(ENTRY, port=0, secure_port=443), {"port": 443}),
    "a host name": (replace(ENTRY, host="box.example"), {"node": "box.example"}),
    "metadata": (
        replace(ENTRY, metadata={"management.port": "1", "registrator-tags": "[7]"}),
        {"metadata": {"management.port": "1"}, "tags": ()},
    ),
    "notes that are junk": (
        replace(
            ENTRY,
            metadata={
                "registrator-tags": "{",
                "registrator-weight": "heavy",
                "registrator-priority": "99999999",
                "registrator-transport": "pigeon",
            },
        ),
        {"tags": (), "weight": 1, "priority": 1, "transport": "tcp", "metadata": {}},
    ),
    "tags that are none": (
        replace(ENTRY, metadata={"registrator-tags": "7"}),
        {"tags": ()},
    ),
}


@pytest.mark.parametrize(("entry", "shown"), FOREIGN.values(), ids=FOREIGN)
def test_what_others_wrote_is_read_as_far_as_it_goes(
    entry: Entry, shown: Mapping[str, Any]
) -> None:
    instance = to_instance(entry)

    assert {field: getattr(instance, field) for field in shown} == shown


def test_an_entry_is_known_by_its_application_and_its_id() -> None:
    reading = to_reading(listing(ENTRY, replace(ENTRY, app="SHOP"), skipped=3))

    assert set(reading.instances) == {"WEB/1", "SHOP/1"}
    assert reading.skipped == 3


@asynccontextmanager
async def watching(uri: str, name: str = "") -> AsyncIterator[AsyncIterator[Reading]]:
    async with (
        EurekaBackend.from_uri(f"{uri}?poll=0.01", READER) as reader,
        opened(reader, name) as stream,
    ):
        yield stream


async def after(stream: AsyncIterator[Reading]) -> Reading:
    async with asyncio.timeout(30):
        return await anext(stream)


def ports(reading: Reading) -> dict[str, int]:
    return {each.id: each.port for each in reading.instances.values()}


async def test_after_the_first_reading_only_changes_are_asked_for(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web(), web("here:web.2:80"))
    async with watching(real_eureka.uri) as stream:
        assert ports(await after(stream)) == {
            "here:web.1:80": 8000,
            "here:web.2:80": 8000,
        }
        await put(backend, web(port=9))
        await drop(backend, web("here:web.2:80").id)
        real_eureka.advance(30)

        assert ports(await after(stream)) == {"here:web.1:80": 9}

    whole = [each for each in real_eureka.requests if each.path == "/eureka/apps"]
    assert len(whole) == 1


async def test_a_change_is_seen_when_the_servers_cache_is_filled_anew(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    async with watching(real_eureka.uri) as stream:
        assert ports(await after(stream)) == {}
        before = len(real_eureka.asked("/apps/delta"))
        await put(backend, web(health=Health.STARTING))
        real_eureka.advance(30)
        found = await after(stream)

    assert [each.status for each in found.instances.values()] == [Status.CRITICAL]
    assert len(real_eureka.asked("/apps/delta")) > before


async def test_where_the_digest_differs_everything_is_read_anew(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    async with watching(real_eureka.uri) as stream:
        await after(stream)
        await put(backend, web("here:web.2:80"))
        # The server forgets changes after three minutes.
        for lease in real_eureka.registry.leases.values():
            lease.renew(real_eureka.registry.now() + 600)
        real_eureka.advance(600)

        assert set(ports(await after(stream))) == {"here:web.1:80", "here:web.2:80"}

    whole = [each for each in real_eureka.requests if each.path == "/eureka/apps"]
    assert len(whole) == 2


async def test_a_server_without_deltas_is_read_as_a_whole(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    real_eureka.no_delta = True
    async with watching(real_eureka.uri) as stream:
        await after(stream)
        await put(backend, web())
        real_eureka.advance(30)

        assert ports(await after(stream)) == {"here:web.1:80": 8000}


async def test_servers_without_deltas_are_not_asked_in_turns(
    real_eureka: EurekaServer,
) -> None:
    with EurekaServer(no_delta=True) as other:
        real_eureka.no_delta = True
        uri = f"eureka://127.0.0.1:{real_eureka.port},127.0.0.1:{other.port}"
        async with watching(uri) as stream:
            await after(stream)
            asked = asyncio.ensure_future(after(stream))
            await eventually(
                lambda: len(real_eureka.asked("/apps/delta")) > 3, "it is read on"
            )
            asked.cancel()
            with suppress(asyncio.CancelledError):
                await asked

    assert [each for each in other.requests if each.path == "/eureka/apps"] == []


async def test_one_instance_may_stand_without_a_list(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    real_eureka.registry.single_as_object = True
    await put(backend, web())

    for name in ("", "web"):
        async with watching(real_eureka.uri, name) as stream:
            assert ports(await after(stream)) == {"here:web.1:80": 8000}


async def test_junk_is_skipped_and_counted(
    watched: EurekaBackend, proxy: Proxy, real_eureka: EurekaServer
) -> None:
    await put(watched, web())
    shown = real_eureka.registry.leases["WEB", "here:web.1:80"].shown()
    junk = [7, {}, shown | {"port": {"$": 99999, "@enabled": "true"}}, shown]
    whole = {"application": [{"name": "WEB", "instance": junk}, "nonsense"]}
    proxy.answer("GET /eureka/apps", 200, json.dumps({"applications": whole}))

    async with watching(f"eureka://127.0.0.1:{proxy.port}") as stream:
        reading = await after(stream)

    assert ports(reading) == {"here:web.1:80": 8000}
    assert reading.skipped == 4


async def test_what_another_server_says_does_not_go_on_with_the_first_ones_changes(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    with EurekaServer() as other:
        async with EurekaBackend.from_uri(other.uri, Site(node="here")) as writer:
            await put(writer, web("here:web.2:80"))
        uri = f"eureka://127.0.0.1:{real_eureka.port},127.0.0.1:{other.port}"
        async with watching(uri) as stream:
            assert set(ports(await after(stream))) == {"here:web.1:80"}
            real_eureka.stop()

            assert set(ports(await after(stream))) == {"here:web.2:80"}


async def test_a_server_that_is_away_ends_a_watch(real_eureka: EurekaServer) -> None:
    async with watching(real_eureka.uri) as stream:
        await after(stream)
        real_eureka.stop()

        with pytest.raises(Unavailable, match="no connection"):
            await after(stream)


async def test_our_own_come_back_as_they_were(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    rich = web(
        "team/web",
        name="Shop",
        tags=("b", "a,c"),
        metadata={"zone": "eu"},
        transport="udp",
        priority=3,
        weight=7,
    )
    await put(backend, rich)

    async with watching(real_eureka.uri, "shop") as stream:
        (found,) = (await after(stream)).instances.values()

    assert found == replace(Instance.of(rich, node="here"), name="shop", container="")
