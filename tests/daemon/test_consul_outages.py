"""The whole daemon while its Consul dies, forgets, refuses and hangs."""

import signal
from collections.abc import Callable, Iterator

import pytest

from daemons import Daemon
from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from standins import StandInProcess, standin
from waiting import eventually, until


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(10) as running:
        yield running


@pytest.fixture
def agent(start_consul: StartConsul) -> ConsulAgent:
    return start_consul({})


@pytest.fixture
def daemon(engine: StandInProcess, agent: ConsulAgent) -> Iterator[Daemon]:
    with against(engine, agent.uri) as running:
        until(holds(agent, range(10)), "the first round")
        yield running


def against(engine: StandInProcess, uri: str, *arguments: str) -> Daemon:
    return Daemon(
        uri,
        f"-docker-host={engine.uri}",
        "-ip=10.0.0.1",
        "-node-name=h1",
        "-resync=2",
        *arguments,
    )


def holds(agent: ConsulAgent, numbers: range) -> Callable[[], bool]:
    wanted = {f"h1:c{number:05}:80" for number in numbers}

    def condition() -> bool:
        return agent.services().keys() == wanted

    return condition


def modified(agent: ConsulAgent) -> dict[str, int]:
    """Each instance's ModifyIndex: it moves when Consul sees a change."""
    return {
        entry["Service"]["ID"]: entry["Service"]["ModifyIndex"]
        for name in agent.get("/v1/catalog/services")
        for entry in agent.get(f"/v1/health/service/{name}")
        if name != "consul"
    }


def test_what_starts_and_dies_while_consul_is_killed_is_right_afterwards(
    engine: StandInProcess, agent: ConsulAgent, daemon: Daemon
) -> None:
    with agent.outage():
        engine.tell("die?first=0&count=5")
        engine.tell("start?first=10&count=5")
        until(lambda: not daemon.status()["well"], "the outage is noticed")
    until(holds(agent, range(5, 15)), "no ghost, nothing lost")

    assert daemon.alive


def test_a_consul_that_comes_back_empty_is_filled_again(
    agent: ConsulAgent, daemon: Daemon
) -> None:
    agent.kill()
    agent.forget()
    agent.start()
    until(holds(agent, range(10)), "all are registered again")

    assert daemon.alive


def test_services_removed_by_somebody_else_come_back_with_the_next_round(
    agent: ConsulAgent, daemon: Daemon
) -> None:
    agent.clear()
    until(holds(agent, range(10)), "all are registered again")

    assert daemon.alive


def test_a_consul_that_hangs_delays_and_loses_nothing(
    engine: StandInProcess, agent: ConsulAgent, daemon: Daemon
) -> None:
    with agent.hanging():
        engine.tell("die?first=0&count=5")
        engine.tell("start?first=10&count=5")
        until(lambda: not daemon.status()["well"], "the silence is noticed")
    until(holds(agent, range(5, 15)), "no ghost, nothing lost")


def test_kill_9_and_restart_of_the_daemon_move_no_modify_index(
    engine: StandInProcess, agent: ConsulAgent, daemon: Daemon
) -> None:
    before = until(lambda: len(found := modified(agent)) == 10 and found, "the catalog")
    daemon.end(signal.SIGKILL)
    daemon.start()
    until(daemon.settled, "the first round")

    assert modified(agent) == before


def test_a_container_that_died_while_the_daemon_was_away_is_removed_at_its_start(
    engine: StandInProcess, agent: ConsulAgent, daemon: Daemon
) -> None:
    daemon.end(signal.SIGKILL)
    engine.tell("die?first=0&count=1")
    daemon.start()
    until(holds(agent, range(1, 10)), "the dead one is gone")


def test_nothing_is_removed_when_the_daemon_stops(
    agent: ConsulAgent, daemon: Daemon
) -> None:
    code = daemon.end()

    assert code == 0
    assert holds(agent, range(10))()


def test_everything_is_removed_on_exit_if_that_is_asked_for(
    engine: StandInProcess, agent: ConsulAgent
) -> None:
    with against(engine, agent.uri, "-on-exit=deregister") as daemon:
        until(holds(agent, range(10)), "the first round")
        code = daemon.end()

    assert code == 0
    assert not agent.services()


@pytest.mark.parametrize("status", [403, 500])
async def test_a_consul_that_refuses_for_a_while_is_asked_again(
    engine: StandInProcess, agent: ConsulAgent, status: int
) -> None:
    async with Proxy(agent.port) as proxy:
        with against(engine, f"consul://127.0.0.1:{proxy.port}") as daemon:
            await eventually(holds(agent, range(10)), "the first round")
            proxy.answer("PUT", status, "ACL not found")
            engine.tell("die?first=0&count=5")
            engine.tell("start?first=10&count=5")
            await eventually(lambda: not daemon.status()["well"], "it is noticed")
            proxy.heal()
            await eventually(holds(agent, range(5, 15)), "no ghost, nothing lost")


async def test_a_deregistration_that_fails_is_repeated_until_it_succeeds(
    engine: StandInProcess, agent: ConsulAgent
) -> None:
    async with Proxy(agent.port) as proxy:
        with against(engine, f"consul://127.0.0.1:{proxy.port}") as daemon:
            await eventually(holds(agent, range(10)), "the first round")
            proxy.answer("PUT /v1/agent/service/deregister", 500, "no cluster leader")
            engine.tell("die?first=0&count=1")
            await eventually(lambda: not daemon.status()["well"], "it is noticed")
            proxy.heal()
            await eventually(holds(agent, range(1, 10)), "the dead one is gone")


async def test_an_answer_that_breaks_off_loses_nothing(
    engine: StandInProcess, agent: ConsulAgent
) -> None:
    async with Proxy(agent.port) as proxy:
        with against(engine, f"consul://127.0.0.1:{proxy.port}") as daemon:
            await eventually(holds(agent, range(10)), "the first round")
            proxy.cut("/v1/agent/services", 300)
            await eventually(lambda: not daemon.status()["well"], "it is noticed")
            engine.tell("die?first=0&count=5")
            proxy.heal()
            await eventually(holds(agent, range(5, 10)), "no ghost, nothing lost")
