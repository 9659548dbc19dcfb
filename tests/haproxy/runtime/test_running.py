"""Servers of a real HAProxy that come and change, with real requests."""

from collections.abc import Awaitable, Callable

import pytest

from fixtures.haproxy import HaproxyServer, StartHaproxy, on_each_version
from instances import Instance, ask, instances, traffic
from registrator.errors import Unavailable
from registrator_haproxy.layout import Server
from registrator_haproxy.runtime.answers import Reason
from registrator_haproxy.runtime.console import Console
from registrator_haproxy.runtime.live import LiveServer, State
from registrator_haproxy.runtime.running import NoBackend, RunningBackend, look
from registrator_haproxy.whitelist import Unfit
from waiting import eventually

pytestmark = pytest.mark.needs_haproxy

TWO = """\
backend b
    balance roundrobin
    server a:1 127.0.0.1:1 weight 10
backend static
    balance static-rr
    server a:1 127.0.0.1:1 weight 10
backend other
    balance roundrobin
    server a:1 127.0.0.1:1 disabled
"""


def backend(haproxy: HaproxyServer, name: str = "b") -> RunningBackend:
    return RunningBackend(Console(haproxy.socket), name)


def server(instance: Instance, *options: str, weight: int | None = None) -> Server:
    return Server(
        name=f"127.0.0.1:{instance.port}",
        address="127.0.0.1",
        port=instance.port,
        weight=weight,
        options=options,
    )


def nowhere(number: int = 1, *options: str) -> Server:
    return Server(name=f"s{number}", address="127.0.0.1", port=1, options=options)


def statistics(haproxy: HaproxyServer, name: str) -> dict[str, str]:
    title, *lines = haproxy.ask("show stat b 4 -1").splitlines()
    (found,) = [line.split(",") for line in lines if line.startswith(f"b,{name},")]
    return dict(zip(title.split(","), found, strict=True))


async def one(running: RunningBackend) -> LiveServer:
    (found,) = (await running.look()).values()
    return found


async def test_servers_that_are_added_serve(haproxy: HaproxyServer) -> None:
    async with instances(3) as made:
        refused = await backend(haproxy).add(server(each) for each in made)

        assert refused == {}
        assert await ask(haproxy.url, 30) == {each.name: 10 for each in made}


async def test_an_added_server_uses_a_connection_more_than_once(
    haproxy: HaproxyServer,
) -> None:
    async with instances(1) as (made,):
        await backend(haproxy).add([server(made)])
        await ask(haproxy.url, 20)

        assert await ask(haproxy.url, 20) == {made.name: 20}
        name = f"127.0.0.1:{made.port}"
        assert int(statistics(haproxy, name)["reuse"]) >= 20


async def test_an_added_server_is_checked_if_it_is_to_be(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)

    await running.add([nowhere(1, "check", "inter", "50ms")])

    assert (await one(running)).checked

    async def is_down() -> bool:
        return (await one(running)).state == 0

    await eventually(is_down, "the check fails")


async def test_all_that_a_server_is_to_have_reaches_it(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)
    wanted = Server(
        name="::1:80",
        address="0:0:0:0:0:0:0:1",
        port=80,
        id=77,
        weight=5,
        backup=True,
        options=("enabled", "check", "inter", "10s", "pool-max-conn", "3"),
    )

    assert await running.add([wanted]) == {}

    found = await one(running)
    assert (found.name, found.address, found.port) == ("::1:80", "::1", 80)
    assert (found.id, found.weight, found.checked, found.ready) == (77, 5, True, True)


async def test_a_server_that_starts_slowly_has_its_weight_from_the_beginning(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)
    slowly = "check", "inter", "50ms", "slowstart", "3600s"
    async with instances(1) as (made,):
        assert await running.add([server(made, *slowly, weight=100)]) == {}
        starts = await one(running)

        assert await running.weigh({starts.name: 50}) == {}
        now = await one(running)

        assert [starts.state, now.state] == [State.STARTING] * 2
        assert [starts.weight, now.weight] == [100, 50]
        assert await ask(haproxy.url) == {made.name: 1}
        assert int(statistics(haproxy, starts.name)["weight"]) < 50


async def test_a_server_with_an_agent_is_asked_about(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)

    assert await running.add([nowhere(1, "agent-check", "agent-port", "2")]) == {}

    assert (await one(running)).agent_checked


async def test_a_disabled_server_is_added_and_takes_nobody(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)

    assert await running.add([nowhere(1, "disabled")]) == {}

    assert (await one(running)).in_maintenance


async def test_adding_again_changes_nothing(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)
    wanted = [nowhere(n, "check", "inter", "10s") for n in (1, 2)]
    await running.add(wanted)
    before = await running.look()

    assert await running.add(wanted) == {}
    assert await running.look() == before


