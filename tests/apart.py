"""A host apart: every port is free there, and /etc may be written to."""

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

from servers import Server
from unshared import unshared

LAN: Final = ("192.0.2.10", "2001:db8::10")
"""The addresses that the host has in its network, besides those of loopback."""

NAME_SERVER: Final = "192.0.2.53"
"""The address of the network's name server, for somebody to listen at."""

_ADDRESSES: Final = [f"{LAN[0]}/24", f"{LAN[1]}/64", f"{NAME_SERVER}/32"]

# /run is empty, so that nobody's daemon is met by its socket.
_MAKE: Final = """
cp -a /etc "$1"
mount --bind "$1/etc" /etc
shift
mount -t tmpfs -o mode=755 none /run
ip link set lo up
ip link add lan type veth peer name others
for each; do ip address add "$each" dev lan $(case $each in *:*) echo nodad; esac); done
ip link set lan up
ip link set others up
"""


class Apart:
    """Network and mounts of a test's own; needs root.

    Both end with the test run, however that ends, since a process of the run holds
    them. Processes are everybody's: what is started there is stopped by `serving`.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            home = opened.enter_context(TemporaryDirectory(prefix="apart-"))
            self._home = Path(home)
            self._home.chmod(0o755)
            held = unshared(["net", "mount"], _MAKE, home, *_ADDRESSES)
            self._holder = opened.enter_context(held)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    @property
    def under(self) -> tuple[str, ...]:
        """What stands before a command to have it run there, in the directory /."""
        spaces = f"/proc/{self._holder}/ns"
        return ("nsenter", f"--net={spaces}/net", f"--mount={spaces}/mnt")

    def write(self, path: str, text: str) -> None:
        """Write a file below /etc, in the place of what is there."""
        assert path.startswith("/etc/"), path
        file = self._home / path[1:]
        file.unlink(missing_ok=True)  # it may be a link to where others would see it
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def empty(self, path: str, mode: str = "755") -> None:
        """Have a directory empty there, to be written to by its programs."""
        self.run("mount", "-t", "tmpfs", "-o", f"mode={mode}", "none", path)

    def open_up(self, *paths: Path) -> None:
        """Have every user reach these directories, whatever is above them."""
        shut = {each for path in paths for each in path.parents if not _is_open(each)}
        inside = [path for path in paths if shut & set(path.parents)]
        aside = [f"/run/aside/{number}" for number in range(len(inside))]
        for path, place in zip(inside, aside, strict=True):
            self.run("mkdir", "-p", place)
            self.run("mount", "--rbind", str(path), place)
        for above in sorted(shut):
            self.run("mkdir", "-p", str(above))
            self.empty(str(above))
        for path, place in zip(inside, aside, strict=True):
            self.run("mkdir", "-p", str(path))
            self.run("mount", "--rbind", place, str(path))

    def try_(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command there, whatever becomes of it."""
        return subprocess.run(
            [*self.under, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run(self, *command: str) -> str:
        """Run a command there that has to succeed, and return what it says."""
        told = self.try_(*command)
        said = f"{' '.join(command)}: {told.stdout}{told.stderr}"
        assert told.returncode == 0, said
        return told.stdout

    @contextmanager
    def serving(
        self, command: Sequence[str], answers: Callable[[], bool]
    ) -> Iterator[Server]:
        """Have a server running there that answers when this is entered."""
        with TemporaryDirectory(prefix="server-") as directory:
            server = Server([*self.under, *command], Path(directory), answers)
            try:
                server.start()
                yield server
            except BaseException:
                sys.stderr.write(f"--- {command[0]} ---\n{server.log}\n")
                raise
            finally:
                server.kill()

    def answers(self, *asked: str) -> bool:
        """Whether dig gets an answer there to what it is told to ask."""
        told = self.try_("dig", "+time=1", "+tries=1", "+noall", "+comments", *asked)
        return "status: NOERROR" in told.stdout


def _is_open(directory: Path) -> bool:
    return bool(directory.stat().st_mode & stat.S_IXOTH)
