"""Servers that leave a real HAProxy, under real requests."""

import asyncio
from collections.abc import Iterable

import aiohttp
import pytest

from fixtures.haproxy import HaproxyServer, StartHaproxy, on_each_version
from instances import Instance, ask, instances, traffic
from registrator.errors import Unavailable
from registrator_haproxy.layout import Server
from registrator_haproxy.runtime.answers import Reason
from registrator_haproxy.runtime.capabilities import discover
from registrator_haproxy.runtime.console import Console
from registrator_haproxy.runtime.removal import remove
from registrator_haproxy.runtime.running import NoBackend, Refusals, RunningBackend
from waiting import DEADLINE, eventually

pytestmark = pytest.mark.needs_haproxy


def name(instance: Instance) -> str:
    return f"127.0.0.1:{instance.port}"


def server(instance: Instance, *options: str) -> Server:
    return Server(
        name=name(instance), address="127.0.0.1", port=instance.port, options=options
    )


def backend(haproxy: HaproxyServer) -> RunningBackend:
    return RunningBackend(Console(haproxy.socket), "b")


async def take_away(
    haproxy: HaproxyServer, names: Iterable[str], deadline: float = DEADLINE
) -> Refusals:
    capabilities = await discover(Console(haproxy.socket))
    return await remove(backend(haproxy), names, capabilities, deadline=deadline)


async def test_two_become_twenty_and_two_again_without_a_failed_request(
    haproxy: HaproxyServer,
) -> None:
    worker = haproxy.worker
    async with instances(20) as made:
        await backend(haproxy).add(server(each, "check") for each in made[:2])
        async with traffic(haproxy.url) as seen:
            await seen.goes_on()
            added = await backend(haproxy).add(server(each, "check") for each in made)
            await seen.goes_on(200)
            removed = await take_away(haproxy, map(name, made[2:]))
            await seen.goes_on()
        left = list(await backend(haproxy).look())

    assert (added, removed) == ({}, {})
    assert seen.failures == []
    assert set(seen.answers) == {each.name for each in made}
    assert left == [name(each) for each in made[:2]]
    assert haproxy.worker == worker


async def test_a_request_in_flight_survives_the_removal_of_its_server(
    haproxy: HaproxyServer,
) -> None:
    async with instances(2) as (stays, goes):
        await backend(haproxy).add([server(goes)])
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(ask(f"{haproxy.url}slow"), name="slow")
            await eventually(lambda: goes.held == 1, "the request is at the server")
            await backend(haproxy).add([server(stays)])
            removal = group.create_task(
                take_away(haproxy, [name(goes)]), name="removal"
            )

            async def drains() -> bool:
                return (await backend(haproxy).look())[name(goes)].draining

            await eventually(drains, "the server drains")
            assert await ask(haproxy.url, 10) == {stays.name: 10}
            assert not removal.done()
            goes.let.set()

        assert slow.result() == {goes.name: 1}
        assert removal.result() == {}
        assert list(await backend(haproxy).look()) == [name(stays)]


async def test_at_the_deadline_a_server_takes_nobody_and_ends_what_it_is_at(
    haproxy: HaproxyServer,
) -> None:
    async with instances(2) as (stays, goes):
        await backend(haproxy).add([server(goes)])
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(ask(f"{haproxy.url}slow"), name="slow")
            await eventually(lambda: goes.held == 1, "the request is at the server")
            await backend(haproxy).add([server(stays)])

            refused = await take_away(haproxy, [name(goes)], deadline=0.2)

            found = (await backend(haproxy).look())[name(goes)]
            answers = await ask(haproxy.url, 10)
            goes.let.set()
        rest = await take_away(haproxy, [name(goes)])

        assert refused[name(goes)].reason is Reason.BUSY
        assert refused[name(goes)].says == (
            "1 connections, 1 sessions and 0 waiting at the deadline"
        )
        assert found.in_maintenance
        assert answers == {stays.name: 10}
        assert slow.result() == {goes.name: 1}
        assert rest == {}
        assert list(await backend(haproxy).look()) == [name(stays)]


