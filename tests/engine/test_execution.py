"""Commands in containers: real engines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from docker.models.containers import Container

from fixtures.engine import IMAGE, Podman, RunContainer, unique_name
from registrator.engine import Execution, resolve
from registrator.engine.execution import KEPT, READ
from registrator.errors import Gone, SourceError
from registrator.model import ContainerId
from waiting import eventually

pytestmark = pytest.mark.needs_engine

PATIENCE = 60.0


@pytest.fixture
def container(run_container: RunContainer) -> Container:
    return run_container()


@pytest.fixture
async def execution(docker_host: str) -> AsyncIterator[Execution]:
    async with Execution(resolve({}, docker_host)) as opened:
        yield opened


def key(container: Container) -> ContainerId:
    return ContainerId(str(container.id))


async def run(
    execution: Execution, container: Container, *command: str
) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE):
        return await execution.execute(key(container), command)


async def refusal(execution: Execution, container: str, *command: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        async with asyncio.timeout(PATIENCE):
            await execution.execute(ContainerId(container), command)
    return caught.value


async def processes(container: Container, word: str) -> int:
    def count() -> int:
        listed = container.top()["Processes"] or []
        return sum(word in " ".join(process) for process in listed)

    return await asyncio.to_thread(count)


@asynccontextmanager
async def left_hanging(
    execution: Execution, container: Container
) -> AsyncIterator[str]:
    """Have a command been given up that runs on, until its pipe is written to."""
    await run(execution, container, "mkfifo", "/tmp/pipe")
    waiting = asyncio.ensure_future(run(execution, container, "cat", "/tmp/pipe"))

    async def runs() -> bool:
        return await processes(container, "cat /tmp/pipe") == 1

    await eventually(runs, "the command runs")
    waiting.cancel()
    await asyncio.wait([waiting])
    yield "/tmp/pipe"


async def test_the_exit_status_is_the_commands(
    execution: Execution, container: Container
) -> None:
    for status in (0, 1, 2, 77, 255):
        told = await run(execution, container, "sh", "-c", f"exit {status}")
        assert told == (status, "")


async def test_both_outputs_are_heard(
    execution: Execution, container: Container
) -> None:
    command = ("sh", "-c", "echo out; echo err >&2; exit 3")

    status, printed = await run(execution, container, *command)

    assert status == 3
    assert sorted(printed.split()) == ["err", "out"]


async def test_arguments_reach_the_command_as_they_are(
    execution: Execution, container: Container
) -> None:
    strange = ("$(id)", "`id`", "; id", "a  b", "", "*", "\n", "ü", "-n", "'\"")

    _, printed = await run(execution, container, "printf", "[%s]", *strange)

    assert printed == "".join(f"[{each}]" for each in strange)


async def test_it_runs_in_that_container_unprivileged_and_without_a_terminal(
    execution: Execution, container: Container
) -> None:
    script = "hostname; cat; grep CapEff /proc/self/status; grep CapEff /proc/1/status"
    host = key(container)[:12]

    status, printed = await run(execution, container, "sh", "-c", script)
    _, terminal = await run(execution, container, "sh", "-c", "[ -t 0 ] || echo none")

    name, mine, first = printed.splitlines()
    assert (status, name, terminal) == (0, host, "none\n")
    assert mine == first


async def test_octets_that_are_no_text_do_no_harm(
    execution: Execution, container: Container
) -> None:
    _, printed = await run(execution, container, "printf", r"\377\376\000\001ok")

    assert printed == "\ufffd\ufffd\0\x01ok"


@pytest.mark.parametrize("octets", [KEPT, 10_000_000])
async def test_the_beginning_of_much_is_kept_and_the_exit_status_waited_for(
    execution: Execution, container: Container, octets: int
) -> None:
    script = f"head -c {octets} /dev/zero | tr '\\0' x; exit 7"

    status, printed = await run(execution, container, "sh", "-c", script)

    assert (status, printed) == (7, "x" * KEPT)


async def test_one_that_prints_for_ever_is_not_read_for_ever(
    execution: Execution, container: Container
) -> None:
    error = await refusal(execution, key(container), "yes")
    again = await refusal(execution, key(container), "yes")

    assert await processes(container, "yes") == 1
    assert f"prints more than {READ} octets" in str(error)
    assert "still runs" in str(again)


async def test_a_command_that_does_not_exist_is_said_to_be_none(
    execution: Execution, container: Container
) -> None:
    try:
        status, printed = await run(execution, container, "/nope")
    except SourceError as error:  # newer Dockers, and Podman, refuse to start it
        status, printed = 127, str(error)

    assert status in {126, 127}
    assert "/nope" in printed


async def test_a_command_that_was_left_running_is_not_started_again(
    execution: Execution, container: Container
) -> None:
    async with left_hanging(execution, container) as pipe:
        told = [
            str(await refusal(execution, key(container), "cat", pipe)) for _ in "ab"
        ]

        assert await processes(container, f"cat {pipe}") == 1
        assert set(told) == {
            f"container {key(container):.12}: the command of the last time still runs"
        }


async def test_another_command_is_started_meanwhile(
    execution: Execution, container: Container
) -> None:
    async with left_hanging(execution, container):
        assert await run(execution, container, "true") == (0, "")


async def test_once_it_has_ended_it_is_started_again(
    execution: Execution, container: Container
) -> None:
    async with left_hanging(execution, container) as pipe:
        await run(execution, container, "sh", "-c", f"echo end > {pipe}")

        async def none_runs() -> bool:
            return not await processes(container, f"cat {pipe}")

        await eventually(none_runs, "the command has ended")
        await run(execution, container, "sh", "-c", f"rm {pipe}; echo new > {pipe}")

        async def runs_again() -> bool:
            try:
                return await run(execution, container, "cat", pipe) == (0, "new\n")
            except SourceError:  # the engine has not heard of its end yet
                return False

        await eventually(runs_again, "the command runs again")


async def test_two_checks_with_one_command_do_not_hinder_each_other(
    execution: Execution, container: Container
) -> None:
    met = "mkdir /tmp/one 2>/dev/null || touch /tmp/two"
    command = ("sh", "-c", f"{met}; until test -e /tmp/two; do :; done")

    both = await asyncio.gather(
        run(execution, container, *command), run(execution, container, *command)
    )

    assert list(both) == [(0, ""), (0, "")]


async def test_a_paused_container_runs_nothing(
    execution: Execution, container: Container
) -> None:
    await asyncio.to_thread(container.pause)
    try:
        error = await refusal(execution, key(container), "true")
    finally:
        await asyncio.to_thread(container.unpause)

    assert str(error).startswith(f"container {key(container):.12}: ")


async def test_a_container_that_has_ended_runs_nothing(
    execution: Execution, container: Container
) -> None:
    await asyncio.to_thread(container.kill)

    error = await refusal(execution, key(container), "true")

    assert str(error).startswith(f"container {key(container):.12}: ")


async def test_a_container_that_is_gone_is_said_to_be(
    execution: Execution, container: Container
) -> None:
    await asyncio.to_thread(lambda: container.remove(force=True))

    assert isinstance(await refusal(execution, key(container), "true"), Gone)


async def test_a_container_that_goes_away_meanwhile_ends_the_wait(
    execution: Execution, container: Container
) -> None:
    started = asyncio.ensure_future(run(execution, container, "sleep", "1000"))

    async def runs() -> bool:
        return await processes(container, "sleep 1000") == 1

    await eventually(runs, "the command runs")
    await asyncio.to_thread(lambda: container.remove(force=True))
    async with asyncio.timeout(PATIENCE):
        try:
            status, _ = await started
        except SourceError:
            status = 137

    assert status != 0


@pytest.mark.xdist_group("podman")
async def test_podman_runs_commands_as_docker_does(podman: Podman) -> None:
    started = podman.client.containers.run(
        f"localhost/{IMAGE}", name=unique_name(), detach=True
    )
    script = "echo out; echo err >&2; exit 3"
    async with Execution(resolve({}, podman.host)) as execution:
        status, printed = await run(execution, started, "sh", "-c", script)
        assert (status, sorted(printed.split())) == (3, ["err", "out"])

        async with left_hanging(execution, started) as pipe:
            error = await refusal(execution, key(started), "cat", pipe)
            assert "still runs" in str(error)

        await asyncio.to_thread(lambda: started.remove(force=True))
        error = await refusal(execution, key(started), "true")
        assert isinstance(error, Gone)
