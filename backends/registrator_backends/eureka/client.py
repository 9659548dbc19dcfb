"""The few requests of Eureka's REST interface that we need, to one of its servers.

Every request has one deadline for all of the servers it is tried on. No error of json
goes past this module, as none of aiohttp or of the operating system goes past
`http_client`.

Sources: the wiki of Netflix/eureka, "Eureka REST operations"; its classes
ApplicationsResource, ApplicationResource and InstanceResource.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote

from registrator.errors import Rejected, Unavailable
from registrator.http_client import Answer, HttpClient, first_line
from registrator_backends.eureka.entry import Entry, Listing, read_entry, read_listing
from registrator_backends.eureka.uri import EurekaAddress

T = TypeVar("T")

DEADLINE: Final = 10.0
"""Seconds for one request, shared by the servers that are tried."""

CONNECTIONS: Final = 4
"""Requests at once. Each takes a server a millisecond, so few keep many alive."""

_HINTS: Final = {
    401: "; check user and password",
    403: (
        "; check that the user may write, and that protection against CSRF is off"
        " for Eureka's paths (right after a server's start this passes by itself)"
    ),
}
_THE_RECORDS_FAULT: Final = frozenset({400, 413, 415})
_ELSEWHERE: Final = frozenset({403, 429})
"""Answers below 500 that another server may not give."""


class Refused(Unavailable):
    """A server answers, but did not do this one thing; the next may go well."""


class EurekaClient:
    """Speaks to the server that answered last; raises only `BackendError` kinds."""

    def __init__(self, address: EurekaAddress, deadline: float = DEADLINE) -> None:
        self._address = address
        self._deadline = deadline
        self._servers = [
            HttpClient(place, connections=CONNECTIONS, deadline=deadline)
            for place in address.places
        ]
        self._at = 0

    @property
    def server(self) -> str:
        """The server that answered last: another may know other things."""
        return self._address.places[self._at].uri

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        for server in self._servers:
            await server.open()

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers:
            await server.close()

    async def everything(self) -> Listing:
        """Read all instances, as they were up to half a minute ago."""
        answer = await self._ask("GET", "/apps")
        return self._parsed("/apps", answer, read_listing)

    async def application(self, app: str) -> Listing:
        """Read one application's instances, as they were up to half a minute ago."""
        path = f"/apps/{_quoted(app)}"
        answer = await self._ask("GET", path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return Listing(entries=())
        return self._parsed(path, answer, read_listing)

    async def delta(self) -> Listing | None:
        """Read the changes of the last minutes; None where the server keeps none."""
        answer = await self._ask("GET", "/apps/delta")
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
            return None
        return self._parsed("/apps/delta", answer, read_listing)

    async def instance(self, app: str, instance: str) -> Entry | None:
        """Read one instance as it is now; None where the server knows no such."""
        return await self._one(_path(app, instance))

    async def find(self, instance: str) -> Entry | None:
        """Read one instance as it is now, whatever its application."""
        return await self._one(f"/instances/{_quoted(instance)}")

    async def register(self, app: str, instance: str, body: bytes) -> None:
        """Write an instance; raise `Rejected` where the server finds fault with it."""
        answer = await self._ask("POST", f"/apps/{_quoted(app)}", body)
        if answer.status in _THE_RECORDS_FAULT:
            raise Rejected(f"Eureka answers {answer.status} {first_line(answer.body)}")
        if answer.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.OK}:
            raise self._refusal(_path(app, instance), answer)

    async def renew(self, app: str, instance: str, status: str, dirty: int) -> bool:
        """Send a heartbeat; False where the server wants a registration first."""
        path = _path(app, instance)
        query = f"?status={_quoted(status)}&lastDirtyTimestamp={dirty}"
        answer = await self._ask("PUT", path + query)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self._refusal(path, answer)
        return answer.status == HTTPStatus.OK

    async def cancel(self, app: str, instance: str) -> None:
        """Remove an instance; one that is not there is removed."""
        path = _path(app, instance)
        answer = await self._ask("DELETE", path)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self._refusal(path, answer)

    async def _one(self, path: str) -> Entry | None:
        answer = await self._ask("GET", path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return self._parsed(path, answer, read_entry)

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Ask the server that answered last, in its absence the others in turn."""
        now = asyncio.get_running_loop().time
        end = now() + self._deadline
        count, first = len(self._servers), self._at
        troubles: list[str] = []
        refusals: list[tuple[int, Answer]] = []
        for tried in range(count):
            at = (first + tried) % count
            try:
                answer = await self._servers[at].ask(
                    method,
                    f"{self._address.context}{path}",
                    body=body,
                    headers=self._headers(),
                    deadline=max(0.001, end - now()) / (count - tried),
                )
            except Unavailable as error:
                troubles.append(str(error))
                continue
            if answer.status < 500 and answer.status not in _ELSEWHERE:
                self._at = at
                return answer
            refusals.append((at, answer))
        if not refusals:
            raise Unavailable("; ".join(troubles))
        self._at, answer = refusals[0]
        return answer

    def _headers(self) -> Mapping[str, str]:
        headers = {
            "Accept": "application/json",
            "Authorization": self._address.authorization(),
        }
        return {name: value for name, value in headers.items() if value}

    def _parsed(
        self, path: str, answer: Answer, read: Callable[[Mapping[str, Any]], T]
    ) -> T:
        if answer.status != HTTPStatus.OK:
            raise self._refusal(path, answer)
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"{self.server}: the answer is not JSON") from error
        try:
            return read(value if isinstance(value, dict) else {})
        except ValueError as error:
            raise Unavailable(f"{self.server}: {path}: {error}") from error

    def _refusal(self, what: str, answer: Answer) -> Refused:
        hint = _HINTS.get(answer.status, "")
        return Refused(
            f"{self.server}: {what}: {answer.status} {first_line(answer.body)}{hint}"
        )


def _path(app: str, instance: str) -> str:
    return f"/apps/{_quoted(app)}/{_quoted(instance)}"


def _quoted(segment: str) -> str:
    return quote(segment, safe="")
