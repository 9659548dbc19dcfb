"""The processes of hosts.py, reader.py, dns_responder.py and checked.py."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from waiting import until

Moment = tuple[str, int]
"""An address with a port, and the nanoseconds at which something befell it."""

_DEADLINE: Final = 120.0


class Hosts:
    """A process of hosts; a command may be told to several before any is heard."""

    def __init__(self, uri: str, directory: Path, *, first: int = 0, count: int = 1):
        state = directory / f"hosts{first}"
        state.mkdir()
        self._child = _Child("bench.hosts", uri, first, count, state)

    def __enter__(self) -> Self:
        self._child.start()
        self.hear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end()

    @property
    def pid(self) -> int:
        """The process."""
        return self._child.pid

    def tell(self, *command: object) -> None:
        """Give a command."""
        self._child.tell(*command)

    def hear(self) -> str:
        """Wait for the answer to a command."""
        return self._child.hear()

    def seconds(self, *command: object) -> float:
        """Give a command, and hear how long it took."""
        self.tell(*command)
        return float(self.hear())

    def moment(self, command: str) -> Moment:
        """Give a command, and hear where something happened, and when."""
        self.tell(command)
        place, at = self.hear().split()
        return place, int(at)

    def moments(self) -> dict[str, int]:
        """Hear where things happened, and when."""
        found: dict[str, int] = json.loads(self.hear())
        return found


class Readers:
    """A process of readers, and what they have seen so far."""

    def __init__(self, uri: str, *, count: int = 1) -> None:
        self.present = [-1] * count
        """How many instances each sees now."""
        self.came: list[dict[str, int]] = [{} for _ in range(count)]
        """When each first saw what."""
        self.went: list[dict[str, int]] = [{} for _ in range(count)]
        self.readings = 0
        """How many readings there were, of all of them together."""
        self._child = _Child("bench.reader", uri, count)

    def __enter__(self) -> Self:
        self._child.start()
        threading.Thread(target=self._follow, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end()

    @property
    def pid(self) -> int:
        """The process."""
        return self._child.pid

    def await_all(self, count: int) -> None:
        """Wait until each sees at least so many."""

        def all_there() -> bool:
            if self._child.ended:
                raise RuntimeError("the readers have ended")
            return min(self.present) >= count

        until(all_there, f"readers see {count}", _DEADLINE)

    def _follow(self) -> None:
        for line in self._child.output:
            number, present, at, *changes = line.split()
            reader = int(number)
            self.readings += 1
            for change in changes:
                seen = self.came if change[0] == "+" else self.went
                seen[reader].setdefault(change[1:], int(at))
            self.present[reader] = int(present)


class Responder:
    """A process that answers DNS and nothing else."""

    def __init__(self, port: int) -> None:
        self._child = _Child("bench.dns_responder", port)

    def __enter__(self) -> Self:
        self._child.start()
        self._child.hear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.finish()  # killed, it would leave its child

    @property
    def pid(self) -> int:
        """The process that answers: not the one that feeds it, but its only child."""
        feeder = self._child.pid
        [answering] = Path(f"/proc/{feeder}/task/{feeder}/children").read_text().split()
        return int(answering)

    def fill(self, names: int, each: int) -> float:
        """Have it show so many services with so many instances; the seconds."""
        self.tell("fill", names, each)
        return float(self._child.hear())

    def tell(self, *command: object) -> None:
        """Give a command."""
        self._child.tell(*command)


class Checked:
    """A process that is an engine, and what is to be checked of its containers."""

    def __init__(self, home: Path, port: int, count: int, interval: float) -> None:
        self.engine = f"unix://{home}/engine.sock"
        socket = home / "engine.sock"
        self._child = _Child("bench.checked", port, socket, count, f"{interval:g}")

    def __enter__(self) -> Self:
        self._child.start()
        self._child.hear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end()

    def ask(self, *command: object) -> str:
        """Give a command, and hear the answer."""
        self._child.tell(*command)
        return self._child.hear()


class _Child:
    """A Python process of ours that writes lines, and perhaps reads them."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._module = module
        self._command = [sys.executable, "-m", module, *map(str, arguments)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def ended(self) -> bool:
        return self._running.poll() is not None

    def tell(self, *command: object) -> None:
        """Give it a command."""
        self.input.write(" ".join(map(str, command)) + "\n")
        self.input.flush()

    def hear(self) -> str:
        """Wait for its answer."""
        line = self.output.readline()
        if not line:
            raise RuntimeError(f"{self._module} has ended")
        return line

    @property
    def input(self) -> IO[str]:
        stream = self._running.stdin
        assert stream is not None
        return stream

    @property
    def output(self) -> IO[str]:
        stream = self._running.stdout
        assert stream is not None
        return stream

    def end(self) -> None:
        self._running.kill()
        self._running.wait()
        self._process = None

    def finish(self) -> None:
        """Have nothing more to say to it, which makes it end."""
        self.input.close()
        self._running.wait()
        self._process = None

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process
