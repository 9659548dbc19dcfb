"""HTTP to one server: every answer within a deadline, every failure translated.

No error of aiohttp, of TLS or of the operating system goes past this module.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import aiohttp
from yarl import URL

from registrator.errors import Unavailable

CONNECT: Final = 2.0
"""Seconds for a connection: a network that is cut swallows what is sent to begin one.

Twice the time after which a lost packet of that kind is sent again (RFC 6298).
"""

_WORDS: Final = {
    aiohttp.ServerDisconnectedError: "closed the connection without an answer",
    aiohttp.ClientPayloadError: "broke off in the middle of an answer",
    aiohttp.ClientResponseError: "the answer is not HTTP",
}


class TooLong(Unavailable):
    """The answer has more octets than were asked for: ask for less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPlace:
    """Where an HTTP server is, and how to open a connection to it."""

    uri: str
    """For people: without user, password, token or options."""
    base: URL
    socket: str = ""
    """A unix socket's path; "" where *base* says host and port."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str | None = None
    """The name that the server's certificate carries, where it is not the host's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: headers by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Speaks to one server over at most *connections* connections, kept open."""

    def __init__(self, place: HttpPlace, *, connections: int, deadline: float) -> None:
        self._place = place
        self._connections = connections
        self._deadline = deadline
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        place, limit = self._place, self._connections
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(place.socket, limit=limit)
            if place.socket
            else aiohttp.TCPConnector(limit=limit, ssl=place.tls or True)
        )
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        longest: int | None = None,
    ) -> Answer:
        """Send one request; raise `Unavailable` unless there is a whole answer.

        *path* with its query is sent as it stands: what must be escaped is escaped.
        *deadline* is for all of it, in seconds; the client's own unless given.
        Raise `TooLong` where the answer's body has more than *longest* octets.
        """
        seconds = self._deadline if deadline is None else deadline
        with self._translating(seconds):
            async with self._request(
                method, path, body, headers, _limits(total=seconds)
            ) as response:
                said = {name.lower(): value for name, value in response.headers.items()}
                whole = await self._whole(response, longest)
                return Answer(response.status, said, whole)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """Open an answer without an end: its status, and chunks of it as they come.

        The head comes within *deadline* seconds, the client's own unless given.
        Raise `Unavailable` also where the answer breaks off, or nothing comes for
        *silence* seconds; None: it may be silent for ever. Waiting for a chunk can
        be cancelled, and taken up again.
        """
        seconds = self._deadline if deadline is None else deadline
        limits = _limits(silence=silence)
        async with AsyncExitStack() as opened:
            with self._translating(seconds):
                async with asyncio.timeout(seconds):
                    response = await opened.enter_async_context(
                        self._request(method, path, body, headers, limits)
                    )
            translating = partial(self._translating, silence or 0.0)
            yield response.status, _Chunks(response.content, translating)

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        limits: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("the client is not open")
        async with self._session.request(
            method,
            # Encoded as it stands: ids may hold "/" and "%", which stay escaped.
            URL(f"{self._place.base}{path}", encoded=True),
            data=body,
            headers={
                # Packing costs both ends more than the loopback interface saves.
                "Accept-Encoding": "identity",
                **({} if body is None else {"Content-Type": "application/json"}),
                **(headers or {}),
            },
            allow_redirects=False,  # a token goes to the server, nowhere else
            server_hostname=self._place.server_name,
            timeout=limits,
        ) as response:
            yield response

    async def _whole(
        self, response: aiohttp.ClientResponse, longest: int | None
    ) -> bytes:
        if longest is None:
            return await response.read()
        octets = bytearray()
        while chunk := await response.content.readany():
            octets += chunk
            if len(octets) > longest:
                raise TooLong(f"{self._place.uri}: an answer beyond {longest} octets")
        return bytes(octets)

    @contextmanager
    def _translating(self, seconds: float) -> Iterator[None]:
        uri = self._place.uri
        try:
            yield
        except aiohttp.ConnectionTimeoutError as error:
            raise Unavailable(f"{uri}: no connection in {CONNECT:.3g} s") from error
        except TimeoutError as error:
            raise Unavailable(f"{uri}: no answer in {seconds:.3g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{uri}: {_reason(error)}") from error


class _Chunks(AsyncIterator[bytes]):
    """An answer piece by piece; a generator would end where a wait is cancelled."""

    def __init__(
        self,
        content: aiohttp.StreamReader,
        translating: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._content = content
        self._translating = translating

    async def __anext__(self) -> bytes:
        with self._translating():
            chunk = await self._content.readany()
        if not chunk:
            raise StopAsyncIteration
        return chunk


def first_line(text: bytes) -> str:
    """Take the first line of an answer, as far as it can stand in a log."""
    line = text[:200].decode(errors="replace").strip().partition("\n")[0]
    return "".join(character for character in line if character.isprintable())


def _limits(
    *, total: float | None = None, silence: float | None = None
) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=CONNECT, sock_read=silence)


def _reason(error: Exception) -> str:
    """Say what went wrong on the way, in words that name the server's part in it."""
    if isinstance(error.__cause__, ssl.SSLError):
        return _reason_of_tls(error.__cause__)
    if isinstance(error, aiohttp.ClientConnectorError):
        why = error.os_error.strerror or str(error.os_error)
        return f"no connection: {why or 'broken off at once (is TLS as it should be?)'}"
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _reason_of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    return f"TLS fails: {(error.reason or str(error)).replace('_', ' ').lower()}"