async def test_a_server_whose_client_never_leaves_does_not_hold_up_the_others(
    haproxy: HaproxyServer,
) -> None:
    async with instances(3) as (stays, endless, goes):
        await backend(haproxy).add([server(endless)])
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            request = group.create_task(
                session.get(f"{haproxy.url}slow"), name="endless"
            )
            await eventually(lambda: endless.held == 1, "the request is at the server")
            await backend(haproxy).add([server(stays), server(goes)])

            async def is_gone() -> bool:
                return name(goes) not in await backend(haproxy).look()

            removal = group.create_task(
                take_away(haproxy, [name(endless), name(goes)]), name="removal"
            )
            await eventually(is_gone, "the idle one is gone")
            assert not removal.done()
            endless.let.set()
            await request

        assert removal.result() == {}


@pytest.mark.parametrize("done", range(4))
async def test_a_removal_goes_on_from_wherever_it_was_left(
    haproxy: HaproxyServer, done: int
) -> None:
    async with instances(2) as (stays, goes):
        await backend(haproxy).add([server(stays), server(goes)])
        steps = [
            f"set server b/{name(goes)} state drain",
            f"set server b/{name(goes)} state maint",
            f"del server b/{name(goes)}",
        ]
        for step in steps[:done]:
            haproxy.ask(step)

        assert await take_away(haproxy, [name(goes)]) == {}
        assert list(await backend(haproxy).look()) == [name(stays)]


async def test_idle_connections_do_not_keep_a_server(haproxy: HaproxyServer) -> None:
    async with instances(2) as (stays, goes):
        await backend(haproxy).add([server(stays), server(goes)])
        await ask(haproxy.url, 50)

        assert await take_away(haproxy, [name(goes)]) == {}


@on_each_version
async def test_a_server_of_the_file_leaves_too(start_haproxy: StartHaproxy) -> None:
    haproxy = start_haproxy(
        "backend b\n    balance roundrobin\n"
        "    server s1 127.0.0.1:1\n    server s2 127.0.0.1:1\n"
    )

    assert await take_away(haproxy, ["s2"]) == {}
    assert list(await backend(haproxy).look()) == ["s1"]


@on_each_version
async def test_a_server_that_others_refer_to_stays_in_maintenance(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy(
        "backend b\n    balance roundrobin\n"
        "    server s1 127.0.0.1:1 check\n    server s2 127.0.0.1:1 track s1\n"
        "    use-server s1 if FALSE\n"
    )

    refused = await take_away(haproxy, ["s1"])

    assert refused["s1"].reason is Reason.PINNED
    assert (await backend(haproxy).look())["s1"].in_maintenance


async def test_who_is_not_there_is_removed(haproxy: HaproxyServer) -> None:
    assert await take_away(haproxy, ["s1"]) == {}
    assert await take_away(haproxy, []) == {}


async def test_nothing_is_removed_from_a_backend_that_is_not_there(
    haproxy: HaproxyServer,
) -> None:
    console = Console(haproxy.socket)

    with pytest.raises(NoBackend):
        await remove(
            RunningBackend(console, "nosuch"),
            ["s1"],
            await discover(console),
            deadline=DEADLINE,
        )


async def test_a_removal_that_loses_haproxy_says_so(
    start_haproxy: StartHaproxy,
) -> None:
    haproxy = start_haproxy()

    async def loses_its_answer() -> None:
        with pytest.raises(aiohttp.ClientError):
            await ask(f"{haproxy.url}slow")

    async def loses_haproxy() -> None:
        with pytest.raises(Unavailable):
            await take_away(haproxy, [name(made)])

    async def drains() -> bool:
        return (await backend(haproxy).look())[name(made)].draining

    async with instances(1) as (made,), asyncio.TaskGroup() as group:
        await backend(haproxy).add([server(made)])
        group.create_task(loses_its_answer(), name="slow")
        await eventually(lambda: made.held == 1, "the request is at the server")
        group.create_task(loses_haproxy(), name="removal")
        await eventually(drains, "the server drains")
        haproxy.kill()


async def test_a_removal_that_is_called_off_leaves_the_rest_to_the_next(
    haproxy: HaproxyServer,
) -> None:
    async with instances(1) as (made,):
        await backend(haproxy).add([server(made)])
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(ask(f"{haproxy.url}slow"), name="slow")
            await eventually(lambda: made.held == 1, "the request is at the server")
            removal = group.create_task(
                take_away(haproxy, [name(made)]), name="removal"
            )

            async def drains() -> bool:
                return (await backend(haproxy).look())[name(made)].draining

            await eventually(drains, "the server drains")
            removal.cancel()
            made.let.set()

        assert slow.result() == {made.name: 1}
        assert await backend(haproxy).add([server(made)]) == {}
        assert await ask(haproxy.url) == {made.name: 1}
