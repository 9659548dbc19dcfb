"""The client and a real Podman service: what it does as Docker does, and what not."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from docker.models.containers import Container

from fixtures.engine import IMAGE, Podman, unique_name
from registrator import model
from registrator.engine import Engine, Hint, resolve
from registrator.errors import Gone
from registrator.model import ContainerId, Port, State

# One service for all of them: starting one takes longer than any of these tests.
pytestmark = [pytest.mark.needs_engine, pytest.mark.xdist_group("podman")]

PATIENCE = 60.0


@pytest.fixture
async def engine(podman: Podman) -> AsyncIterator[Engine]:
    async with Engine(resolve({}, podman.host)) as opened:
        yield opened


def run(podman: Podman, name: str = "", port: int | None = None) -> Container:
    return podman.client.containers.run(
        f"localhost/{IMAGE}",
        name=name or unique_name(),
        ports={"80/tcp": port} if port else {},
        detach=True,
    )


def key(container: Container) -> ContainerId:
    return ContainerId(str(container.id))


async def seen(
    engine: Engine,
    hints: AsyncIterator[Hint],
    container: ContainerId,
    wanted: Callable[[model.Container], bool],
) -> None:
    """Look at a container at every hint, until it is as wanted."""
    async with asyncio.timeout(PATIENCE):
        async for hint in hints:
            if hint.container == container and wanted(await engine.inspect(container)):
                return
    raise AssertionError("the stream of hints ended")


async def test_podman_says_who_it_is(engine: Engine) -> None:
    info = await engine.info()

    assert info.name
    assert info.version
    assert info.api.startswith("1.")


async def test_running_and_paused_containers_are_listed(
    engine: Engine, podman: Podman
) -> None:
    running, paused, stopped = run(podman), run(podman), run(podman)
    paused.pause()
    stopped.kill()

    listed = {entry.id: entry.state for entry in await engine.list()}

    assert listed[key(running)] == State.RUNNING
    assert listed[key(paused)] == State.PAUSED
    assert key(stopped) not in listed


async def test_a_container_is_inspected(engine: Engine, podman: Podman) -> None:
    started = run(podman, port=18080)

    container = await engine.inspect(key(started))

    assert (container.name, container.state) == (started.name, State.RUNNING)
    assert container.published[Port(80)][0].port == 18080
    assert [network.name for network in container.networks] == ["podman"]
    assert container.networks[0].ipv4


async def test_an_unknown_container_is_gone(engine: Engine) -> None:
    with pytest.raises(Gone):
        await engine.inspect(ContainerId("f" * 64))


async def test_a_containers_life_is_hinted_at(engine: Engine, podman: Podman) -> None:
    network = podman.client.networks.create(unique_name())
    async with engine.events() as hints:
        started = await asyncio.to_thread(run, podman)
        await seen(engine, hints, key(started), lambda c: c.state == State.RUNNING)
        await asyncio.to_thread(started.pause)
        await seen(engine, hints, key(started), lambda c: c.state == State.PAUSED)
        await asyncio.to_thread(started.unpause)
        await seen(engine, hints, key(started), lambda c: c.state == State.RUNNING)
        await asyncio.to_thread(started.rename, "renamed")
        await seen(engine, hints, key(started), lambda c: c.name == "renamed")
        await asyncio.to_thread(network.connect, started)
        await seen(engine, hints, key(started), lambda c: len(c.networks) == 2)
        await asyncio.to_thread(network.disconnect, started)
        await seen(engine, hints, key(started), lambda c: len(c.networks) == 1)
        await asyncio.to_thread(started.kill)
        await seen(engine, hints, key(started), lambda c: c.state == State.EXITED)
        await asyncio.to_thread(started.remove)
        with pytest.raises(Gone):
            await seen(engine, hints, key(started), lambda _: False)


async def test_what_was_missed_is_told_by_the_next_stream(
    engine: Engine, podman: Podman
) -> None:
    async with engine.events() as hints:
        started = await asyncio.to_thread(run, podman)
        async with asyncio.timeout(PATIENCE):
            last = await anext(hints)
    await asyncio.to_thread(started.kill)

    async with engine.events(last.time_nano) as hints:
        await seen(engine, hints, key(started), lambda c: c.state == State.EXITED)


async def test_a_stream_that_tells_the_past_goes_on_to_the_present(
    engine: Engine, podman: Podman
) -> None:
    await asyncio.to_thread(run, podman)

    async with engine.events(1) as hints:
        started = await asyncio.to_thread(run, podman)
        await seen(engine, hints, key(started), lambda c: c.state == State.RUNNING)
