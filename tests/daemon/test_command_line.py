"""How the program starts, refuses to start, and ends; its words are in test_main."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from daemons import Daemon
from servers import free_ports
from standins import StandInProcess, standin
from waiting import until

STOPPING = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


class Program:
    """The program as it is started, whether or not it comes to answer."""

    def __init__(
        self, home: Path, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log = home / "log"
        command = [sys.executable, "-m", "registrator", *arguments]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    @property
    def said(self) -> list[str]:
        return self._log.read_text().splitlines()

    def says(self, words: str) -> bool:
        assert self._process.poll() is None, self.said
        return any(words in line for line in self.said)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self) -> int:
        return self._process.wait(timeout=60)


@pytest.fixture
def home() -> Iterator[Path]:
    """Have a directory whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="registrator-") as path:
        yield Path(path)


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(1) as running:
        yield running


@pytest.fixture
def arguments(engine: StandInProcess) -> tuple[str, ...]:
    return (
        f"-docker-host={engine.uri}",
        "-ip=10.0.0.1",
        "-node-name=h1",
        "dns://127.0.0.1:0",
    )


@contextmanager
def mute_engine(home: Path) -> Iterator[str]:
    """Have an engine that takes connections, and answers none."""
    path = home / "docker.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        yield f"unix://{path}"


@STOPPING
def test_it_ends_with_0_when_it_is_asked_to_stop(
    arguments: tuple[str, ...], number: signal.Signals
) -> None:
    with Daemon(*arguments) as daemon:
        until(daemon.settled, "the first round")

        code = daemon.end(number)

        assert code == 0
        assert not daemon.socket.exists()
        assert "Traceback" not in daemon.log


def test_being_asked_twice_is_as_good_as_once(arguments: tuple[str, ...]) -> None:
    with Daemon(*arguments) as daemon:
        os.kill(daemon.pid, signal.SIGTERM)

        assert daemon.end(signal.SIGINT) == 0
        assert "Traceback" not in daemon.log


@STOPPING
def test_it_ends_with_0_while_it_still_waits_for_the_engine(
    home: Path, number: signal.Signals
) -> None:
    with Program(
        home,
        f"-docker-host=unix://{home}/none.sock",
        f"-control={home}/control.sock",
        "dns://127.0.0.1:0",
    ) as program:
        until(lambda: program.says("waiting for the engine"), "it waits")

        program.send(number)

        assert program.ended() == 0
        assert not any("Traceback" in line for line in program.said)


def test_it_ends_with_0_while_the_engine_does_not_answer(home: Path) -> None:
    with (
        mute_engine(home) as uri,
        Daemon(
            f"-docker-host={uri}", "-ip=10.0.0.1", "-node-name=h1", "dns://127.0.0.1:0"
        ) as daemon,
    ):
        status = daemon.status()

        assert not status["engine"]["connected"]
        assert not status["well"]
        assert daemon.end() == 0


def test_it_ends_with_0_while_a_registry_is_away(arguments: tuple[str, ...]) -> None:
    [port] = free_ports(1)
    with Daemon(
        *arguments, f"consul://127.0.0.1:{port}", "-on-exit=deregister"
    ) as daemon:
        until(daemon.services, "the service")

        assert daemon.end() == 0
        assert "records are left behind" in daemon.log


def test_it_ends_with_0_while_somebody_holds_its_control_socket(
    arguments: tuple[str, ...],
) -> None:
    with (
        Daemon(*arguments) as daemon,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as idle,
    ):
        idle.connect(str(daemon.socket))
        idle.sendall(b"GET /v1/sta")

        assert daemon.end() == 0


def test_its_control_socket_is_its_owners_alone(arguments: tuple[str, ...]) -> None:
    with Daemon(*arguments) as daemon:
        found = daemon.socket.lstat()

    assert found.st_mode & 0o777 == 0o600
    assert found.st_uid == os.getuid()


def test_the_socket_of_a_killed_daemon_is_replaced(arguments: tuple[str, ...]) -> None:
    with Daemon(*arguments) as daemon:
        killed = daemon.end(signal.SIGKILL)
        left = daemon.socket.is_socket()

        daemon.start()
        until(daemon.settled, "the first round")

        assert (killed, left) == (-signal.SIGKILL, True)
        assert daemon.end() == 0


def test_a_second_daemon_on_the_same_control_socket_is_refused(
    home: Path, arguments: tuple[str, ...]
) -> None:
    with Daemon(*arguments) as first:
        until(first.settled, "the first round")
        with Program(home, *arguments, f"-control={first.socket}") as second:
            code = second.ended()

        assert code == 2
        assert second.said[-1] == (
            f"registrator: {first.socket}: another registrator answers on this socket;"
            " stop it, or give this one its own with -control"
        )
        assert first.status()["services"] == 1


def test_a_file_where_the_control_socket_should_be_is_left_alone(
    home: Path, arguments: tuple[str, ...]
) -> None:
    precious = home / "precious"
    precious.write_text("kept")

    with Program(home, *arguments, f"-control={precious}") as program:
        code = program.ended()

    assert code == 2
    assert "something else is there" in program.said[-1]
    assert precious.read_text() == "kept"


def test_no_place_for_the_control_socket_is_one_clear_sentence(
    home: Path, arguments: tuple[str, ...]
) -> None:
    (home / "registrator").touch()
    environment = {"XDG_RUNTIME_DIR": str(home), "REGISTRATOR_CONTROL": ""}

    with Program(home, *arguments, environment=environment) as program:
        code = program.ended()

    assert code == 2
    assert program.said[-1].startswith(f"registrator: {home}/registrator: no place for")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_dns_port_that_is_taken_is_one_clear_sentence(
    home: Path, arguments: tuple[str, ...], kind: socket.SocketKind
) -> None:
    [port] = free_ports(1)
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()

        with Program(
            home,
            *arguments[:-1],
            f"dns://127.0.0.1:{port}",
            f"-control={home}/control.sock",
        ) as program:
            code = program.ended()

    assert code == 2
    [line] = [line for line in program.said if line.startswith("registrator: ")]
    assert f"cannot listen on 127.0.0.1:{port}" in line
    assert "the port is taken" in line
    assert not any("Traceback" in line for line in program.said)


def test_whether_a_port_is_free_is_not_asked_by_check_config(home: Path) -> None:
    [port] = free_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", port))

        with Program(home, "-check-config", f"dns://127.0.0.1:{port}") as program:
            assert program.ended() == 0

    assert program.said == ["the settings are right"]


def test_flags_that_print_do_so_whatever_the_engine_is(home: Path) -> None:
    with Program(home, "-version", "-docker-host=unix:///none.sock") as program:
        assert program.ended() == 0


def test_the_mistakes_of_all_registries_are_one_report(home: Path) -> None:
    wrong = [
        f"consul-tls://h?ca={home}/missing.pem",
        "consulkv://h?format=xml",
        f"etcd://h?token_file={home}/missing.token",
        "etcds://h?ca=%00",
        "skydns2://h/no..domain",
        "zookeeper://h?format=xml",
        "eureka://h/\udcff",
        "dns://300.1.1.1",
        "memory://h",
        "nonsense://h",
    ]

    program = Program(home, "-check-config", *wrong, "-ttl=nonsense")
    with program:
        assert program.ended() == 2

    assert len(program.said) == len(wrong) + 1
    assert all(line.startswith("registrator: ") for line in program.said)
