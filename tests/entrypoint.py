"""Runs the HAProxy side as its users start it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from fixtures.etcd import EtcdServer
from fixtures.haproxy import ask, worker
from instances import Instance
from servers import free_ports
from waiting import eventually, until


class EntryPoint:
    """One registrator-haproxy with a HAProxy of its own; nothing of it is left."""

    def __init__(self, directory: Path, *sources: str, **service: Any) -> None:
        """Have the service web of the registries *sources*, and what *service* says."""
        (self.port,) = free_ports(1)
        self.directory = directory
        self.run = directory / "run"
        self.configuration = directory / "entry.yaml"
        self.said: dict[str, Any] = {
            "haproxy": {"directory": str(self.run)},
            "defaults": [
                "timeout connect 1s",
                "timeout client 30s",
                "timeout server 30s",
            ],
            "services": {
                "web": {
                    "from": list(sources),
                    "listen": self.port,
                    "server": "check inter 100ms rise 1 fall 2",
                    **service,
                }
            },
        }
        self.more: list[str] = []
        """Further words of the command."""
        self.under: tuple[str, ...] = ()
        """The command that it is started by, if there is one."""
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / "log"

    def __enter__(self) -> Self:
        self.write()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for process in self.haproxies():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if error is not None:
            sys.stderr.write(f"--- the log ---\n{self.log}\n")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def has_said(self, words: str) -> bool:
        return words in self.log

    @property
    def control(self) -> Path:
        """Where it is asked."""
        return self.run / "control.sock"

    @property
    def file(self) -> str:
        """What HAProxy's file says."""
        return (self.run / "haproxy.cfg").read_text()

    @property
    def worker(self) -> int:
        """The process that serves."""
        return worker(self.run / "runtime.sock")

    def write(self) -> None:
        """Have the configuration in its file, at once."""
        new = self.configuration.with_suffix(".new")
        new.write_text(yaml.safe_dump(self.said))
        new.replace(self.configuration)

    def start(self) -> None:
        """Start it, and wait until HAProxy serves."""
        command = [sys.executable, "-m", "registrator_haproxy"]
        command += ["--state", str(self.directory / "state"), *self.more]
        command += [str(self.configuration)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.under, *command], stdout=log, stderr=log
            )
        until(self._serves, "haproxy serves")

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)

    def hang_up(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def ask(self, line: str) -> str:
        """Ask HAProxy's runtime socket, past all code of ours."""
        return ask(self.run / "runtime.sock", line)

    def servers(self) -> list[str]:
        """List the places that take traffic, as HAProxy has them."""
        rows = [
            each.split() for each in self.ask("show servers state web").splitlines()
        ]
        # Address, operational and administrative state, port.
        found = [
            (row[4], row[5], row[6], row[18]) for row in rows if row[1:2] == ["web"]
        ]
        return sorted(
            f"{address}:{port}"
            for address, running, admin, port in found
            if running == "2" and admin in {"0", "4"}  # 4: a slot that was filled
        )

    def haproxies(self) -> list[int]:
        """Find the HAProxy processes that have our file."""
        mark = str(self.run).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        return bool(self.ask("show info"))


async def serving(entry: EntryPoint, *some: Instance) -> None:
    """Wait until these take traffic, and no others."""
    await eventually(lambda: entry.servers() == places(*some), "they serve")


def places(*some: Instance) -> list[str]:
    """Say where they are, as `EntryPoint.servers` does."""
    return sorted(f"127.0.0.1:{each.port}" for each in some)


def key(instance: Instance) -> str:
    """Say which key of an etcd has it as one of the service web."""
    return f"/services/web/h:{instance.name}:80"


def put(etcd: EtcdServer, *some: Instance) -> None:
    """Have them registered."""
    for each in some:
        etcd.put(key(each), f"127.0.0.1:{each.port}")
