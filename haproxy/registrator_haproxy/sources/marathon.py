"""Marathon: the tasks of an app.

    marathon://10.0.0.1:8080,10.0.0.2:8080/path?port-index=0&poll=10
    marathon-tls://user:password@marathon.example.com

Every Marathon of several answers alike; they ask the one that leads.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

from yarl import URL

from registrator.errors import ConfigError, Unavailable
from registrator.http_client import Answer, HttpClient, HttpPlace, first_line
from registrator.model import endpoint
from registrator.readable import Readable, Reading, Site
from registrator.tls import client_context
from registrator.uri import Location, attempt, read_location
from registrator_haproxy.sources import fields
from registrator_haproxy.sources.marathon_answers import read_apps
from registrator_haproxy.sources.polling import (
    LONGEST,
    parsed,
    read_number,
    read_poll,
    readings,
)

TOKEN: Final = "MARATHON_TOKEN"  # noqa: S105  a variable's name
"""The variable that holds a token, as DC/OS wants it."""

DEADLINE: Final = 10.0
"""Seconds for one answer, shared by the servers that are tried."""

_CONNECTIONS: Final = 4
_TLS_OPTIONS: Final = ("ca", "cert", "key")
_OPTIONS: Final = ("app", "poll", "port-index", *_TLS_OPTIONS)
_HINTS: Final = {
    401: f"; check user and password, or {TOKEN}",
    403: "; check that the user may view the app",
}
_ELSEWHERE: Final = frozenset({429, *range(300, 400)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    app: str
    port_index: int
    poll: float
    authorization: str = field(default="", repr=False)


class MarathonSource(Readable):
    """The tasks that run, of an app; without a name, those of every app."""

    def __init__(
        self, location: Location, places: list[HttpPlace], wish: _Wish
    ) -> None:
        shown = {name: location.options.get(name) for name in ("app", "port-index")}
        query = urlencode({name: each for name, each in shown.items() if each})
        self._uri = f"{location.uri}?{query}" if query else location.uri
        self._wish = wish
        self._root = f"/{quote(location.path)}" if location.path else ""
        self._servers = [
            HttpClient(place, connections=_CONNECTIONS, deadline=DEADLINE)
            for place in places
        ]
        self._at = 0

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``marathon://host:port,host:port/path`` or ``marathon-tls:``."""
        encrypted = uri.lower().startswith("marathon-tls:")
        location = read_location(
            uri, port=8443 if encrypted else 8080, options=_OPTIONS
        )
        options, shown, problems = location.options, location.uri, list[str]()
        poll = attempt(problems, lambda: read_poll(options, 10.0, shown))
        index = attempt(
            problems, lambda: read_number(options, "port-index", 0, 99, shown) or 0
        )
        token = site.environment.get(TOKEN, "")
        if not all("!" <= character <= "~" for character in token):
            problems.append(f"{TOKEN}: it holds characters that no header can carry")
        places = _places(location, problems, encrypted=encrypted)
        if problems or poll is None or index is None:
            raise ConfigError(*problems)
        wish = _Wish(
            app=options.get("app", ""),
            port_index=index,
            poll=poll,
            authorization=_authorization(location, token),
        )
        return cls(location, places, wish)

    @property
    def uri(self) -> str:
        """Their addresses."""
        return self._uri

    async def __aenter__(self) -> Self:
        """Make ready to connect."""
        for server in self._servers:
            await server.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        for server in self._servers:
            await server.close()

    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Ask every `poll` seconds; the option `app` stands before *name*."""
        app = (self._wish.app or name).strip("/")
        return readings(lambda: self._look(app, name), self._wish.poll)

    async def _look(self, app: str, name: str) -> Reading:
        """Read one app, or all; one that is not there (any more) has no tasks."""
        if app:
            path = f"/v2/apps/{quote(app)}?embed=app.tasks"
        else:
            path = "/v2/apps?embed=apps.tasks"
        answer = await self._ask(f"{self._root}{path}")
        if answer.status not in {200, 404}:
            raise self._refusal(answer)
        said = parsed(answer, self.uri)
        if answer.status == 404 and fields.text(said, "message"):
            return Reading(instances={})
        if answer.status != 200:
            raise self._refusal(answer)
        apps = [said.get("app")] if app else said.get("apps")
        try:
            return read_apps(apps, self._wish.port_index, name)
        except ValueError as error:
            raise Unavailable(f"{self.uri}: {error}") from error

    async def _ask(self, path: str) -> Answer:
        """Ask the server that answered last, in its absence the others in turn."""
        now = asyncio.get_running_loop().time
        end, count, first = now() + DEADLINE, len(self._servers), self._at
        troubles: list[str] = []
        for tried in range(count):
            at = (first + tried) % count
            try:
                answer = await self._servers[at].ask(
                    "GET",
                    path,
                    headers=self._headers(),
                    deadline=max(0.001, end - now()) / (count - tried),
                    longest=LONGEST,
                )
            except Unavailable as error:
                troubles.append(str(error))
                continue
            if answer.status < 500 and answer.status not in _ELSEWHERE:
                self._at = at
                return answer
            troubles.append(str(self._refusal(answer)))
        raise Unavailable("; ".join(troubles))

    def _headers(self) -> Mapping[str, str]:
        said = self._wish.authorization
        return {
            "Accept": "application/json",
            **({"Authorization": said} if said else {}),
        }

    def _refusal(self, answer: Answer) -> Unavailable:
        hint = _HINTS.get(answer.status, "")
        said = first_line(answer.body)
        return Unavailable(f"{self.uri}: it answers {answer.status} {said}{hint}")


def _authorization(location: Location, token: str) -> str:
    """Make the Authorization header; the URI's user stands before the token."""
    if location.user:
        login = f"{location.user}:{location.password}"
        octets = login.encode(errors="surrogateescape")
        return f"Basic {base64.b64encode(octets).decode()}"
    return f"token={token}" if token else ""


def _places(
    location: Location, problems: list[str], *, encrypted: bool
) -> list[HttpPlace]:
    """Say where the servers are; certificates are read here, with every mistake."""
    given = {name: location.options.get(name, "") for name in _TLS_OPTIONS}
    if not encrypted:
        problems += [
            f"{location.uri}: option {name} needs TLS (marathon-tls://)"
            for name in _TLS_OPTIONS
            if name in location.options
        ]
    tls = None
    if encrypted:
        tls = client_context(
            problems, ca=given["ca"], cert=given["cert"], key=given["key"]
        )
    return [
        HttpPlace(
            uri=f"{location.scheme}://{endpoint(host, port)}",
            base=URL(f"{'https' if tls else 'http'}://{endpoint(host, port)}"),
            tls=tls,
        )
        for host, port in location.servers
    ]
