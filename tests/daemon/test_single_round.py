"""-once and -dry-run: one full round, and out."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from daemons import Daemon
from fixtures.consul import ConsulAgent
from servers import free_ports
from standin import Fake
from standins import StandInProcess, StandInThread, standin, standin_with
from waiting import until

pytestmark = pytest.mark.needs_consul


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(3) as running:
        yield running


def registrator(
    engine: StandInProcess | StandInThread, *arguments: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "registrator", f"-docker-host={engine.uri}"]
    return subprocess.run(
        [*command, "-ip=10.0.0.1", "-node-name=h1", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_once_registers_everything_and_exits_with_0(
    engine: StandInProcess, consul: ConsulAgent
) -> None:
    ended = registrator(engine, "-once", consul.uri)

    assert ended.returncode == 0
    assert sorted(consul.services()) == [f"h1:c{number:05}:80" for number in range(3)]


def test_once_registers_what_must_be_healthy_only_if_its_check_passes(
    consul: ConsulAgent,
) -> None:
    asked = {"SERVICE_HEALTH": "required", "SERVICE_CHECK_TCP": "true"}
    with socket.create_server(("127.0.0.1", 0)) as serving:
        [closed] = free_ports(1)
        ports = {"well": serving.getsockname()[1], "dead": closed}
        fakes = [
            Fake(name=name, labels=asked, ports={"80/tcp": port})
            for name, port in ports.items()
        ]
        with standin_with(*fakes) as engine:
            ended = registrator(engine, "-once", "-ip=127.0.0.1", consul.uri)

    assert ended.returncode == 0
    assert sorted(consul.services()) == ["h1:well:80"]


def test_once_removes_what_no_container_offers_any_more(
    engine: StandInProcess, consul: ConsulAgent
) -> None:
    registrator(engine, "-once", consul.uri)
    engine.tell("die?first=1&count=2")

    ended = registrator(engine, "-once", consul.uri)

    assert ended.returncode == 0
    assert sorted(consul.services()) == ["h1:c00000:80"]


def test_once_exits_with_1_if_the_registry_is_away(engine: StandInProcess) -> None:
    [port] = free_ports(1)

    ended = registrator(engine, "-once", f"consul://127.0.0.1:{port}")

    assert ended.returncode == 1
    assert f"consul://127.0.0.1:{port}" in ended.stderr


def test_once_exits_with_1_if_the_engine_is_away(consul: ConsulAgent) -> None:
    with standin(0) as engine:
        pass

    ended = registrator(engine, "-once", consul.uri)

    assert ended.returncode == 1
    assert "docker.sock" in ended.stderr


def test_dry_run_prints_the_plan_and_writes_nothing(
    engine: StandInProcess, consul: ConsulAgent
) -> None:
    ended = registrator(engine, "-dry-run", consul.uri)

    assert ended.returncode == 0
    assert "+ h1:c00001:80  s01 at 10.0.0.1:10001" in ended.stdout
    assert not consul.services()


def test_dry_run_says_when_there_is_nothing_to_do(
    engine: StandInProcess, consul: ConsulAgent
) -> None:
    registrator(engine, "-once", consul.uri)

    ended = registrator(engine, "-dry-run", consul.uri)

    assert (ended.returncode, "nothing to do" in ended.stdout) == (0, True)


def test_dry_run_shows_what_would_be_removed(
    engine: StandInProcess, consul: ConsulAgent
) -> None:
    registrator(engine, "-once", consul.uri)
    engine.tell("die?first=0&count=3")

    ended = registrator(engine, "-dry-run", consul.uri)

    assert "- h1:c00002:80" in ended.stdout
    assert len(consul.services()) == 3


def test_a_registry_that_never_answers_ends_the_daemon_after_retry_attempts(
    engine: StandInProcess,
) -> None:
    [port] = free_ports(1)

    ended = registrator(
        engine,
        "-retry-attempts=2",
        "-retry-interval=10",
        "-control",
        f"{engine.uri.removeprefix('unix://')}.ctl",
        f"consul://127.0.0.1:{port}",
    )

    assert ended.returncode == 1
    assert "gave up after 3 attempts" in ended.stderr


def test_dry_run_of_what_a_running_daemon_shows_takes_no_port_from_it(
    engine: StandInProcess,
) -> None:
    [port] = free_ports(1)
    uri = f"dns://127.0.0.1:{port}"
    with Daemon(uri, f"-docker-host={engine.uri}", "-node-name=h1") as daemon:
        until(daemon.settled, "it shows everything")
        ended = registrator(engine, "-dry-run", uri)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "+ h1:c00001:80  s01 at 10.0.0.1:10001" in ended.stdout


def test_once_leaves_out_what_would_end_with_it(
    engine: StandInProcess, consul: ConsulAgent
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dns = f"dns://127.0.0.1:{taken.getsockname()[1]}"
        ended = registrator(engine, "-once", dns, consul.uri)

    assert ended.returncode == 0
    assert len(consul.services()) == 3


def test_once_into_nothing_that_lasts_is_a_mistake(engine: StandInProcess) -> None:
    ended = registrator(engine, "-once", "dns://127.0.0.1:8600", "memory:")

    assert ended.returncode == 2
    assert "-once: what dns://127.0.0.1:8600/consul shows ends with" in ended.stderr
