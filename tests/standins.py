"""The stand-in engine as a process of its own: nothing it costs is the daemon's."""

import http.client
import json
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from waiting import until

STANDIN = Path(__file__).with_name("standin.py")


class StandInProcess:
    """A running stand-in engine, told what happens over its own socket."""

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
