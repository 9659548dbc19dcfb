"""A Eureka server of the tests' own: no real one can be installed here.

It speaks the REST interface over HTTP or HTTPS and replicates to its peers; what it
does with instances is in `eureka_registry`. It answers in JSON only.
"""

import asyncio
import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from aiohttp import web

from eureka_registry import BadRequest, EurekaRegistry, Json
from servers import free_ports

UNWANTED = ("%2f", "%5c", "%3b", "%25", "//")
"""What Tomcat and Spring's firewall do not let into a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came, and when."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True, kw_only=True)
class EurekaServer:
    """A server on a loopback port, in a thread of its own."""

    context: str = "/eureka"
    login: str = ""
    """``user:password``, or nothing."""
    tls: ssl.SSLContext | None = None
    no_delta: bool = False
    peers: list["EurekaServer"] = field(default_factory=list)
    registry: EurekaRegistry = field(default_factory=EurekaRegistry)
    requests: list[Asked] = field(default_factory=list)
    port: int = field(default_factory=lambda: free_ports(1)[0])
    connections: int = 0
    """How many were open at once, at most."""
    hangs: bool = False
    """Whether it takes requests, and answers none."""
    _loop: asyncio.AbstractEventLoop | None = None
    _end: asyncio.Event | None = None
    _open: Callable[[], int] = field(default=lambda: 0)
    _thread: threading.Thread | None = None

    @property
    def uri(self) -> str:
        return f"eureka://127.0.0.1:{self.port}{self.context}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; what it held before, it holds again."""
        listening = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(listening)),
            name=f"eureka {self.port}",
            daemon=True,
        )
        self._thread.start()
        assert listening.wait(30), "the stand-in listens"

    def stop(self) -> None:
        """Break all connections, and refuse further ones."""
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        if self._thread is not None:
            self._thread.join()
        self._loop = self._thread = None

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Have it away, and started again afterwards; what it held is lost."""
        self.stop()
        try:
            yield
        finally:
            self.empty()
            self.start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Have it take requests, and answer none."""
        self.hangs = True
        try:
            yield
        finally:
            self.hangs = False

    def empty(self) -> None:
        """Hold nothing any more, as after a start without peers."""
        self.registry = self.registry.emptied()

    def advance(self, seconds: float) -> None:
        """Let time pass for the server: its timers, its leases and its caches."""
        self.registry.tick()
        # Step by step, for a timer to go off as often as it would.
        for _ in range(int(seconds // 30)):
            self.registry.shift += 30
            self.registry.tick()
        self.registry.shift += seconds % 30
        self.registry.tick()

    def asked(self, text: str) -> list[Asked]:
        """List the requests that hold *text* in "METHOD /path?query"."""
        return [request for request in self.requests if text in str(request)]

    def instances(self) -> dict[tuple[str, str], Json]:
        """Show everything, past all caches."""
        return {p: lease.shown() for p, lease in list(self.registry.leases.items())}

    async def _live(self, listening: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = web.Server(self._serve)
        self._open = lambda: len(server.connections)
        runner = web.ServerRunner(server, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(
            runner, "127.0.0.1", self.port, ssl_context=self.tls, reuse_address=True
        )
        await site.start()
        listening.set()
        await self._end.wait()
        await runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(
            method=request.method,
            path=request.raw_path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            at=time.monotonic(),
        )
        self.requests.append(asked)
        self.connections = max(self.connections, self._open())
        if self.hangs and self._end is not None:
            await self._end.wait()
        self.registry.tick()
        if self.login and asked.headers.get("authorization") != _basic(self.login):
            return web.Response(status=401)
        parts = urlsplit(asked.path)
        if any(each in parts.path.lower() for each in UNWANTED):
            return web.Response(status=400, text="<!doctype html><title>400</title>")
        if not parts.path.startswith(f"{self.context}/"):
            return web.Response(status=404)
        path = parts.path.removeprefix(f"{self.context}/").strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        return await self._route(asked, [unquote(each) for each in path], query)

    async def _route(
        self, asked: Asked, path: list[str], query: Mapping[str, str]
    ) -> web.Response:
        match asked.method, path:
            case "GET", _:
                return self._read(path, asked.headers.get("accept", ""))
            case "POST", ["apps", app]:
                return self._register(app, asked)
            case "PUT", ["apps", app, instance]:
                return self._renew(app, instance, query)
            case "DELETE", ["apps", app, instance]:
                return self._change(lambda one: one.cancel(app, instance))
            case _, ["apps", app, instance, "status"]:
                return self._change(_status_change(asked.method, app, instance, query))
            case _:
                return web.Response(status=405)

    def _read(self, path: list[str], accept: str) -> web.Response:
        if "json" not in accept:
            return web.Response(status=406, text="a real server answers in XML")
        match path:
            case ["apps", "delta"] if self.no_delta:
                return web.Response(status=403)
            case ["apps"]:
                body = self.registry.cached("")
            case ["apps", name]:
                body = self.registry.cached(name)
            case ["apps", app, instance]:
                body = _instance(self.registry.instance(app, instance))
            case ["instances", instance]:
                body = _instance(self.registry.find(instance))
            case _:
                body = None
        if body is None:
            return web.Response(status=404)
        return web.Response(body=body, content_type="application/json")

    def _change(self, change: Callable[[EurekaRegistry], bool]) -> web.Response:
        done = change(self.registry)
        self._tell(change)
        return web.Response(status=200 if done else 404)

    def _register(self, app: str, asked: Asked) -> web.Response:
        if "json" not in asked.headers.get("content-type", ""):
            return web.Response(status=415)
        try:
            sent: Json = json.loads(asked.body)["instance"]
            self.registry.register(app, sent)
        except BadRequest as error:
            return web.Response(status=400, text=str(error))
        self._tell(lambda peer: peer.register(app, sent, replicated=True))
        return web.Response(status=204)

    def _renew(self, app: str, instance: str, query: Mapping[str, str]) -> web.Response:
        text = query.get("lastDirtyTimestamp")
        dirty = None if text is None else int(text)
        if not self.registry.renew(app, instance, dirty):
            return web.Response(status=404)
        lease = self.registry.leases[app, instance]

        def renew(peer: EurekaRegistry) -> None:
            if not peer.renew(app, instance, lease.dirty):
                peer.register(
                    app,
                    lease.sent
                    | {"status": lease.status, "lastDirtyTimestamp": lease.dirty},
                    replicated=True,
                )

        self._tell(renew)
        return web.Response(status=200)

    def _tell(self, what: Callable[[EurekaRegistry], object]) -> None:
        """Replicate to those peers that are there, as a batch would at once."""
        for peer in self.peers:
            if peer._loop is not None:  # noqa: SLF001  a peer is one of us
                what(peer.registry)


def cluster(count: int) -> list[EurekaServer]:
    """Make servers that replicate to each other."""
    servers = [EurekaServer() for _ in range(count)]
    for server in servers:
        server.peers = [peer for peer in servers if peer is not server]
    return servers


def _status_change(
    method: str, app: str, instance: str, query: Mapping[str, str]
) -> Callable[[EurekaRegistry], bool]:
    if method == "PUT":
        return lambda one: one.override(app, instance, query["value"])
    return lambda one: one.release(app, instance, query.get("value", "UNKNOWN"))


def _basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def _instance(shown: Json | None) -> bytes | None:
    return None if shown is None else json.dumps({"instance": shown}).encode()
