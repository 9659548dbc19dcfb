"""The client and a real Docker engine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from docker.models.networks import Network

from fixtures.engine import IMAGE, RunContainer, unique_name
from registrator import model
from registrator.engine import Engine, Hint, Listed, resolve
from registrator.errors import Gone
from registrator.fitness import Health
from registrator.model import ContainerId, Port, State
from waiting import eventually

pytestmark = pytest.mark.needs_engine

PATIENCE = 60.0
HEALTHCHECK = {
    "test": ["CMD-SHELL", "test ! -e /bad"],
    "interval": 200 * 10**6,
    "retries": 1,
}


@pytest.fixture
async def engine(docker_host: str) -> AsyncIterator[Engine]:
    async with Engine(resolve({}, docker_host)) as opened:
        yield opened


def key(container: Container) -> ContainerId:
    return ContainerId(str(container.id))


async def seen(
    engine: Engine,
    hints: AsyncIterator[Hint],
    container: ContainerId,
    wanted: Callable[[model.Container], bool],
) -> model.Container:
    """Look at a container at every hint, until it is as wanted."""
    async with asyncio.timeout(PATIENCE):
        async for hint in hints:
            if hint.container == container:
                found = await engine.inspect(container)
                if wanted(found):
                    return found
    raise AssertionError("the stream of hints ended")


async def listed(engine: Engine, container: Container) -> Listed | None:
    entries = {entry.id: entry for entry in await engine.list()}
    return entries.get(key(container))


async def test_the_engine_says_who_it_is(
    engine: Engine, docker_client: docker.DockerClient
) -> None:
    told = docker_client.info()

    info = await engine.info()

    assert (info.name, info.version) == (told["Name"], told["ServerVersion"])
    assert info.api.startswith("1.")


async def test_a_running_container_is_listed_and_inspected(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container(
        ports={"80/tcp": None, "81/udp": None},
        environment={"SERVICE_NAME": "web"},
        labels={"SERVICE_TAGS": "a,b"},
    )

    entry = await listed(engine, started)
    container = await engine.inspect(key(started))

    assert entry is not None
    assert entry.state == container.state == State.RUNNING
    assert container.name == started.name
    assert container.image == IMAGE
    assert ("SERVICE_NAME", "web") in container.environment
    assert container.labels["SERVICE_TAGS"] == "a,b"
    assert container.exposed == (Port(80), Port(81, "udp"))
    assert all(container.published[port][0].port for port in container.exposed)
    assert [network.name for network in container.networks] == ["bridge"]
    assert container.networks[0].ipv4


async def test_a_container_may_be_inspected_by_name(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container()

    container = await engine.inspect(ContainerId(str(started.name)))

    assert container.id == key(started)


async def test_a_stopped_container_is_not_listed_and_can_be_inspected(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container()
    started.stop()

    container = await engine.inspect(key(started))

    assert await listed(engine, started) is None
    assert container.state == State.EXITED


async def test_a_removed_container_is_gone(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container()
    started.remove(force=True)

    with pytest.raises(Gone):
        await engine.inspect(key(started))


async def test_the_fingerprint_stays_while_time_passes_and_moves_with_the_container(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container()
    first = await listed(engine, started)
    again = await listed(engine, started)
    started.rename(unique_name())
    renamed = await listed(engine, started)

    assert first is not None
    assert first == again
    assert renamed is not None
    assert renamed.fingerprint != first.fingerprint


Act = Callable[[Container, Network], object]
ACTS: Mapping[str, tuple[Act, Callable[[model.Container], bool]]] = {
    "pause": (
        lambda c, _: c.pause(),
        lambda c: (c.state, c.health) == (State.PAUSED, Health.PAUSED),
    ),
    "rename": (
        lambda c, _: c.rename(f"{c.name}-renamed"),
        lambda c: c.name.endswith("-renamed"),
    ),
    "connect to a network": (
        lambda c, network: network.connect(c),
        lambda c: len([n for n in c.networks if n.ipv4]) == 2,
    ),
    "update": (
        lambda c, _: c.update(cpu_shares=512),
        lambda c: host_config(c)["CpuShares"] == 512,
    ),
    "stop": (lambda c, _: c.stop(), lambda c: c.state == State.EXITED),
    "kill": (
        lambda c, _: c.kill(),
        lambda c: (c.state, c.exit_code) == (State.EXITED, 137),
    ),
}


def host_config(container: model.Container) -> Mapping[str, Any]:
    found = container.attributes["HostConfig"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("act", ACTS)
async def test_whatever_is_done_to_a_container_is_hinted_at(
    engine: Engine, run_container: RunContainer, docker_network: Network, act: str
) -> None:
    do, wanted = ACTS[act]
    started = run_container()
    async with engine.events() as hints:
        await asyncio.to_thread(do, started, docker_network)

        await seen(engine, hints, key(started), wanted)


async def test_a_start_is_hinted_at(
    engine: Engine, run_container: RunContainer
) -> None:
    async with engine.events() as hints:
        started = await asyncio.to_thread(run_container)

        found = await seen(
            engine, hints, key(started), lambda c: c.state == State.RUNNING
        )

    assert found.started


async def test_what_is_taken_back_is_hinted_at(
    engine: Engine, run_container: RunContainer, docker_network: Network
) -> None:
    started = run_container()
    started.pause()
    docker_network.connect(started)
    async with engine.events() as hints:
        started.unpause()
        await seen(engine, hints, key(started), lambda c: c.state == State.RUNNING)
        docker_network.disconnect(started)
        await seen(engine, hints, key(started), lambda c: len(c.networks) == 1)


async def test_a_restart_is_hinted_at(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container()
    before = await engine.inspect(key(started))
    async with engine.events() as hints:
        await asyncio.to_thread(started.restart)

        await seen(
            engine,
            hints,
            key(started),
            lambda c: c.state == State.RUNNING and c.started > before.started,
        )


async def test_a_removal_is_hinted_at(
    engine: Engine, run_container: RunContainer
) -> None:
    started = run_container()
    async with engine.events() as hints:
        await asyncio.to_thread(started.remove, force=True)

        with pytest.raises(Gone):
            await seen(engine, hints, key(started), lambda _: False)


async def test_a_change_of_health_is_hinted_at_and_probes_are_not(
    engine: Engine, run_container: RunContainer
) -> None:
    async def probed() -> bool:
        return len(probes(await engine.inspect(key(started)))) > 3

    async with engine.events() as hints:
        started = await asyncio.to_thread(run_container, healthcheck=HEALTHCHECK)
        await seen(engine, hints, key(started), lambda c: c.health == Health.HEALTHY)
        await eventually(probed, "it is probed again and again")
        await asyncio.to_thread(started.exec_run, "touch /bad")
        heard = await heard_until_unhealthy(engine, hints, key(started))

    # It may have been healthy at the first of its network, its start and its health.
    assert heard <= 3


def probes(container: model.Container) -> Sequence[object]:
    state = container.attributes["State"]
    assert isinstance(state, dict)
    found = state["Health"]["Log"]
    assert isinstance(found, list)
    return found


async def heard_until_unhealthy(
    engine: Engine, hints: AsyncIterator[Hint], container: ContainerId
) -> int:
    """Count the hints at a container, up to the one with which it is unhealthy."""
    count = 0

    def unhealthy(found: model.Container) -> bool:
        nonlocal count
        count += 1
        return found.health == Health.UNHEALTHY

    await seen(engine, hints, container, unhealthy)
    return count


async def heard_of(hints: AsyncIterator[Hint], container: ContainerId) -> Hint:
    async with asyncio.timeout(PATIENCE):
        async for hint in hints:
            if hint.container == container:
                return hint
    raise AssertionError("the stream of hints ended")


async def test_health_is_in_the_fingerprint(
    engine: Engine, run_container: RunContainer
) -> None:
    async with engine.events() as hints:
        started = await asyncio.to_thread(run_container, healthcheck=HEALTHCHECK)
        await seen(engine, hints, key(started), lambda c: c.health == Health.HEALTHY)
        healthy = await listed(engine, started)
        await asyncio.to_thread(started.exec_run, "touch /bad")
        await seen(engine, hints, key(started), lambda c: c.health == Health.UNHEALTHY)
        unhealthy = await listed(engine, started)

    assert healthy is not None
    assert unhealthy is not None
    assert healthy.fingerprint != unhealthy.fingerprint


async def test_a_crashing_container_is_not_listed_between_its_starts(
    engine: Engine, run_container: RunContainer
) -> None:
    async def between(container: ContainerId) -> str:
        """Say after which start it waits for the next; empty if it does not."""
        found = await engine.inspect(container)
        return found.started if found.state == State.RESTARTING else ""

    crashing = await asyncio.to_thread(
        run_container, "false", restart_policy={"Name": "always"}
    )

    async def looked_at() -> list[Listed | None]:
        before = await between(key(crashing))
        found = await listed(engine, crashing)
        return [found] if before and before == await between(key(crashing)) else []

    # It waits longer each time.
    assert await eventually(looked_at, "a listing between two starts") == [None]


async def test_what_was_missed_is_told_by_the_next_stream(
    engine: Engine, run_container: RunContainer
) -> None:
    async with engine.events() as hints:
        started = await asyncio.to_thread(run_container)
        last = await heard_of(hints, key(started))
    await asyncio.to_thread(started.kill)

    async with engine.events(last.time_nano) as hints:
        await seen(engine, hints, key(started), lambda c: c.state == State.EXITED)


async def test_what_happens_as_soon_as_the_stream_is_entered_is_heard(
    engine: Engine, run_container: RunContainer
) -> None:
    async with engine.events() as hints:
        started = run_container()  # before a byte of the stream is read

        await heard_of(hints, key(started))
