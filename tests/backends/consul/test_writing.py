"""What is written to a real agent, and with how many requests."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Site
from registrator.check import Check
from registrator.errors import NotOwner, Unavailable
from registrator.fitness import Health
from registrator.model import Service, ServiceId
from registrator.planner import Change, plan
from registrator_backends.consul import ConsulBackend
from samples import drop, put, web
from waiting import eventually

pytestmark = pytest.mark.needs_consul

TTL = Check(kind="ttl", ttl=30)


def requests(proxy: Proxy) -> list[str]:
    return [str(request) for request in proxy.requests]


async def change(backend: ConsulBackend, before: Service, after: Service) -> None:
    """Write a change of which the store is known to hold the state before."""
    step = Change(after.id, backend.record(after), backend.record(before))
    assert await backend.put([step]) == {}


async def index(consul: ConsulAgent, name: str = "web") -> int:
    """Say when Consul's catalog last saw a service change, its checks included."""
    (entry,) = await eventually(
        lambda: consul.get(f"/v1/health/service/{name}"), f"{name} is in the catalog"
    )
    indexes = [check["ModifyIndex"] for check in entry["Checks"] if check["ServiceID"]]
    return int(max(entry["Service"]["ModifyIndex"], *indexes, 0))


async def test_a_new_service_takes_a_look_and_a_registration(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    await put(watched, web())

    assert requests(proxy) == [
        "GET /v1/agent/service/here%3Aweb.1%3A80",
        "PUT /v1/agent/service/register?replace-existing-checks=true",
    ]


async def test_a_mere_change_of_health_is_one_small_request(
    watched: ConsulBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    ill, well = web(health=Health.STARTING), web(health=Health.HEALTHY)
    await put(watched, ill)
    proxy.requests.clear()

    await change(watched, ill, well)

    assert requests(proxy) == ["PUT /v1/agent/check/update/health%3Ahere%3Aweb.1%3A80"]
    check = consul.checks()["health:here:web.1:80"]
    assert (check["Status"], check["Output"]) == ("passing", "container is healthy")


async def test_a_health_check_that_is_gone_is_registered_again(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    ill, well = web(health=Health.UNHEALTHY), web(health=Health.HEALTHY)
    await put(backend, ill)
    consul.put("/v1/agent/check/deregister/health:here:web.1:80")

    await change(backend, ill, well)

    assert consul.checks()["health:here:web.1:80"]["Status"] == "passing"


async def test_the_engines_word_is_a_check_only_while_there_is_one(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web())
    assert not consul.checks()

    await put(backend, web(health=Health.PAUSED))
    assert consul.checks()["health:here:web.1:80"]["Output"] == "container is paused"

    await put(backend, web())
    assert not consul.checks()


async def test_reading_writes_nothing(
    watched: ConsulBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    await put(watched, web(health=Health.HEALTHY, checks=(TTL,)))
    before = await index(consul)
    proxy.requests.clear()

    await watched.owned()

    assert requests(proxy) == ["GET /v1/agent/services", "GET /v1/agent/checks"]
    assert await index(consul) == before


async def test_an_agent_that_shows_no_output_has_nothing_to_be_written_either(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({"discard_check_output": True})
    ill, well = web(health=Health.UNHEALTHY), web(health=Health.HEALTHY, checks=(TTL,))
    async with ConsulBackend.from_uri(agent.uri, Site(node="here")) as backend:
        await put(backend, well)
        found = await backend.owned()

        assert agent.checks()["health:here:web.1:80"]["Output"] == ""
        assert found == {well.id: backend.record(well)}
        assert found != {well.id: backend.record(replace(ill, checks=(TTL,)))}


async def test_a_round_without_differences_has_nothing_to_write(
    backend: ConsulBackend,
) -> None:
    service = web(health=Health.HEALTHY, checks=(TTL, TTL), tags=("b", "a"))
    await put(backend, service)

    steps = plan({service.id: backend.record(service)}, await backend.owned())

    assert not steps


async def test_writing_the_same_again_does_not_move_the_index(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    service = web(health=Health.HEALTHY, checks=(TTL,))
    await put(backend, service)
    before = await index(consul)

    await put(backend, service)
    await put(backend, web("here:later:80", name="later"))

    assert await index(consul, "later") > before
    assert await index(consul) == before


async def test_a_registration_does_not_disturb_a_check_that_passes(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    runs = Check(kind="script", command=("true",), interval=1)
    await put(backend, web(checks=(runs,)))
    status = "service:here:web.1:80"
    await eventually(
        lambda: consul.checks()[status]["Status"] == "passing", "the check passes"
    )

    await put(backend, web(tags=("new",), checks=(replace(runs, interval=3600),)))

    assert consul.services()["here:web.1:80"]["Tags"] == ["new"]
    assert consul.checks()[status]["Status"] == "passing"


async def test_checks_that_are_not_asked_for_any_more_go(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(checks=(TTL, TTL)))

    await put(backend, web(checks=(TTL,)))

    assert list(consul.checks()) == ["service:here:web.1:80"]


@pytest.mark.parametrize(
    ("checks", "pace"),
    [
        ((), None),
        ((Check(kind="tcp", target="10.0.0.1:8000"),), None),
        ((TTL,), 10),
        ((TTL, Check(kind="ttl", ttl=6)), 2),
        ((Check(kind="ttl", ttl=0.001),), 0.3),
    ],
)
async def test_heartbeats_come_thrice_within_the_shortest_ttl(
    backend: ConsulBackend, consul: ConsulAgent, checks: Any, pace: float | None
) -> None:
    await put(backend, web("here:quiet:80"), web(checks=checks))
    async with ConsulBackend.from_uri(consul.uri, Site(node="here")) as restarted:
        await restarted.owned()

        assert backend.refresh_every == pace
        assert restarted.refresh_every == pace


async def test_heartbeats_end_with_the_last_check_that_wants_them(
    backend: ConsulBackend,
) -> None:
    await put(backend, web(checks=(TTL,)))
    await put(backend, web())

    await backend.owned()

    assert backend.refresh_every is None


async def test_without_a_ttl_nothing_is_refreshed(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    await put(watched, web(health=Health.HEALTHY))
    held = await watched.owned()
    proxy.requests.clear()

    await watched.refresh(held)

    assert requests(proxy) == []


@pytest.mark.parametrize(
    ("health", "status"), [(Health.NONE, "passing"), (Health.UNHEALTHY, "critical")]
)
async def test_a_heartbeat_tells_the_containers_health(
    backend: ConsulBackend, consul: ConsulAgent, health: Health, status: str
) -> None:
    await put(backend, web(checks=(TTL,), health=health))
    path = "/v1/agent/check/update/service:here:web.1:80"
    consul.put(path, {"Status": "warning", "Output": "somebody else's"})

    await backend.refresh(await backend.owned())

    assert consul.checks()["service:here:web.1:80"]["Status"] == status


async def test_heartbeats_do_not_move_the_index(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(checks=(TTL,)))
    before = await index(consul)

    await backend.refresh(await backend.owned())
    await put(backend, web("here:later:80", name="later"))

    assert await index(consul, "later") > before
    assert await index(consul) == before


async def test_a_check_that_is_gone_is_found_out_by_its_heartbeat(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(checks=(TTL,)))
    held = await backend.owned()
    consul.clear()

    with pytest.raises(
        Unavailable, match=r"here:web\.1:80: a check with a TTL is gone"
    ):
        await backend.refresh(held)


async def test_a_heartbeat_that_is_refused_does_not_stop_the_others(
    watched: ConsulBackend,
    proxy: Proxy,
    consul: ConsulAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await put(watched, *(web(f"here:{n}:80", checks=(TTL,)) for n in "abc"))
    held = await watched.owned()
    proxy.answer("update/service%3Ahere%3Ab", 403, "Permission denied")
    proxy.requests.clear()

    await watched.refresh(held)
    await watched.refresh(held)

    assert len(proxy.asked("check/update")) == 6
    (told,) = [r.getMessage() for r in caplog.records if "Permission" in r.message]
    assert told.startswith(f"{watched.uri}: here:b:80: 403 Permission denied")
    assert told.endswith("; its checks will expire")


async def test_a_check_that_an_operator_added_makes_no_difference(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(checks=(TTL,)))
    before = await backend.owned()

    consul.put("/v1/agent/service/maintenance/here:web.1:80?enable=true")

    assert await backend.owned() == before


async def test_a_check_that_an_operator_removed_is_a_difference(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(checks=(TTL,)))

    consul.put("/v1/agent/check/deregister/service:here:web.1:80")

    assert await backend.owned() != {web().id: backend.record(web(checks=(TTL,)))}


async def test_tags_that_others_may_change_stay_changed(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    service = web(tags=("ours",), enable_tag_override=True)
    await put(backend, service)
    await index(consul)
    theirs = {"ID": service.id, "Service": "web", "Tags": ["theirs"], "Port": 8000}
    theirs |= {"Address": "10.0.0.1", "EnableTagOverride": True}
    entry = {"Node": "n1", "Address": "127.0.0.1", "Service": theirs}
    consul.put("/v1/catalog/register", entry)

    steps = plan({service.id: backend.record(service)}, await backend.owned())

    assert not steps
    assert consul.get("/v1/catalog/service/web")[0]["ServiceTags"] == ["theirs"]


async def test_at_most_sixteen_requests_are_under_way(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    answered = proxy.hold("/v1/agent")
    async with asyncio.TaskGroup() as group:
        services = [web(f"here:{n}:80") for n in range(60)]
        group.create_task(put(watched, *services), name="put")
        await eventually(lambda: proxy.most >= 16, "sixteen are under way")
        answered.set()

    assert proxy.most == 16


async def test_an_unmarked_record_is_adopted(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    consul.put("/v1/agent/service/register", {"ID": "here:web.1:80", "Name": "old"})

    await put(backend, web())

    assert consul.services()["here:web.1:80"]["Service"] == "web"
    assert list(await backend.owned()) == ["here:web.1:80"]


async def test_an_unmarked_record_is_not_removed(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    consul.put("/v1/agent/service/register", {"ID": "here:web.1:80", "Name": "old"})

    failures = await drop(backend, web().id)

    assert isinstance(failures[web().id], NotOwner)
    assert list(consul.services()) == ["here:web.1:80"]


async def test_cleanup_finds_what_the_anchor_left_for_this_host_alone(
    consul: ConsulAgent,
) -> None:
    left = ["here:web.1:80", "here:dns:53:udp", "here:sip:5060:sctp"]
    others = [
        "there:web.1:80",
        "here.example:web.1:80",
        "x:here:web.1:80",
        "here:w:80",
        "here:web.1:http",
        "here:web.1:80:tcp",
        "here",
    ]
    for name in left + others:
        consul.put("/v1/agent/service/register", {"ID": name, "Name": "old"})
    marked = {"ID": "here:shop:80", "Name": "x", "Meta": {"registrator-owner": "there"}}
    consul.put("/v1/agent/service/register", marked)
    site = Site(node="here", cleanup=True)

    async with ConsulBackend.from_uri(consul.uri, site) as backend:
        found = await backend.owned()
        failures = await drop(backend, *found, ServiceId("there:web.1:80"))

    assert sorted(found) == sorted(left)
    assert list(failures) == ["there:web.1:80"]
    assert sorted(consul.services()) == sorted([*others, "here:shop:80"])
