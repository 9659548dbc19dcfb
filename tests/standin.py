"""A container engine made of memory, for what a real one cannot be brought to do.

    python tests/standin.py --socket PATH [--containers N] [--names M]

It serves the part of Docker's API that registrator uses, as engine 20.10 serves it: the
answers are its recorded ones with other names and numbers. Faults are staged by the
methods of `StandIn`, or from another process by the same words: GET /standin/start,
/die, /remove, /lose (first, count), /cut, /end, /hold, /release (kind), /fail (kind,
status, times), /away (seconds), /counts. A kind is version, info, list, inspect, kill
or events; each word answers with the number of requests so far by kind.
"""

import argparse
import asyncio
import hashlib
import json
import re
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs

REMEMBERED: Final = 256  # events that Docker replays at most
LISTED: Final = {"running", "paused", "restarting"}
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
RECORDED: Final = Path(__file__).with_name("engine") / "recorded"
TEMPLATE: Final[Mapping[str, Mapping[str, object]]] = json.loads(
    (RECORDED / "docker-20.10-inspect-two-networks.json").read_bytes()
)
ENTRY: Final[Mapping[str, object]] = json.loads(
    (RECORDED / "docker-20.10-list-two-networks.json").read_bytes()
)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fake:
    """One container, as much of it as matters; the rest is the template's."""

    name: str
    image: str = "stand/in:1"
    state: str = "running"
    health: str = ""
    exit_code: int = 0
    started: str = "2026-11-23T23:36:26.593083469Z"
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    """Exposed ports ("80/tcp") with the host's port each is published on, or 0."""
    networks: Mapping[str, str] = field(default_factory=dict)
    """Names of networks with the container's IPv4 address in each."""
    network_mode: str = "default"
    stop_signal: str = ""
    """The signal that it is stopped by; "" for SIGTERM."""

    @property
    def id(self) -> str:
        """An id that is the same for the same name."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def inspected(self) -> dict[str, object]:
        """What the engine shows of it alone."""
        lives = self.state in LISTED
        health = {"Health": {"Status": self.health}} if self.health else {}
        return {
            **TEMPLATE,
            "Id": self.id,
            "Name": f"/{self.name}",
            "State": {
                **{k: v for k, v in TEMPLATE["State"].items() if k != "Health"},
                **health,
                "Status": self.state,
                "Running": lives,
                "Paused": self.state == "paused",
                "Restarting": self.state == "restarting",
                "ExitCode": self.exit_code,
                "StartedAt": self.started,
            },
            "HostConfig": {**TEMPLATE["HostConfig"], "NetworkMode": self.network_mode},
            "Config": {
                **TEMPLATE["Config"],
                "StopSignal": self.stop_signal,
                "Image": self.image,
                "Env": list(self.environment),
                "Labels": dict(self.labels),
                "ExposedPorts": {port: {} for port in self.ports},
            },
            "NetworkSettings": {
                **TEMPLATE["NetworkSettings"],
                "Ports": self._bindings() if lives else {},
                "Networks": self._networks(),
            },
        }

    def listed(self) -> dict[str, object]:
        """What the engine shows of it in a list."""
        marker = "Paused" if self.state == "paused" else self.health
        return {
            **ENTRY,
            "Id": self.id,
            "Names": [f"/{self.name}"],
            "Image": self.image,
            "Labels": dict(self.labels),
            "State": self.state,
            "Status": "Up 3 minutes" + (f" ({marker})" if marker else ""),
            "Ports": [
                {"IP": "0.0.0.0", "PrivatePort": int(port.split("/")[0])}
                | {"PublicPort": public, "Type": port.split("/")[1]}
                for port, public in self.ports.items()
            ],
            "HostConfig": {"NetworkMode": self.network_mode},
            "NetworkSettings": {"Networks": self._networks()},
        }

    def _bindings(self) -> dict[str, list[dict[str, str]] | None]:
        return {
            port: [{"HostIp": "0.0.0.0", "HostPort": str(public)}] if public else None
            for port, public in self.ports.items()
        }

    def _networks(self) -> dict[str, dict[str, object]]:
        return {
            name: {"IPAddress": address, "IPPrefixLen": 16, "GlobalIPv6Address": ""}
            for name, address in self.networks.items()
        }


def numbered(first: int, count: int, names: int = 100) -> tuple[Fake, ...]:
    """Make containers that differ in all that is registered, the same every time.

    They share so many service names, in turn.
    """
    return tuple(
        Fake(
            name=f"c{number:05}",
            labels={"SERVICE_NAME": f"s{number % names:02}"},
            environment=(f"SERVICE_TAGS=n{number},standin",),
            ports={"80/tcp": 10000 + number % 50000},
            networks={"bridge": f"10.77.{number // 250 % 250}.{number % 250 + 1}"},
        )
        for number in range(first, first + count)
    )


class StandIn:
    """The engine, on a unix socket while it is entered; its methods are events."""

    def __init__(
        self,
        socket: Path,
        *,
        api: str = "1.41",
        minimum: str = "1.24",
        names: int = 100,
    ) -> None:
        self.socket = socket
        self.api = api
        self.minimum = minimum
        self.names = names
        self.counts: Counter[str] = Counter()
        self.targets: deque[str] = deque(maxlen=100)
        """What was asked for last, path and query, of every kind but inspect."""
        self.killed: list[tuple[str, str]] = []
        """The signals that were asked for, with the names of the containers."""
        self.absences: asyncio.Queue[float] = asyncio.Queue()
        self._fakes: dict[str, Fake] = {}
        self._inspected: dict[str, bytes] = {}
        self._listed: dict[str, bytes] = {}
        self._events: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED)
        self._clock = 0
        self._streams: set[_Connection] = set()
        self._held: dict[str, list[tuple[_Connection, bytes]]] = {}
        self._failures: dict[str, tuple[int, bytes]] = {}
        self.dated = True
        """Whether the engine tells the time."""
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def streams(self) -> int:
        """How many event streams are open."""
        return len(self._streams)

    async def __aenter__(self) -> Self:
        await self.back()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.away()

    def present(self, *fakes: Fake) -> None:
        """Have containers, or have them changed, without an event."""
        for fake in fakes:
            self._fakes[fake.id] = fake
            self._inspected[fake.id] = _http(200, _dump(fake.inspected()))
            self._listed[fake.id] = _dump(fake.listed())

    def start(self, *fakes: Fake) -> None:
        """Start containers, and say so of all of them in one write."""
        self.present(*fakes)
        self.happen("start", *fakes)

    def die(self, *fakes: Fake, exit_code: int = 0) -> None:
        """End containers, and say so of all of them in one write."""
        dead = [replace(fake, state="exited", exit_code=exit_code) for fake in fakes]
        self.present(*dead)
        self.happen("die", *dead)

    def remove(self, *fakes: Fake) -> None:
        """Forget containers, and say so of all of them in one write."""
        self.lose(*fakes)
        self.happen("destroy", *fakes)

    def lose(self, *fakes: Fake) -> None:
        """Forget containers without a word."""
        for fake in fakes:
            for known in (self._fakes, self._inspected, self._listed):
                known.pop(fake.id, None)

    def happen(self, action: str, *fakes: Fake, signal: str = "") -> None:
        """Say of containers that something happened to them, in one write."""
        lines = [self._event(action, fake, signal) for fake in fakes]
        self.emit(b"".join(lines))

    def kill(self, fake: Fake, signal: int) -> None:
        """Say of a container that it was sent a signal, of which nothing comes."""
        self.happen("kill", fake, signal=str(signal))

    def emit(self, data: bytes) -> None:
        """Write to all event streams, in one piece, what need not be an event."""
        for stream in self._streams:
            stream.transport.write(_chunk(data))

    def cut(self, rest: bytes = b'{"Type":"container","Action":"sta') -> None:
        """Break all event streams in the middle of a line."""
        self.emit(rest)
        for stream in tuple(self._streams):
            # Not abort: what was written must arrive.
            stream.transport.close()
        self._streams.clear()

    def end(self) -> None:
        """End all event streams in good order."""
        for stream in self._streams:
            stream.transport.write(b"0\r\n\r\n")
        self._streams.clear()

    def hold(self, kind: str) -> None:
        """Work out answers of a kind as ever, and keep them back until `release`."""
        self._held.setdefault(kind, [])

    def release(self, kind: str) -> None:
        """Send the answers that were kept back, and keep none back any more."""
        for connection, answer in self._held.pop(kind, []):
            self._send(connection, kind, answer)

    def fail(self, kind: str, status: int, times: int = 1, message: str = "") -> None:
        """Answer requests of a kind with an error, the next so many times."""
        said = "No such container: x" if status == 404 else "no"
        self._failures[kind] = (times, _error(status, message or said))

    def garble(self, kind: str, body: bytes, status: int = 200) -> None:
        """Answer the next request of a kind with nonsense."""
        self._failures[kind] = (1, _http(status, body))

    async def away(self) -> None:
        """Be gone: no socket, no connection."""
        self.socket.unlink(missing_ok=True)
        for _ in range(5):
            # Who has knocked is let in: asyncio would leave that socket open for ever.
            await asyncio.sleep(0)
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.transport.abort()
        self._streams.clear()
        self._held.clear()
        await self.until(lambda: not self._connections)

    async def back(self) -> None:
        """Be there (again), and remember no event, as an engine that was restarted."""
        self._events.clear()
        loop = asyncio.get_running_loop()
        unseen = self.socket.with_name(f".{self.socket.name}")
        self._server = await loop.create_unix_server(
            lambda: _Connection(self), str(unseen)
        )
        # Who sees the socket can connect to it.
        unseen.rename(self.socket)

    async def asked(self, kind: str, times: int = 1) -> None:
        """Wait until so many requests of a kind have come in, all told."""
        await self.until(lambda: self.counts[kind] >= times)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what a request, or a connection that ends, can bring about."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def opened(self, connection: "_Connection") -> None:
        self._connections.add(connection)

    def closed(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        self._streams.discard(connection)
        self._changed.set()

    def answer(self, connection: "_Connection", target: str) -> None:
        """Answer one request, now or later."""
        path, _, query = target.partition("?")
        if path.startswith("/standin/"):
            connection.transport.write(self._control(path, query))
            return
        kind, answer = self._answer(path, query)
        self.counts[kind] += 1
        self._changed.set()
        if kind != "inspect":
            self.targets.append(target)
        times, failure = self._failures.get(kind, (0, b""))
        if times:
            self._failures[kind] = (times - 1, failure)
            answer = failure
        if kind in self._held:
            self._held[kind].append((connection, answer))
        else:
            self._send(connection, kind, answer)

    def _send(self, connection: "_Connection", kind: str, answer: bytes) -> None:
        connection.transport.write(answer)
        if kind == "events" and b"\r\nTransfer-Encoding: chunked\r\n" in answer:
            self._streams.add(connection)

    def _answer(self, path: str, query: str) -> tuple[str, bytes]:
        version, path = _split_version(path)
        if path.startswith("/containers/") and path != "/containers/json":
            key = path.split("/")[2]
            missing = _error(404, f"No such container: {key}")
            answer = self._inspected.get(key) or self._inspected.get(self._find(key))
            kind, answer = "inspect", answer or missing
            if path.endswith("/kill"):
                kind, answer = "kill", self._kill(key, query)
        elif path == "/containers/json":
            kind, answer = "list", _http(200, self._list(query))
        elif path == "/events":
            kind, answer = "events", self._stream(query)
        elif path == "/version":
            told = {"ApiVersion": self.api, "MinAPIVersion": self.minimum}
            date = f"Date: {formatdate(usegmt=True)}\r\n" if self.dated else ""
            kind, answer = "version", _http(200, _dump(told), date)
        elif path == "/info":
            named = {"Name": "standin", "ServerVersion": "0.0"}
            kind, answer = "info", _http(200, _dump(named))
        else:
            kind, answer = "other", _error(404, "page not found")
        if version and not _number(self.minimum) <= version <= _number(self.api):
            answer = _error(400, "client version is too new, or too old")
        return kind, answer

    def _kill(self, key: str, query: str) -> bytes:
        """Send a signal as an engine does that has the container go on."""
        fake = self._fakes.get(key)
        if fake is None:
            return _error(404, f"No such container: {key}")
        if fake.state not in LISTED:
            return _error(409, f"Container {key} is not running")
        self.killed.append((fake.name, parse_qs(query)["signal"][0]))
        return b"HTTP/1.1 204 X\r\n\r\n"

    def _find(self, key: str) -> str:
        """Return the id of the container with this name or beginning of an id."""
        for container, fake in self._fakes.items():
            if fake.name == key or (len(key) > 3 and container.startswith(key)):
                return container
        return ""

    def _list(self, query: str) -> bytes:
        filters = json.loads(parse_qs(query).get("filters", ["{}"])[0])
        states = set(filters.get("status", LISTED))
        listed = (self._listed[i] for i, f in self._fakes.items() if f.state in states)
        return b"[" + b",".join(listed) + b"]"

    def _stream(self, query: str) -> bytes:
        since = parse_qs(query).get("since", [""])[0]
        second, _, fraction = since.partition(".")
        begin = int(second + f"{fraction:0<9}") if since else self._clock + 1
        past = b"".join(line for moment, line in self._events if moment >= begin)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + _chunk(past)

    def _event(self, action: str, fake: Fake, signal: str = "") -> bytes:
        self._clock = max(time.time_ns(), self._clock + 1)
        attributes = {"name": fake.name, "image": fake.image, **fake.labels}
        if signal:
            attributes["signal"] = signal
        event = {"Type": "container", "Action": action, "scope": "local"}
        actor = {"ID": fake.id, "Attributes": attributes}
        times = {"time": self._clock // 10**9, "timeNano": self._clock}
        line = _dump({**event, "Actor": actor, **times}) + b"\n"
        self._events.append((self._clock, line))
        return line

    def _control(self, path: str, query: str) -> bytes:
        told = {name: values[0] for name, values in parse_qs(query).items()}
        first, count = int(told.get("first", 0)), int(told.get("count", 0))
        fakes = numbered(first, count, self.names)
        kind = told.get("kind", "")
        words: dict[str, Callable[[], object]] = {
            "start": lambda: self.start(*fakes),
            "die": lambda: self.die(*fakes),
            "remove": lambda: self.remove(*fakes),
            "lose": lambda: self.lose(*fakes),
            "cut": self.cut,
            "end": self.end,
            "hold": lambda: self.hold(kind),
            "release": lambda: self.release(kind),
            "fail": lambda: self.fail(
                kind, int(told["status"]), int(told.get("times", 1))
            ),
            "away": lambda: self.absences.put_nowait(float(told["seconds"])),
            "counts": lambda: None,
        }
        word = path.removeprefix("/standin/")
        if word not in words:
            return _error(404, f"no such word: {word}")
        words[word]()
        return _http(200, _dump(dict(self.counts)))


class _Connection(asyncio.Protocol):
    """One client's connection: HTTP/1.1, kept alive; what is in a body is not read."""

    transport: asyncio.Transport

    def __init__(self, engine: StandIn) -> None:
        self._engine = engine
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._engine.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        self._engine.closed(self)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, rest = self._rest.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = int(length[1]) if length else 0
            if len(rest) < body:
                return
            self._rest = rest[body:]
            target = head.split(b" ", 2)[1].decode()
            self._engine.answer(self, target)


def _http(status: int, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _error(status: int, message: str) -> bytes:
    return _http(status, _dump({"message": message}))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _split_version(path: str) -> tuple[tuple[int, ...], str]:
    first, _, rest = path.removeprefix("/").partition("/")
    if first.startswith("v") and first[1:].replace(".", "").isdigit():
        return _number(first[1:]), f"/{rest}"
    return (), path


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


async def _serve(socket: Path, containers: int, names: int) -> None:
    async with StandIn(socket, names=names) as engine:
        engine.present(*numbered(0, containers, names))
        while True:
            seconds = await engine.absences.get()
            await engine.away()
            await asyncio.sleep(seconds)
            await engine.back()


async def _main() -> None:
    parser = argparse.ArgumentParser(description="a container engine made of memory")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--containers", type=int, default=0)
    parser.add_argument("--names", type=int, default=100)
    given = parser.parse_args()
    async with asyncio.TaskGroup() as tasks:
        server = tasks.create_task(_serve(given.socket, given.containers, given.names))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.cancel)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
