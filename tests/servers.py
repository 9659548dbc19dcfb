"""Real servers, started from their binaries on free loopback ports."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from waiting import until

# Below the kernel's ephemeral ports: a client that tries a port whose server is
# away could otherwise be given that very port, and be connected to itself.
_PORTS = range(20_000, 32_000)

# A port looks free until its server is there: each process of the test run has its
# own share of them, and gives a port again only after all others.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_SHARE = _PORTS[_WORKER::_WORKERS]
_ports = cycle(random.sample(_SHARE, len(_SHARE)))

# Ends a server whose test run was killed: reads until its own stdin closes.
_GUARD = 'read -r _; kill -9 "$0"'


def free_ports(count: int) -> list[int]:
    """Find loopback ports that nobody has, for TCP and for UDP."""
    found: list[int] = []
    for port in islice(_ports, len(_SHARE)):
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"fewer than {count} free ports")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Server:
    """One process, answering when `start` returns and gone after the `with`."""

    def __init__(
        self, command: Sequence[str], directory: Path, answers: Callable[[], bool]
    ) -> None:
        self._command = command
        self._directory = directory
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._hangs = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the process was started, has not ended, and does not hang."""
        process = self._process
        return process is not None and process.poll() is None and not self._hangs

    @property
    def log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start the process, whether it answers yet or not."""
        Server.kill(self)  # what is left of one that ended by itself
        with (self._directory / "log").open("ab") as log:
            process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._process = process
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, str(process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def await_answer(self) -> None:
        """Wait until the process answers; fail if it ends."""
        until(self._is_up, f"{self._command[0]} answers")

    def kill(self) -> None:
        """End the process at once (kill -9), also while it is stopped."""
        process, guard = self._process, self._guard
        self._process = self._guard = None
        if guard is not None:
            guard.kill()
            guard.communicate()
        if process is not None:
            process.kill()
            process.wait()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Have the process away, and started again afterwards; data stays."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Have the process stopped: connections are accepted, nothing is answered."""
        process = self._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        # The signal is on its way when the call returns; a busy server may still
        # answer. The kernel tells the parent when the last thread stands.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        self._hangs = True
        try:
            yield
        finally:
            self._hangs = False
            process.send_signal(signal.SIGCONT)

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"{self._command[0]} ended:\n{self.log}")
        return self._answers()


@contextmanager
def swallowing() -> Iterator[int]:
    """Have a port where connections neither begin nor fail, as in a network cut off.

    The queue of those that wait to be accepted is full: Linux drops what begins one.
    """
    with ExitStack() as opened:
        listening = opened.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(2):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]
