"""The few requests that keys in Consul take: reading, transactions, sessions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote

from registrator.errors import Rejected
from registrator.http_client import Answer, first_line
from registrator_backends.consul.agent import DEADLINE, Agent
from registrator_backends.consul.blocking import index_of
from registrator_backends.consul.uri import ConsulAddress
from registrator_backends.consulkv.entries import (
    MOST,
    Entry,
    Operation,
    look,
    read_entries,
)

CONNECTIONS: Final = 2
"""Requests follow one another; a session is renewed beside them."""

_CONSISTENT: Final = "&consistent"

Errors = Mapping[int, str]
"""What Consul says of each operation that it could not do, by its place."""

T = TypeVar("T")


class KvClient:
    """Speaks to one agent of its keys; raises only `BackendError` kinds."""

    def __init__(self, address: ConsulAddress, deadline: float = DEADLINE) -> None:
        self.agent = Agent(address, connections=CONNECTIONS, deadline=deadline)

    async def index(self, absent: str) -> int | None:
        """Say the index of the whole store: another one when any key has changed.

        Consul answers with it for a key that is not there; None where *absent* is.
        """
        answer = await self.agent.ask("GET", f"{kv_path(absent)}?consistent")
        there = not self._is_missing(absent, answer)
        return None if there else index_of(self.agent, answer)

    async def tree(self, start: str, *, consistent: bool = False) -> list[Entry]:
        """Read all keys that start so; *consistent*: never as they once were.

        Else a leader that does not know yet that it is deposed may answer. Source:
        Consul's HTTP API, "Consistency Modes".
        """
        mode = _CONSISTENT if consistent else ""
        answer = await self.agent.ask("GET", f"{kv_path(start)}?recurse{mode}")
        return [] if self._is_missing(start, answer) else self._entries(answer)

    async def keys(self, start: str, *, consistent: bool = False) -> list[str]:
        """List the names of all keys that start so."""
        mode = _CONSISTENT if consistent else ""
        answer = await self.agent.ask("GET", f"{kv_path(start)}?keys{mode}")
        if self._is_missing(start, answer):
            return []
        found = self.agent.parsed(answer.body)
        if not isinstance(found, list):
            raise self.agent.stranger()
        return [key for key in found if isinstance(key, str)]

    async def look(
        self, keys: Iterable[str], *, consistent: bool = False
    ) -> dict[str, Entry]:
        """Read those of *keys* that exist."""
        path = "/v1/txn?consistent" if consistent else "/v1/txn"
        wanted = sorted(set(keys))
        found: dict[str, Entry] = {}
        for some in _batches(wanted, MOST):
            answer = await self.agent.ask("PUT", path, _body(look(some)))
            if answer.status != HTTPStatus.OK:
                raise self.agent.refusal("/v1/txn", answer)
            for entry in self._results(answer):
                found[entry.key] = entry
        return {key: found[key] for key in wanted if key in found}

    async def commit(self, operations: Sequence[Operation]) -> Errors:
        """Do all or nothing; what stood in the way, empty when all is done.

        Raise `Rejected` where the agent finds it too large.
        """
        answer = await self.agent.ask("PUT", "/v1/txn", _body(operations))
        if answer.status == HTTPStatus.OK:
            return {}
        if answer.status == HTTPStatus.CONFLICT:
            return self._errors(answer, len(operations))
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise Rejected(f"Consul answers 413 {first_line(answer.body)}")
        raise self.agent.refusal("/v1/txn", answer)

    async def create_session(self, name: str, ttl: str) -> str:
        """Begin a session that nothing but its end takes away, and its keys with it."""
        wanted = {
            "Name": name,
            "TTL": ttl,
            "Behavior": "delete",
            # A key that went with its session may be written again at once.
            "LockDelay": "0s",
            # Not bound to the health of the agent's node, which may be another host,
            # or just be started again.
            "Checks": [],
            "NodeChecks": [],
        }
        body = json.dumps(wanted).encode()
        answer = await self.agent.ask("PUT", "/v1/session/create", body)
        if answer.status != HTTPStatus.OK:
            raise self.agent.refusal("session", answer)
        found = self.agent.parsed(answer.body)
        session = found.get("ID") if isinstance(found, dict) else None
        if not isinstance(session, str) or not session:
            raise self.agent.stranger()
        return session

    async def session(self, session: str) -> Mapping[str, Any] | None:
        """Read a session; None where it ended."""
        path = f"/v1/session/info/{quote(session, safe='')}"
        answer = await self.agent.ask("GET", path)
        if answer.status != HTTPStatus.OK:
            raise self.agent.refusal("session", answer)
        found = self.agent.parsed(answer.body)
        if not found:
            return None
        if not isinstance(found, list) or not isinstance(found[0], dict):
            raise self.agent.stranger()
        return found[0]

    async def renew(self, session: str) -> bool:
        """Keep a session; False where it ended."""
        path = f"/v1/session/renew/{quote(session, safe='')}"
        answer = await self.agent.ask("PUT", path)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self.agent.refusal("session", answer)
        return answer.status == HTTPStatus.OK

    def _is_missing(self, what: str, answer: Answer) -> bool:
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self.agent.refusal(what, answer)
        return answer.status == HTTPStatus.NOT_FOUND

    def _entries(self, answer: Answer) -> list[Entry]:
        try:
            return read_entries(self.agent.parsed(answer.body))
        except ValueError as error:
            raise self.agent.stranger() from error

    def _results(self, answer: Answer) -> list[Entry]:
        found = self.agent.parsed(answer.body)
        if not isinstance(found, dict):
            raise self.agent.stranger()
        try:
            return read_entries([each["KV"] for each in found.get("Results") or ()])
        except (KeyError, TypeError, ValueError) as error:
            raise self.agent.stranger() from error

    def _errors(self, answer: Answer, operations: int) -> Errors:
        found = self.agent.parsed(answer.body)
        errors = found.get("Errors") if isinstance(found, dict) else None
        if not isinstance(errors, list) or not errors:
            raise self.agent.refusal("/v1/txn", answer)
        try:
            said = {int(each["OpIndex"]): str(each["What"]) for each in errors}
        except (KeyError, TypeError, ValueError) as error:
            raise self.agent.stranger() from error
        if not all(0 <= place < operations for place in said):
            raise self.agent.stranger()
        return said


def kv_path(start: str) -> str:
    """Make the path of a key, or of all that start so."""
    return f"/v1/kv/{quote(start)}"


def _body(operations: Sequence[Operation]) -> bytes:
    return json.dumps(operations).encode()


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[at : at + size] for at in range(0, len(items), size))
