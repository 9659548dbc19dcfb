"""Requests in the version of the engine's API that both know."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from registrator.engine import api
from registrator.engine.endpoint import Endpoint
from registrator.engine.transport import Answer, Body, Refused, Transport
from registrator.errors import SourceError


class Versioned:
    """One engine's API: the version is agreed on before the first request."""

    version: str
    """The one that is spoken; "": nobody has been asked yet."""

    def __init__(
        self, endpoint: Endpoint, *, requests_at_once: int, deadline: float
    ) -> None:
        # One more than there are turns: a new event stream waits for none.
        self._transport = Transport(
            endpoint, connections=requests_at_once + 1, deadline=deadline
        )
        self._turns = asyncio.Semaphore(requests_at_once)
        self.version = ""

    def __str__(self) -> str:
        return str(self._transport)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def greet(self) -> Answer:
        """Agree on the version anew, and return what told us."""
        self.version = ""
        answer = await self._transport.fetch("/version")
        self.version = api.agree(self.object(answer))
        return answer

    async def fetch(self, path: str, body: Body | None = None) -> Answer:
        """Send a GET, or *body* by a POST, and read the whole answer."""
        async with self._turns:
            try:
                if not self.version:
                    await self.greet()
                return await self._transport.fetch(f"/v{self.version}{path}", body)
            except SourceError as error:
                if not isinstance(error, Refused) or error.status == 400:
                    self.version = ""  # who answers next may be another version
                raise

    @asynccontextmanager
    async def stream(
        self, path: str, body: Body | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an endless answer, and yield its pieces; it takes no turn."""
        if not self.version:
            await self.greet()
        path = f"/v{self.version}{path}"
        async with self._transport.stream(path, body) as pieces:
            yield pieces

    def json(self, answer: Answer) -> object:
        """Read what JSON says."""
        try:
            parsed: object = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{self}: not JSON: {error}") from error
        return parsed

    def object(self, answer: Answer) -> Mapping[str, object]:
        """Read an object of JSON's."""
        told = self.json(answer)
        if not isinstance(told, dict):
            raise SourceError(f"{self}: an answer is no JSON object")
        return told
