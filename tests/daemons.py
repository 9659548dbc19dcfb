"""Runs the whole program as its users start it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from registrator.ctl.client import Client, NoDaemon
from registrator.views import ServiceView, StatusView
from waiting import until

_MARK = "DAEMON_OF_A_TEST"
CTL = Path(sys.executable).with_name("registrator-ctl")


class Daemon:
    """One registrator process with a control socket of its own; always stopped."""

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        under: Sequence[str] = (),
    ) -> None:
        """Have it started by the command *under*, if there is one."""
        self.under = under
        self._arguments = arguments
        self._home = tempfile.TemporaryDirectory(prefix="registrator-")
        own = {_MARK: self._home.name}
        self._environment = {**os.environ, **(environment or {}), **own}
        self.socket = Path(self._home.name, "control.sock")
        self._log = Path(self._home.name, "log")
        self._client = Client([self.socket])
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.push(self)
            self.start()
            opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._end_what_outlives_it()
        if error is not None:
            sys.stderr.write(f"--- the daemon's log ---\n{self.log}\n")
        self._home.cleanup()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process, and wait until its control socket answers."""
        command = [sys.executable, "-m", "registrator", "-control", str(self.socket)]
        command += ["-state", str(Path(self._home.name, "state"))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.under, *command, *self._arguments],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        until(self._answers, "the daemon answers on its control socket")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code (negative: ended by a signal)."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=60)

    def services(self, name: str = "") -> list[ServiceView]:
        return self._client.services(name)

    def status(self) -> StatusView:
        return self._client.status()

    def ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run registrator-ctl against this daemon."""
        command, *rest = arguments
        return subprocess.run(
            [CTL, command, "--socket", str(self.socket), *rest],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def settled(self) -> bool:
        """Whether a full round is over, and nothing waits to be written anywhere."""
        status = self.status()
        return status["engine"]["listings"] > 0 and all(
            backend["reachable"]
            and backend["round_ago"] is not None
            and not backend["waiting"]
            for backend in status["backends"]
        )

    def _end_what_outlives_it(self) -> None:
        """End its DNS responders, which wait for the next daemon when one is killed."""
        mark = f"{_MARK}={self._home.name}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)

    def _answers(self) -> bool:
        if not self.alive:
            raise AssertionError(f"the daemon ended:\n{self.log}")
        try:
            self.status()
        except NoDaemon:
            return False
        return True
