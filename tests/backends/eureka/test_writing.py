"""What stands in Eureka after writing, and what is left alone."""

from pathlib import Path
from typing import Any

import pytest

from registrator.backend import Site
from registrator.errors import NotOwner, Rejected, Unavailable
from registrator.fitness import Health
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.eureka import EurekaBackend
from samples import drop, put, web
from standin_eureka import EurekaServer

pytestmark = pytest.mark.needs_eureka

WEB = ("WEB", "here:web.1:80")
HUDL: dict[str, Any] = {
    "hostName": "10.0.0.1_8000",
    "app": "OLD",
    "ipAddr": "10.0.0.1",
    "port": {"$": 8000, "@enabled": "true"},
    "dataCenterInfo": {"name": "Amazon", "metadata": {"instance-id": "10.0.0.1_8000"}},
    "instanceId": "10.0.0.1_8000",
    "metadata": {"is-container": "true", "container-id": "4fa6e0f0c678"},
}
"""What hudl's fork of gliderlabs/registrator writes."""


def writes(server: EurekaServer) -> list[str]:
    """List the requests that change something; heartbeats do not."""
    return [
        str(request)
        for request in server.requests
        if request.method in {"POST", "DELETE"}
    ]


async def test_what_is_there_already_is_not_written_again(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    dirty = real_eureka.registry.leases[WEB].dirty

    await put(backend, web())

    assert len(writes(real_eureka)) == 1
    assert real_eureka.registry.leases[WEB].dirty == dirty


async def test_a_restart_leaves_every_instance_as_it_is(
    real_eureka: EurekaServer, tmp_path: Path
) -> None:
    site = Site(node="here", state=tmp_path)
    async with EurekaBackend.from_uri(real_eureka.uri, site) as first:
        await first.owned()
        await put(first, web(), web("here:web.2:80"))
    before = real_eureka.instances()

    async with EurekaBackend.from_uri(real_eureka.uri, site) as second:
        found = await second.owned()
        await put(second, web(), web("here:web.2:80"))
        await second.refresh(found)

    assert len(found) == 2
    assert len(writes(real_eureka)) == 2
    assert [
        each["lastDirtyTimestamp"] for each in real_eureka.instances().values()
    ] == [each["lastDirtyTimestamp"] for each in before.values()]


async def test_what_an_earlier_daemon_wrote_last_is_found_by_a_second_look(
    real_eureka: EurekaServer,
) -> None:
    site = Site(node="here")
    async with EurekaBackend.from_uri(real_eureka.uri, site) as first:
        await first.owned()
        await put(first, web())
    async with EurekaBackend.from_uri(real_eureka.uri, site) as second:
        assert await second.owned() == {}
        real_eureka.advance(30)

        assert set(await second.owned()) == {web().id}


async def test_the_whole_registry_is_read_after_a_start_and_not_for_ever(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    await backend.owned()
    listings = len(real_eureka.asked("GET /eureka/apps"))
    singles = len(real_eureka.asked("GET /eureka/apps/WEB/"))

    await backend.owned()

    assert len(real_eureka.asked("GET /eureka/apps/WEB/")) == singles + 1
    assert len(real_eureka.asked("GET /eureka/apps")) == listings + 2


async def test_two_nodes_on_one_registry_see_only_their_own(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="there")) as other:
        await put(backend, web())
        await put(other, web("there:web.1:80"))
        real_eureka.advance(30)

        assert set(await backend.owned()) == {ServiceId("here:web.1:80")}
        assert set(await other.owned()) == {ServiceId("there:web.1:80")}


async def test_another_nodes_instance_is_left_alone(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="there")) as other:
        await put(other, web())
    before = real_eureka.instances()

    failures = {**await put(backend, web()), **await drop(backend, web().id)}

    assert isinstance(failures[web().id], NotOwner)
    assert str(failures[web().id]) == "its instance belongs to 'there'"
    assert real_eureka.instances() == before