@pytest.mark.parametrize("done", range(4))
async def test_adding_goes_on_from_wherever_it_was_left(
    haproxy: HaproxyServer, done: int
) -> None:
    steps = [
        "add server b/s1 127.0.0.1:1 check inter 10s",
        "enable health b/s1",
        "set server b/s1 state ready",
    ]
    for step in steps[:done]:
        haproxy.ask(step)
    running = backend(haproxy)

    assert await running.add([nowhere(1, "check", "inter", "10s")]) == {}

    found = await one(running)
    assert found.checked
    assert found.ready


async def test_adding_brings_back_one_that_was_to_go(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)
    wanted = Server(name="s1", address="127.0.0.1", port=1, weight=7)
    await running.add([wanted])
    await running.weigh({"s1": 9})
    await running.maintain(["s1"])

    assert await running.add([wanted]) == {}

    found = await one(running)
    assert (found.ready, found.weight) == (True, 7)


async def test_a_server_at_another_place_is_not_taken_for_the_wanted(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)
    await running.add([Server(name="s1", address="127.0.0.1", port=2)])
    await running.drain(["s1"])
    before = await running.look()

    refused = await running.add([nowhere(1)])

    assert refused["s1"].reason is Reason.EXISTS
    assert refused["s1"].says == "there is one at 127.0.0.1:2"
    assert await running.look() == before


async def test_a_host_name_is_refused_for_it_would_never_be_resolved(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)

    refused = await running.add([Server(name="s1", address="localhost", port=2)])

    assert refused["s1"].reason is Reason.UNRESOLVED
    assert await running.look() == {}


