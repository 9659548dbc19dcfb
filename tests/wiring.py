"""The pages of docs/dns, done to the letter on a host apart.

A page's files and sessions are its code blocks: a file stands behind its path, as in
"`/etc/hosts`:", a session behind prompts. Names are looked up as in `SERVICES`.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apart import LAN, NAME_SERVER, Apart
from daemons import Daemon
from servers import Server
from standin import Fake
from standins import StandInThread, standin_with
from waiting import until

_DOCS: Final = Path(__file__).parents[1] / "docs" / "dns"

_BLOCK: Final = re.compile(r"(?ms)^```\w*\n(.*?)^```$")
_FILE: Final = re.compile(r"(?ms)^`(/[^`\n]+)`[^\n]*:\n\n```\w*\n(.*?)^```$")
_SESSION: Final = re.compile(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)")
_START: Final = re.compile(r"(?m)^(setpriv .* )?registrator (\S.*)$")
_VARYING: Final = (
    (re.compile(r"\bid: \d+"), "id: N"),
    (re.compile(r"(SOA\t\S+ \S+) \d+"), r"\1 N"),
)


def instance(
    name: str, number: int, address: str, *, port: int = 8080, wishes: str = ""
) -> Fake:
    """Make a container with a published port that is reached at *address*.

    *wishes* is its environment: "SERVICE_TAGS=blue SERVICE_WEIGHT=3".
    """
    return Fake(
        name=f"{name}.{number}",
        labels={"address": address, "SERVICE_NAME": name},
        environment=tuple(wishes.split()),
        ports={"80/tcp": port},
    )


SERVICES: Final = (
    instance("redis", 1, LAN[0], port=32768),
    instance("redis", 2, LAN[0], port=32769, wishes="SERVICE_TAGS=primary"),
    instance("web", 1, "192.0.2.11"),
    instance("web", 2, "2001:db8::11"),
)
"""What runs where the pages were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says to do."""

    blocks: Mapping[str, Sequence[str]]
    """Files, by their paths; a page may have several ways to write one."""
    sessions: Sequence[tuple[str, str]]
    """Commands, and what they are shown to print."""
    starts: Sequence[tuple[Sequence[str], Sequence[str]]]
    """How registrator is started: what stands before its name, and its arguments."""


def page(name: str) -> Page:
    """Read a page of docs/dns."""
    text = (_DOCS / name).read_text()
    blocks = _BLOCK.findall(text)
    assert blocks, name
    files: dict[str, list[str]] = {}
    for path, written in _FILE.findall(text):
        files.setdefault(path, []).append(written)
    return Page(
        blocks=files,
        sessions=[each for block in blocks for each in _SESSION.findall(block)],
        starts=[
            (shlex.split(under), shlex.split(arguments))
            for block in blocks
            for under, arguments in _START.findall(block.replace("\\\n", ""))
        ],
    )


def comparable(output: str) -> list[str]:
    """Write lines without what differs each time; servers rotate their answers."""
    for pattern, replacement in _VARYING:
        output = pattern.sub(replacement, output)
    lines = (" ".join(line.split()) for line in output.splitlines())
    return sorted(line for line in lines if line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A host apart on which registrator runs as a page starts it."""

    host: Apart
    page: Page
    engine: StandInThread
    daemon: Daemon

    def install(self) -> None:
        """Write the files of the page; of several for one path the first."""
        for path, (written, *_) in self.page.blocks.items():
            self.host.write(path, written)

    def run(self, line: str) -> str:
        """Run a line as a shell does, and return all that it prints."""
        told = self.host.try_("sh", "-c", line)
        return told.stdout + told.stderr

    def shown(self, line: str) -> list[str]:
        """Return the lines that a command prints, sorted."""
        return comparable(self.run(line))

    def dig(self, *asked: str) -> list[str]:
        """Return the data of the answer that dig gets, sorted."""
        return self.shown(shlex.join(["dig", "+short", "+time=5", "+tries=2", *asked]))

    def start(self, *fakes: Fake) -> None:
        """Start containers, and wait until they are registered."""
        self.engine.start(*fakes)
        until(lambda: self._knows() >= {f.name for f in fakes}, "containers started")
        until(self.daemon.settled, "the responder is told")

    def remove(self, *fakes: Fake) -> None:
        """Remove containers, and wait until they are forgotten."""
        self.engine.remove(*fakes)
        until(lambda: not self._knows() & {f.name for f in fakes}, "containers gone")
        until(self.daemon.settled, "the responder is told")

    def serving(self, *command: str) -> AbstractContextManager[Server]:
        """Run a forwarder there, which knows of `SERVICES` when this is entered."""
        return self.host.serving(
            command, lambda: self.host.answers("@127.0.0.1", "web.service.consul")
        )

    def _knows(self) -> set[str]:
        return {each["container_name"] for each in self.daemon.services()}


@contextmanager
def wired(
    name: str,
    *,
    start: int = 0,
    under: Sequence[str] = (),
    change: Callable[[Apart], None] = lambda _: None,
) -> Iterator[Wired]:
    """Have a host with `SERVICES` and with registrator as a page starts it.

    *start* is which of the page's ways to start it is meant; *under* is a command to
    start it by in the place of the page's. *change* is done to the host before.
    """
    told = page(name)
    shown, arguments = told.starts[start]
    with ExitStack() as opened:
        host = opened.enter_context(Apart())
        engine = opened.enter_context(standin_with(*SERVICES))
        change(host)
        daemon = Daemon(
            *arguments,
            f"-docker-host={engine.uri}",
            "-useIpFromLabel=address",
            f"-ip={LAN[0]}",
            "-node-name=host1",
            under=[*host.under, *(under or shown)],
        )
        # The user that the page starts it as may be another than ours.
        daemon.socket.parent.chmod(0o777)
        opened.enter_context(daemon)
        until(daemon.settled, "the first round")
        yield Wired(host=host, page=told, engine=engine, daemon=daemon)


@contextmanager
def name_server(host: Apart) -> Iterator[None]:
    """Have the name server of that host's network, which only knows example.org."""
    server = (
        "dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --no-resolv"
    )
    listen = f"--listen-address={NAME_SERVER} --bind-interfaces"
    knows = "--host-record=example.org,192.0.2.80 --local=/#/"
    with host.serving(
        [*server.split(), *listen.split(), *knows.split()],
        lambda: host.answers(f"@{NAME_SERVER}", "example.org"),
    ):
        yield


def check_sessions(wired: Wired) -> None:
    """Do all that the page shows, and see the same."""
    assert wired.page.sessions
    for line, output in wired.page.sessions:
        shown = wired.shown(line)
        assert shown == comparable(output), "\n".join([line, *shown])


def check_changes(wired: Wired, *server: str) -> None:
    """Have a service come and go, and see both in the next answer."""
    cache, asked = instance("cache", 1, "192.0.2.12"), (*server, "cache.service.consul")
    before = wired.dig(*asked)
    wired.start(cache)
    there = wired.dig(*asked)
    wired.remove(cache)
    gone = wired.dig(*asked)

    assert (before, there, gone) == ([], ["192.0.2.12"], [])
