"""The few requests that registering services with an agent takes."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from registrator.errors import Rejected
from registrator.http_client import first_line
from registrator.model import ServiceId
from registrator_backends.consul.agent import DEADLINE, Agent
from registrator_backends.consul.checks import Report
from registrator_backends.consul.uri import ConsulAddress

CONNECTIONS = 16
"""Requests at once. An agent allows 200 connections to one client (the default of
limits.http_max_conns_per_client) and is busy on every core with far fewer."""

Table = Mapping[str, Mapping[str, Any]]

_UNKNOWN_CHECK = re.compile(rb"(?i)unknown check|does not have associated TTL")
_NO_SCRIPTS = b"scripts are disabled"  # a 500 of old agents, no passing trouble
_THE_RECORDS_FAULT = frozenset({400, 413})


class ConsulClient:
    """Speaks to one agent of its services; raises only `BackendError` kinds."""

    def __init__(self, address: ConsulAddress, deadline: float = DEADLINE) -> None:
        self._agent = Agent(address, connections=CONNECTIONS, deadline=deadline)

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        await self._agent.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._agent.close()

    async def services(self) -> Table:
        """Read every service of the agent, by id."""
        return await self._read("/v1/agent/services")

    async def checks(self) -> Table:
        """Read every check of the agent, by id."""
        return await self._read("/v1/agent/checks")

    async def service(self, service: ServiceId) -> Mapping[str, Any] | None:
        """Read one service; None where the agent does not know it."""
        path = f"/v1/agent/service/{_quoted(service)}"
        answer = await self._agent.ask("GET", path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise self._agent.refusal(service, answer)
        return self._table(answer.body)

    async def register(self, service: ServiceId, body: bytes) -> None:
        """Write a service with all its checks, in the place of the ones it had.

        Raise `Rejected` where the agent finds fault with it.
        """
        path = "/v1/agent/service/register?replace-existing-checks=true"
        answer = await self._agent.ask("PUT", path, body)
        if answer.status in _THE_RECORDS_FAULT or _NO_SCRIPTS in answer.body.lower():
            said = f"{answer.status} {first_line(answer.body)}"
            raise Rejected(f"Consul answers {said}")
        if answer.status != HTTPStatus.OK:
            raise self._agent.refusal(service, answer)

    async def deregister(self, service: ServiceId) -> None:
        """Remove a service with its checks; one that is not there is removed."""
        path = f"/v1/agent/service/deregister/{_quoted(service)}"
        answer = await self._agent.ask("PUT", path)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self._agent.refusal(service, answer)

    async def report(self, service: ServiceId, check: str, said: Report) -> bool:
        """Set the state of a check with a TTL; False where the agent has none such."""
        path = f"/v1/agent/check/update/{_quoted(check)}"
        body = json.dumps({"Status": said.status, "Output": said.output}).encode()
        answer = await self._agent.ask("PUT", path, body)
        if answer.status == HTTPStatus.OK:
            return True
        if _UNKNOWN_CHECK.search(answer.body):
            return False
        raise self._agent.refusal(service, answer)

    async def _read(self, path: str) -> Table:
        answer = await self._agent.ask("GET", path)
        if answer.status != HTTPStatus.OK:
            raise self._agent.refusal(path, answer)
        table = self._table(answer.body)
        if not all(isinstance(row, dict) for row in table.values()):
            raise self._agent.stranger()
        return table

    def _table(self, text: bytes) -> dict[str, Any]:
        value = self._agent.parsed(text)
        if not isinstance(value, dict):
            raise self._agent.stranger()
        return value


def _quoted(segment: str) -> str:
    return quote(segment, safe="")