async def test_an_instance_without_a_mark_is_taken_over_but_never_removed(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    theirs = HUDL | {"instanceId": "here:web.1:80", "app": "WEB", "metadata": {}}
    real_eureka.registry.register("WEB", theirs)

    failures = await drop(backend, web().id)
    assert str(failures[web().id]) == "its instance carries nobody's mark"

    assert await put(backend, web()) == {}
    assert await drop(backend, web().id) == {}
    assert real_eureka.instances() == {}


async def test_a_service_of_another_name_leaves_its_old_application(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())

    await put(backend, web(name="shop"))

    assert set(real_eureka.instances()) == {("SHOP", "here:web.1:80")}
    assert writes(real_eureka)[1:] == [
        "POST /eureka/apps/SHOP",
        "DELETE /eureka/apps/WEB/here%3Aweb.1%3A80",
    ]


async def test_an_instance_that_stands_twice_is_put_right(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as earlier:
        await put(earlier, web(name="old"))
    await put(backend, web())
    real_eureka.registry.cached("")
    found = await backend.owned()

    assert found[web().id] != backend.record(web())
    wanted = backend.record(web())
    await backend.put([Change(web().id, wanted, found[web().id])])

    assert set(real_eureka.instances()) == {WEB}
    assert await backend.owned() == {web().id: wanted}


async def test_what_is_dropped_is_found_whatever_its_application(
    real_eureka: EurekaServer,
) -> None:
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as earlier:
        await put(earlier, web(name="old"))
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as later:
        assert await drop(later, web().id) == {}

    assert real_eureka.instances() == {}


CHANGES = [
    (before, after) for before in Health for after in Health if before is not after
]


@pytest.mark.parametrize(("before", "after"), CHANGES)
async def test_a_change_of_health_is_shown_whatever_it_was_before(
    backend: EurekaBackend, real_eureka: EurekaServer, before: Health, after: Health
) -> None:
    await put(backend, web(health=before))

    await put(backend, web(health=after))

    wanted = backend.record(web(health=after))
    assert real_eureka.instances()[WEB]["status"] == wanted.status
    assert await backend.owned() == {web().id: wanted}


async def test_an_operators_override_stays_and_is_not_fought(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    real_eureka.registry.override(*WEB, "OUT_OF_SERVICE")

    found = await backend.owned()
    await backend.refresh(found)
    await put(backend, web(port=9))

    assert found == {web().id: backend.record(web())}
    assert real_eureka.instances()[WEB]["status"] == "OUT_OF_SERVICE"
    assert real_eureka.instances()[WEB]["port"]["$"] == 9


async def test_an_override_that_is_taken_back_leaves_our_status(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as later:
        real_eureka.registry.override(*WEB, "OUT_OF_SERVICE")
        real_eureka.advance(30)
        found = await later.owned()
        # Without a value the server knows no status until it is registered again.
        real_eureka.registry.release(*WEB, "UNKNOWN")

        with pytest.raises(Unavailable, match="no such lease"):
            await later.refresh(found)
        assert await later.owned() != found
        await put(later, web())
        await later.refresh(await later.owned())

    assert real_eureka.instances()[WEB]["status"] == "UP"


async def test_a_clock_that_was_set_back_does_not_make_writing_vain(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    real_eureka.registry.leases[WEB].dirty += 3_600_000

    await put(backend, web(port=9))
    await backend.refresh(await backend.owned())

    assert real_eureka.instances()[WEB]["port"]["$"] == 9


async def test_what_a_server_finds_fault_with_is_not_tried_again(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    unfit = web(address="")

    failures = await put(backend, unfit, web("here:web.2:80"))

    assert isinstance(failures[unfit.id], Rejected)
    assert str(failures[unfit.id]) == "Eureka answers 400 Missing hostname"
    assert len(real_eureka.instances()) == 1


async def test_cleanup_takes_over_from_hudls_registrator_for_this_address_only(
    real_eureka: EurekaServer,
) -> None:
    theirs = {
        "this host's": HUDL,
        "another host's": HUDL | {"instanceId": "b", "ipAddr": "10.0.0.2"},
        "no container": HUDL | {"instanceId": "c", "metadata": {}},
    }
    for each in theirs.values():
        real_eureka.registry.register("OLD", each)
    site = Site(node="here", address="10.0.0.1", cleanup=True)
    async with EurekaBackend.from_uri(real_eureka.uri, site) as backend:
        found = await backend.owned()
        await backend.drop([Change(key, None, each) for key, each in found.items()])
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as careful:
        assert await careful.owned() == {}

    assert set(found) == {"10.0.0.1_8000"}
    assert set(real_eureka.instances()) == {("OLD", "b"), ("OLD", "c")}


async def test_leases_are_as_long_as_asked_for(real_eureka: EurekaServer) -> None:
    for ttl, refresh, told in (
        (60, 20, (90, 30)),
        (12, 4, (12, 4)),
        (0, 0, (2147483, 30)),
    ):
        site = Site(node="here", ttl=ttl, ttl_refresh=refresh)
        async with EurekaBackend.from_uri(real_eureka.uri, site) as backend:
            await put(backend, web())
            assert await backend.owned() == {web().id: backend.record(web())}
        lease = real_eureka.instances()[WEB]["leaseInfo"]
        assert (lease["durationInSecs"], lease["renewalIntervalInSecs"]) == told
