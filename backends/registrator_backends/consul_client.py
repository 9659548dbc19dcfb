"""The few requests of Consul's HTTP API that a registering daemon needs.

Every request has one deadline for all of it, and every failure is translated here:
no error of aiohttp, of json or of the operating system goes past this module.
"""

import json
import re
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from registrator.errors import Rejected, Unavailable
from registrator.model import ServiceId
from registrator_backends.consul_checks import Report
from registrator_backends.consul_uri import ConsulAddress

DEADLINE = 10.0
"""Seconds for one request.

An agent with ACLs that has just been started holds a request back until there is a
leader: 6.7 s were measured. Cutting it off earlier would only repeat it.
"""

CONNECTIONS = 16
"""Requests at once. An agent allows 200 connections to one client (the default of
limits.http_max_conns_per_client) and is busy on every core with far fewer."""

Table = Mapping[str, Mapping[str, Any]]

_UNKNOWN_CHECK = re.compile(rb"(?i)unknown check|does not have associated TTL")
_NO_SCRIPTS = b"scripts are disabled"  # a 500 of old agents, no passing trouble
_THE_RECORDS_FAULT = frozenset({400, 413})
_WORDS = {
    aiohttp.ServerDisconnectedError: "closed the connection without an answer",
    aiohttp.ClientPayloadError: "broke off in the middle of an answer",
    aiohttp.ClientResponseError: "the answer is not HTTP",
}
_JSON = {"Content-Type": "application/json"}
_HINTS = {
    401: "; check CONSUL_HTTP_AUTH",
    403: (
        "; check that the token may write and read this service"
        " (right after a restart of Consul's servers this passes by itself)"
    ),
}


class Refused(Unavailable):
    """The agent answers, but did not do this one thing; the next may go well."""


class ConsulClient:
    """Speaks to one agent; raises only `BackendError` kinds."""

    def __init__(self, address: ConsulAddress, deadline: float = DEADLINE) -> None:
        self._address = address
        self._deadline = deadline
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        address = self._address
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(address.socket, limit=CONNECTIONS)
            if address.socket
            else aiohttp.TCPConnector(limit=CONNECTIONS, ssl=address.tls or True)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._deadline),
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def services(self) -> Table:
        """Read every service of the agent, by id."""
        return await self._read("/v1/agent/services")

    async def checks(self) -> Table:
        """Read every check of the agent, by id."""
        return await self._read("/v1/agent/checks")

    async def service(self, service: ServiceId) -> Mapping[str, Any] | None:
        """Read one service; None where the agent does not know it."""
        path = f"/v1/agent/service/{_quoted(service)}"
        status, text = await self._ask("GET", path)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status != HTTPStatus.OK:
            raise self._refusal(service, status, text)
        return self._parsed(text)

    async def register(self, service: ServiceId, body: bytes) -> None:
        """Write a service with all its checks, in the place of the ones it had.

        Raise `Rejected` where the agent finds fault with it.
        """
        path = "/v1/agent/service/register?replace-existing-checks=true"
        status, text = await self._ask("PUT", path, body)
        if status in _THE_RECORDS_FAULT or _NO_SCRIPTS in text.lower():
            raise Rejected(f"Consul answers {status} {_line(text)}")
        if status != HTTPStatus.OK:
            raise self._refusal(service, status, text)

    async def deregister(self, service: ServiceId) -> None:
        """Remove a service with its checks; one that is not there is removed."""
        path = f"/v1/agent/service/deregister/{_quoted(service)}"
        status, text = await self._ask("PUT", path)
        if status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self._refusal(service, status, text)

    async def report(self, service: ServiceId, check: str, said: Report) -> bool:
        """Set the state of a check with a TTL; False where the agent has none such."""
        path = f"/v1/agent/check/update/{_quoted(check)}"
        body = json.dumps({"Status": said[0], "Output": said[1]}).encode()
        status, text = await self._ask("PUT", path, body)
        if status == HTTPStatus.OK:
            return True
        if _UNKNOWN_CHECK.search(text):
            return False
        raise self._refusal(service, status, text)

    async def _read(self, path: str) -> Table:
        status, text = await self._ask("GET", path)
        if status != HTTPStatus.OK:
            raise self._refusal(path, status, text)
        table = self._parsed(text)
        if not all(isinstance(row, dict) for row in table.values()):
            raise Unavailable(f"{self._address.uri}: this is not a Consul agent")
        return table

    def _parsed(self, text: bytes) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"{self._address.uri}: the answer is not JSON") from error
        if not isinstance(value, dict):
            raise Unavailable(f"{self._address.uri}: this is not a Consul agent")
        return value

    async def _ask(
        self, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Send one request; raise `Unavailable` unless there is a whole answer."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        address = self._address
        try:
            async with self._session.request(
                method,
                # Encoded as it stands: ids may hold "/" and "%", which stay escaped.
                URL(f"{address.base}{path}", encoded=True),
                data=body,
                headers=self._headers() | ({} if body is None else _JSON),
                allow_redirects=False,  # a token goes to the agent, nowhere else
                server_hostname=address.server_name,
            ) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise Unavailable(
                f"{address.uri}: no answer in {self._deadline:g} s"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{address.uri}: {_reason(error)}") from error

    def _headers(self) -> dict[str, str]:
        headers = {
            "X-Consul-Token": self._address.token.current(),
            "Authorization": self._address.authorization,
            # Packing costs both ends more than the loopback interface saves.
            "Accept-Encoding": "identity",
        }
        return {name: value for name, value in headers.items() if value}

    def _refusal(self, what: str, status: int, text: bytes) -> Refused:
        hint = _HINTS.get(status, "")
        return Refused(f"{self._address.uri}: {what}: {status} {_line(text)}{hint}")


def _quoted(segment: str) -> str:
    return quote(segment, safe="")


def _line(text: bytes) -> str:
    """Take the first line of an answer, as far as it can stand in a log."""
    line = text[:200].decode(errors="replace").strip().partition("\n")[0]
    return "".join(character for character in line if character.isprintable())


def _reason(error: Exception) -> str:
    """Say what went wrong on the way, in words that name the agent's part in it."""
    if isinstance(error.__cause__, ssl.SSLError):
        return _reason_of_tls(error.__cause__)
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or error.os_error}"
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _reason_of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    return f"TLS fails: {(error.reason or str(error)).replace('_', ' ').lower()}"
