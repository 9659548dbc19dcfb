"""Requests to one Consul agent, with what tells it who we are.

No error of json goes past this module, as none of aiohttp or of the operating system
goes past `http_client`.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from registrator.errors import Unavailable
from registrator.http_client import Answer, HttpClient, first_line
from registrator_backends.consul.uri import ConsulAddress

DEADLINE = 10.0
"""Seconds for one request.

An agent with ACLs that has just been started holds a request back until there is a
leader: 6.7 s were measured. Cutting it off earlier would only repeat it.
"""

_HINTS = {
    401: "; check CONSUL_HTTP_AUTH",
    403: (
        "; check that the token may write and read this"
        " (right after a restart of Consul's servers this passes by itself)"
    ),
}
_DENIAL = b"Permission denied"


class Refused(Unavailable):
    """The agent answers, but did not do this one thing; the next may go well."""


class Denied(Refused):
    """The token may not do this one thing; it says nothing of any other."""


class Agent:
    """Speaks to one agent over *connections* at most; raises only `BackendError`s."""

    def __init__(
        self, address: ConsulAddress, *, connections: int, deadline: float = DEADLINE
    ) -> None:
        self.uri = address.place.uri
        self.deadline = deadline
        self._address = address
        self._http = HttpClient(
            address.place, connections=connections, deadline=deadline
        )

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        await self._http.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        deadline: float | None = None,
    ) -> Answer:
        """Send one request; raise `Unavailable` unless there is a whole answer."""
        return await self._http.ask(
            method, path, body=body, headers=self._headers(), deadline=deadline
        )

    def refusal(self, what: str, answer: Answer) -> Refused:
        """Make the error that tells of an *answer* to a question about *what*."""
        hint = _HINTS.get(answer.status, "")
        said = f"{answer.status} {first_line(answer.body)}"
        # "ACL not found" is the whole token's, and passes after a restart.
        denied = answer.status == HTTPStatus.FORBIDDEN and _DENIAL in answer.body
        kind = Denied if denied else Refused
        return kind(f"{self.uri}: {what}: {said}{hint}")

    def parsed(self, text: bytes) -> object:
        """Read JSON; raise `Unavailable` where it is none."""
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"{self.uri}: the answer is not JSON") from error
        return value

    def stranger(self) -> Unavailable:
        """Make the error that tells of answers no agent of Consul's gives."""
        return Unavailable(f"{self.uri}: this is not a Consul agent")

    def _headers(self) -> Mapping[str, str]:
        headers = {
            "X-Consul-Token": self._address.token.current(),
            "Authorization": self._address.authorization,
        }
        return {name: value for name, value in headers.items() if value}
