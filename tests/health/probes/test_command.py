"""Commands in real containers, by the engine."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fixtures.engine import RunContainer
from registrator.check import Check
from registrator.engine import Execution, resolve
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.command import CommandProbe

PATIENCE = 60.0


@pytest.fixture
async def probe(docker_host: str) -> AsyncIterator[CommandProbe]:
    async with Execution(resolve({}, docker_host)) as opened:
        yield CommandProbe(Means(executor=opened))


async def run(probe: CommandProbe, container: object, *command: str) -> Outcome:
    check = Check(kind="docker", target=str(container), command=command)
    async with asyncio.timeout(PATIENCE):
        return await probe.run(check)


async def failure(probe: CommandProbe, container: object, *command: str) -> str:
    with pytest.raises(Failed) as caught:
        await run(probe, container, *command)
    return str(caught.value)


@pytest.mark.needs_engine
async def test_the_exit_status_decides_and_the_output_is_shown(
    probe: CommandProbe, run_container: RunContainer
) -> None:
    container = run_container().id
    statuses = {
        0: Status.PASSING,
        1: Status.WARNING,
        2: Status.CRITICAL,
        255: Status.CRITICAL,
    }
    for status, wanted in statuses.items():
        script = f"printf 'a\\033[2J\\377\\nb\\n'; exit {status}"
        outcome = await run(probe, container, "sh", "-c", script)

        assert outcome == Outcome(wanted, f"exit status {status}: a[2J\ufffd b")

    assert await run(probe, container, "true") == Outcome(
        Status.PASSING, "exit status 0"
    )


@pytest.mark.needs_engine
async def test_ten_megabytes_are_shown_by_their_beginning(
    probe: CommandProbe, run_container: RunContainer
) -> None:
    script = "head -c 10000000 /dev/zero | tr '\\0' x"

    outcome = await run(probe, run_container().id, "sh", "-c", script)

    assert outcome.status is Status.PASSING
    assert outcome.output.startswith("exit status 0: xxxx")
    assert len(outcome.output) < 300


@pytest.mark.needs_engine
async def test_a_container_that_is_gone_is_critical(
    probe: CommandProbe, run_container: RunContainer
) -> None:
    container = run_container()
    await asyncio.to_thread(lambda: container.remove(force=True))

    said = await failure(probe, container.id, "true")

    assert said.startswith(f"container {container.id:.12}: no such container")


@pytest.mark.parametrize("target", ["", "web", "/", "127.0.0.1:80", "unix:///x"])
async def test_a_target_that_is_no_container_is_refused(target: str) -> None:
    async with Execution(resolve({}, "unix:///nope")) as nobody:
        probe = CommandProbe(Means(executor=nobody))

        said = await failure(probe, target, "true")

    assert said == f"{target!r} is not the id of a container"


async def test_without_an_engine_nothing_is_run() -> None:
    said = await failure(CommandProbe(Means()), "a" * 64, "true")

    assert said == "there is no container engine to run the command"
