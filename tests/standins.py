"""The stand-in engine beside the test: as a process, or on a thread of its own."""

import asyncio
import http.client
import json
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from standin import Fake, StandIn
from waiting import until

STANDIN = Path(__file__).with_name("standin.py")


class StandInProcess:
    """A running stand-in engine, told what happens over its own socket.

    Nothing that it costs is the daemon's or the test's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def uri(self) -> str:
        """The engine's address."""
        return f"unix://{self._path}"

    def counts(self) -> dict[str, int]:
        """Count the requests it got so far, by kind."""
        return defaultdict(int, self.tell("counts"))

    def tell(self, word: str) -> dict[str, int]:
        """Have something happen, such as ``start?first=0&count=10``."""
        connection = http.client.HTTPConnection("standin")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(str(self._path))
        try:
            connection.request("GET", f"/standin/{word}")
            counts: dict[str, int] = json.loads(connection.getresponse().read())
            return counts
        finally:
            connection.close()


class StandInThread:
    """A running stand-in engine, for tests that wait for other programs meanwhile."""

    def __init__(self, engine: StandIn, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._loop = loop

    @property
    def uri(self) -> str:
        """The engine's address."""
        return f"unix://{self._engine.socket}"

    def start(self, *fakes: Fake) -> None:
        """Start containers."""
        self._tell(lambda: self._engine.start(*fakes))

    def remove(self, *fakes: Fake) -> None:
        """End and forget containers."""
        self._tell(lambda: self._engine.die(*fakes))
        self._tell(lambda: self._engine.remove(*fakes))

    def _tell(self, happen: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(happen)


@contextmanager
def standin_with(*fakes: Fake) -> Iterator[StandInThread]:
    """Have an engine with these running containers; anybody may talk to it."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="stand-in")
    with TemporaryDirectory(prefix="standin-") as home:
        Path(home).chmod(0o755)
        engine = StandIn(Path(home, "docker.sock"))
        engine.present(*fakes)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(engine.back(), loop).result()
            engine.socket.chmod(0o666)
            yield StandInThread(engine, loop)
        finally:
            asyncio.run_coroutine_threadsafe(engine.away(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


@contextmanager
def standin(containers: int) -> Iterator[StandInProcess]:
    """Have an engine with so many running containers, each a service of its own."""
    with TemporaryDirectory(prefix="standin-") as home:
        path = Path(home, "docker.sock")
        process = subprocess.Popen(
            [
                sys.executable,
                str(STANDIN),
                f"--socket={path}",
                f"--containers={containers}",
                "--names=100000",
            ]
        )
        try:
            until(path.is_socket, "the stand-in engine listens")
            yield StandInProcess(path)
        finally:
            process.terminate()
            process.wait()