@on_each_version
async def test_a_server_of_the_file_that_has_a_host_name_may_stay(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy(
        "resolvers r\n    nameserver n 127.0.0.1:1\n"
        "backend b\n    balance roundrobin\n"
        "    server s1 localhost:2 resolvers r init-addr libc\n"
    )

    found = await backend(haproxy).look()
    refused = await backend(haproxy).add(
        [Server(name="s1", address="localhost", port=2)]
    )

    assert found["s1"].host == "localhost"
    assert refused == {}


async def test_what_one_server_is_refused_does_not_keep_the_others_out(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)
    wanted = [nowhere(1), nowhere(2, "nosuch"), nowhere(3)]

    refused = await running.add(wanted)

    assert refused["s2"].reason is Reason.OPTION
    assert refused["s2"].says == "unknown keyword 'nosuch'."
    assert list(await running.look()) == ["s1", "s3"]


async def test_a_check_cannot_be_had_by_a_server_that_came_without(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy)
    await running.add([nowhere(1)])

    refused = await running.add([nowhere(1, "check")])

    assert refused["s1"].reason is Reason.OPTION


@on_each_version
async def test_a_backend_of_static_balancing_takes_no_server(
    start_haproxy: StartHaproxy,
) -> None:
    running = backend(start_haproxy(TWO), "static")

    refused = await running.add([nowhere(1)])

    assert refused["s1"].reason is Reason.STATIC
    assert list(await running.look()) == ["a:1"]


@on_each_version
async def test_a_backend_of_static_balancing_takes_no_weight(
    start_haproxy: StartHaproxy,
) -> None:
    refused = await backend(start_haproxy(TWO), "static").weigh({"a:1": 3})

    assert refused["a:1"].reason is Reason.STATIC


async def test_a_weight_is_seen_in_the_traffic(haproxy: HaproxyServer) -> None:
    async with instances(2) as (light, heavy):
        running = backend(haproxy)
        await running.add([server(light, weight=1), server(heavy, weight=1)])
        assert await ask(haproxy.url, 40) == {light.name: 20, heavy.name: 20}

        assert await running.weigh({f"127.0.0.1:{heavy.port}": 3}) == {}

        assert await ask(haproxy.url, 40) == {light.name: 10, heavy.name: 30}


async def test_a_drained_server_gets_no_requests_until_it_is_ready_again(
    haproxy: HaproxyServer,
) -> None:
    async with instances(2) as (stays, goes):
        running = backend(haproxy)
        await running.add([server(stays), server(goes)])
        name = f"127.0.0.1:{goes.port}"

        assert await running.drain([name]) == {}
        assert await ask(haproxy.url, 10) == {stays.name: 10}
        assert await running.ready([name]) == {}
        assert await ask(haproxy.url, 10) == {stays.name: 5, goes.name: 5}
        assert await running.maintain([name]) == {}
        assert await ask(haproxy.url, 10) == {stays.name: 10}
        assert await running.drain([name]) == {}
        assert (await running.look())[name].draining


async def test_no_request_fails_while_servers_drain_and_come_back(
    haproxy: HaproxyServer,
) -> None:
    async with instances(2) as (stays, goes):
        running = backend(haproxy)
        await running.add([server(stays), server(goes)])
        async with traffic(haproxy.url) as seen:
            for _ in range(5):
                await running.drain([f"127.0.0.1:{goes.port}"])
                await seen.goes_on()
                await running.ready([f"127.0.0.1:{goes.port}"])
                await seen.goes_on()

    assert seen.failures == []


async def test_a_server_that_is_not_there_is_refused(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)
    await running.add([nowhere(1)])

    for refused in (
        await running.weigh({"s1": 5, "x": 5}),
        await running.drain(["s1", "x"]),
        await running.maintain(["s1", "x"]),
        await running.ready(["s1", "x"]),
    ):
        assert {name: each.reason for name, each in refused.items()} == {
            "x": Reason.NO_SERVER
        }


async def test_a_backend_that_is_not_there_takes_a_reload(
    haproxy: HaproxyServer,
) -> None:
    running = backend(haproxy, "nosuch")

    for step in (
        running.look(),
        running.look_closely(),
        running.add([nowhere(1)]),
        running.drain(["s1"]),
    ):
        with pytest.raises(NoBackend, match="backend nosuch: there is none"):
            await step


async def test_nothing_to_do_is_done(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)

    assert await running.add([]) == {}
    assert await running.drain([]) == {}


@on_each_version
async def test_other_servers_and_other_backends_are_not_touched(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy(TWO)
    running = backend(haproxy)
    before = await look(Console(haproxy.socket))

    await running.add([nowhere(1)])
    await running.weigh({"s1": 9})
    await running.drain(["s1"])
    await running.maintain(["s1"])
    await running.delete("s1", waits=False)

    assert await look(Console(haproxy.socket)) == before


@on_each_version
async def test_every_backend_is_seen_at_once(start_haproxy: StartHaproxy) -> None:
    found = await look(Console(start_haproxy(TWO).socket))

    assert list(found) == [("b", "a:1"), ("static", "a:1"), ("other", "a:1")]
    assert found["b", "a:1"].ready
    assert found["other", "a:1"].in_maintenance


async def test_what_is_attached_to_a_server_is_seen(haproxy: HaproxyServer) -> None:
    async with instances(1) as (made,):
        running = backend(haproxy)
        await running.add([server(made)])

        async with traffic(f"{haproxy.url}slow", clients=3):
            await eventually(lambda: made.held == 3, "three requests are held")
            (found,) = (await running.look_closely()).values()
            made.let.set()

        assert found.load is not None
        assert (found.load.connections, found.load.sessions) == (3, 3)


async def test_a_server_in_use_is_not_deleted(haproxy: HaproxyServer) -> None:
    running = backend(haproxy)
    await running.add([nowhere(1)])

    refused = await running.delete("s1", waits=False)

    assert refused is not None
    assert refused.reason is Reason.BUSY


HOSTILE = [
    "a;del server b/a:1",
    "a\ndel server b/a:1",
    'a"',
    "a'",
    "$HOME",
    "#1",
    "a\\",
    "a\x00",
    "a\x7f",
    "ä",
    "a b",
    "<<",
    "",
    "x" * 600,
]
STEPS: list[Callable[[RunningBackend, str], Awaitable[object]]] = [
    lambda running, name: running.add([Server(name=name, address="::1", port=1)]),
    lambda running, text: running.add([nowhere(7, "check", text)]),
    lambda running, text: running.add(
        [Server(name="s7", address="::1", port=1, cookie=f"c{text}!\n")]
    ),
    lambda running, text: running.add([Server(name="s7", address=text, port=1)]),
    lambda running, name: running.weigh({name: 1}),
    lambda running, name: running.ready([name]),
    lambda running, name: running.drain([name]),
    lambda running, name: running.maintain([name]),
    lambda running, name: running.delete(name, waits=True),
]


@pytest.mark.parametrize("step", STEPS)
async def test_a_hostile_text_reaches_nothing(
    start_haproxy: StartHaproxy,
    step: Callable[[RunningBackend, str], Awaitable[object]],
) -> None:
    haproxy = start_haproxy(TWO)
    before = haproxy.ask("show servers state").split("\n")

    for text in HOSTILE:
        with pytest.raises(Unfit):
            await step(backend(haproxy), text)

    now = haproxy.ask("show servers state").split("\n")
    assert [each.split()[:9] for each in now] == [each.split()[:9] for each in before]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_backend_is_none(name: str) -> None:
    with pytest.raises(Unfit):
        RunningBackend(Console.__new__(Console), name)


@pytest.mark.parametrize(("port", "weight"), [(0, 1), (65_536, 1), (1, 257), (1, -1)])
async def test_a_number_out_of_range_is_not_said(
    haproxy: HaproxyServer, port: int, weight: int
) -> None:
    wanted = Server(name="s1", address="::1", port=port, weight=weight)

    with pytest.raises(Unfit):
        await backend(haproxy).add([nowhere(2), wanted])

    assert await backend(haproxy).look() == {}


async def test_haproxy_away_is_unavailable_to_every_step(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy()
    running = backend(haproxy)
    haproxy.kill()

    for step in (
        look(Console(haproxy.socket)),
        running.look(),
        running.add([nowhere(1)]),
        running.drain(["s1"]),
    ):
        with pytest.raises(Unavailable):
            await step
