"""HTTP to the engine: connections, deadlines, and what their failures mean."""

import asyncio
import json
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from registrator.engine.endpoint import Endpoint
from registrator.errors import SourceError

# Linux waits two hours before it asks after a silent peer, and an event stream may well
# be silent: this way a dead one is noticed within a minute.
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)

_FINE: Final = {200, 201, 204}

Body = Mapping[str, object]
"""What is sent as JSON."""


class Ended(SourceError):
    """The engine has ended an answer that it need not have ended."""


class Refused(SourceError):
    """The engine answers, and not with what was asked for."""

    def __init__(self, what: str, status: int, message: str) -> None:
        super().__init__(f"{what}: {status} {message}")
        self.status = status
        self.message = message

    @property
    def there_is_no_container(self) -> bool:
        """Whether it is for that; a proxy's 404 says nothing of containers."""
        return self.status == 404 and "no such container" in self.message.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A 200, 201 or 204 and what came with it."""

    body: bytes
    date: str
    """When it was made, by the engine's clock, as HTTP writes it."""


class Transport:
    """Requests to one endpoint over a pool of connections, each with its deadline."""

    _session: aiohttp.ClientSession

    def __init__(
        self, endpoint: Endpoint, *, connections: int, deadline: float
    ) -> None:
        self._endpoint = endpoint
        self._connections = connections
        self._deadline = deadline
        self._tls = endpoint.tls.context() if endpoint.tls else None

    def __str__(self) -> str:
        return f"engine {self._endpoint.description}"

    async def __aenter__(self) -> Self:
        self._session = self._open(self._connections)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def fetch(self, path: str, body: Body | None = None) -> Answer:
        """Send a GET, or *body* by a POST, and read the whole answer."""
        asked = self._what(path, body)
        with self._explained(asked):
            async with (
                asyncio.timeout(self._deadline),
                await self._ask(self._session, path, body) as response,
            ):
                answer = await response.read()
        if response.status not in _FINE:
            raise Refused(asked, response.status, _message(answer))
        return Answer(body=answer, date=response.headers.get("Date", ""))

    @asynccontextmanager
    async def stream(
        self, path: str, body: Body | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an endless answer on a connection of its own, and yield its pieces.

        The engine has accepted it when this is entered; from there on there is no
        deadline. The iteration ends by `SourceError` only: `Ended` where all is well.
        """
        asked = self._what(path, body)
        async with self._open(1) as session:
            with self._explained(asked):
                async with asyncio.timeout(self._deadline):
                    response = await self._ask(session, path, body)
                    fine = response.status in _FINE
                    refusal = b"" if fine else await response.read()
            if not fine:
                raise Refused(asked, response.status, _message(refusal))
            try:
                async with aclosing(self._pieces(asked, response)) as pieces:
                    yield pieces
            finally:
                response.close()

    async def _pieces(
        self, asked: str, response: aiohttp.ClientResponse
    ) -> AsyncGenerator[bytes, None]:
        # Not by lines: aiohttp gives up the whole answer at a line of 512 KiB.
        with self._explained(asked):
            while piece := await response.content.readany():
                yield piece
        raise Ended(f"{asked}: the engine ended the answer")

    async def _ask(
        self, session: aiohttp.ClientSession, path: str, body: Body | None
    ) -> aiohttp.ClientResponse:
        return await session.request(
            _method(body),
            URL(self._endpoint.url + path, encoded=True),
            json=body,
            allow_redirects=False,
        )

    def _open(self, connections: int) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        if (local := self._endpoint.socket) is not None:
            connector = aiohttp.UnixConnector(str(local), limit=connections)
        else:
            connector = aiohttp.TCPConnector(
                ssl=self._tls or True, limit=connections, socket_factory=_watched_socket
            )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # A proxy that packs an event stream holds events back to pack them well.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),
        )

    def _what(self, path: str, body: Body | None) -> str:
        return f"{self}: {_method(body)} {path.partition('?')[0]}"

    @contextmanager
    def _explained(self, asked: str) -> Iterator[None]:
        try:
            yield
        except (aiohttp.ClientError, OSError) as error:
            # One with a number is the kernel's, of a peer that went silent.
            late = isinstance(error, TimeoutError) and not error.errno
            reason = f"no answer in {self._deadline} s" if late else _reason(error)
            raise SourceError(f"{asked}: {reason}") from error


def _method(body: Body | None) -> str:
    return "GET" if body is None else "POST"


def _watched_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    for option in _KEEPALIVE:
        made.setsockopt(*option)
    return made


def _reason(error: aiohttp.ClientError | OSError) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if not isinstance(cause, OSError):
        text = str(cause)
    elif cause.errno and not isinstance(cause, ssl.SSLError | socket.gaierror):
        text = os.strerror(cause.errno)  # asyncio's own text is an address
    else:
        text = cause.strerror or str(cause)
    return (text or type(cause).__name__).lower()


def _message(body: bytes) -> str:
    """Read what an engine, or a proxy before it, says with a refusal: one line."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    message = told.get("message") if isinstance(told, dict) else None
    text = message if isinstance(message, str) else body.decode(errors="replace")
    printable = (sign if sign.isprintable() else " " for sign in text[:1000])
    return " ".join("".join(printable).split())[:200]
