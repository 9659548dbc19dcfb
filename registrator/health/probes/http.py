"""An HTTP check: a request, and an answer that is what it should be."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp import hdrs
from aiohttp.http_exceptions import LineTooLong
from yarl import URL

from registrator.check import Check
from registrator.fitness import Status
from registrator.health import guard
from registrator.health.frugal import MOST, ending, frugal
from registrator.health.guard import Place
from registrator.health.judging import LONGEST, judge, verdict
from registrator.health.probe import Failed, Means, Outcome, Probe
from registrator.health.reasons import reason
from registrator.health.trust import Trust, name_of
from registrator.model import endpoint

REDIRECTS: Final = 5
"""How many are followed."""

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {
    hdrs.USER_AGENT: "registrator",
    # A text cannot be found in what is packed.
    hdrs.ACCEPT_ENCODING: "identity",
}
_FAREWELL: Final = 0.1
"""Seconds for a peer's end of TLS, which nobody waits for."""

_ENDLESS: Final = f"the answer did not end within {MOST} octets"
_WORDS: Final = {
    aiohttp.ServerDisconnectedError: "the connection was closed without an answer",
    aiohttp.ClientPayloadError: "the answer broke off, or its body is garbled",
    aiohttp.ClientResponseError: "the answer is not HTTP",
    ValueError: "the check's method or headers cannot be sent",
}


class HttpProbe(Probe):
    """Asks over a new connection each time, and closes it at once."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self._trust = Trust(means.authorities)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Make ready to connect; nothing is sent yet."""
        self._session = aiohttp.ClientSession(
            connector=_connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            skip_auto_headers=[hdrs.CONTENT_TYPE],
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=None, sock_connect=None, sock_read=None
            ),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def run(self, check: Check) -> Outcome:
        """Send the request, follow redirects to where it came from, and judge."""
        url = _url(check.target)
        place = self.place(endpoint(url.host or "", url.port or 0))
        method, body = check.method or hdrs.METH_GET, check.body.encode()
        name = name_of(check.server_name, place)
        with _translating(place, name):
            for _ in range(REDIRECTS + 1):
                found = await self._ask(check, name, url, method, body)
                if isinstance(found, Outcome):
                    return found
                url = guard.follow(url, found.location)
                if found.becomes_get(method):
                    method, body = hdrs.METH_GET, b""
        raise Failed(f"{place}: redirected more than {REDIRECTS} times")

    async def _ask(
        self, check: Check, name: str, url: URL, method: str, body: bytes
    ) -> "Outcome | _Redirect":
        if self._session is None:
            raise RuntimeError("the probe is not open")
        secure = url.scheme == "https"
        async with self._session.request(
            method,
            url,
            data=body or None,
            headers=check.headers,
            allow_redirects=False,
            ssl=not secure or self._trust.context(verify=not check.tls_skip_verify),
            server_hostname=name,
        ) as response:
            found = verdict(check, response.status)
            location = response.headers.get(hdrs.LOCATION)
            if found is Status.CRITICAL and location and response.status in _MOVED:
                return _Redirect(response.status, location)
            wanted = check.expect if found is Status.PASSING else ""
            begun = await _beginning(response.content, wanted.encode())
            return judge(check, response.status, response.reason or "", begun)


@dataclass(frozen=True, slots=True)
class _Redirect:
    """An answer that says to ask elsewhere."""

    status: int
    location: str

    def becomes_get(self, method: str) -> bool:
        """Whether the next request is another than this one (RFC 9110, 15.4)."""
        if self.status == 303:
            return method != hdrs.METH_HEAD
        return self.status in {301, 302} and method == hdrs.METH_POST


async def _beginning(content: aiohttp.StreamReader, wanted: bytes) -> bytes:
    """Read until what is wanted was there, the end, or as much as is looked at."""
    octets = bytearray()
    while len(octets) < LONGEST and (chunk := await content.readany()):
        begins = max(0, len(octets) - len(wanted))
        octets += chunk
        if wanted and octets.find(wanted, begins, LONGEST) >= 0:
            break
    return bytes(octets[:LONGEST])


def _connector() -> aiohttp.TCPConnector:
    with warnings.catch_warnings():
        # aiohttp 4 is to have no such wait; until then asyncio's own is 30 seconds.
        warnings.simplefilter("ignore", DeprecationWarning)
        return aiohttp.TCPConnector(
            force_close=True,
            limit=0,
            socket_factory=frugal,
            ssl_shutdown_timeout=_FAREWELL,
        )


def _url(target: str) -> URL:
    try:
        # As it stands: what must be escaped is escaped.
        url = URL(target, encoded=True)
        plain = url.host and url.port and url.user is None and url.password is None
    except ValueError:
        plain = False
    if not plain or url.scheme not in {"http", "https"}:
        raise Failed("the check's target is no URL of http or https")
    return url


@contextmanager
def _translating(place: Place, name: str) -> Iterator[None]:
    """Turn every way in which an exchange can go wrong into a sentence."""
    with ending() as connections:
        try:
            yield
        except guard.Barred as barred:
            raise Failed(f"{place}: {barred}") from barred
        except (aiohttp.ClientError, OSError, ValueError) as error:
            spent = any(each.spent for each in connections)
            why = _ENDLESS if spent else _reason(error, name)
            raise Failed(f"{place}: {why}") from error


def _reason(error: Exception, name: str) -> str:
    # Where there was no connection aiohttp keeps the system's error as the cause.
    met = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(met, OSError):
        return reason(met, name)
    if isinstance(error.__cause__, LineTooLong):
        return "the answer's head is too long"
    known = (words for kind, words in _WORDS.items() if isinstance(error, kind))
    return next(known, "the connection broke off")
