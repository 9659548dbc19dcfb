"""One member of an etcd cluster: requests and streams of its JSON gateway."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Final

from registrator.errors import Unavailable
from registrator.http_client import HttpClient, HttpPlace, TooLong
from registrator_backends.etcd import wire
from registrator_backends.etcd.faults import Away, Refused, Stranger, fault

_OK: Final = 200

# Each watch holds one; the requests need theirs beside them.
_CONNECTIONS: Final = 256

# Any key serves, and may be forbidden to us.
_ANY_KEY: Final = {"key": wire.encoded(b"/"), "count_only": True}


class Member:
    """Speaks to one endpoint; raises nothing but `Unavailable` kinds."""

    def __init__(self, place: HttpPlace, deadline: float, longest: int) -> None:
        self.uri = place.uri
        self._longest = longest
        self._http = HttpClient(place, connections=_CONNECTIONS, deadline=deadline)
        self._feeling = asyncio.Lock()
        self._lived = self._died = float("-inf")

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        await self._http.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def ask(
        self, path: str, body: wire.Json, token: str, seconds: float
    ) -> wire.Json:
        """Ask for something under /v3/; raise `Away` where another might do it.

        Raise `TooLong` where that would be more than one answer should hold.
        """
        with self._translating():
            answer = await self._http.ask(
                "POST",
                f"/v3/{path}",
                body=json.dumps(body).encode(),
                headers=_headers(token),
                deadline=seconds,
                longest=self._longest,
            )
        return self.checked(path, answer.status, answer.body)

    async def show_life(self, token: str, *, lately: float, seconds: float) -> None:
        """Have it answer, unless it did so within the last *lately* seconds.

        However many streams of it are silent, one answer serves them all. It is one
        that it can give only together with most of its cluster, so that a member which
        was cut off from the others is noticed as well. Raise as `ask` does.
        """
        now = asyncio.get_running_loop().time
        asked = now()
        async with self._feeling:
            if self._lived > asked - lately:
                return
            if self._died > asked:
                raise Away(f"{self.uri}: gave no sign of life to another watch")
            try:
                # A refusal is a sign of life.
                with suppress(Refused, Stranger):
                    await self.ask("kv/range", _ANY_KEY, token, seconds)
            except Away:
                self._died = now()
                raise
            self._lived = now()

    @asynccontextmanager
    async def stream(
        self, path: str, body: wire.Json, token: str, seconds: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an answer without an end: chunks of it; errors as with `ask`."""
        async with AsyncExitStack() as opened:
            opening = self._http.stream(
                "POST",
                f"/v3/{path}",
                body=json.dumps(body).encode(),
                headers=_headers(token),
                deadline=seconds,
            )
            with self._translating():
                status, chunks = await opened.enter_async_context(opening)
                begun = b"" if status == _OK else await anext(chunks, b"")
            if status != _OK:
                raise fault(self.uri, path, status, begun)
            yield chunks

    def checked(self, what: str, status: int, body: bytes) -> wire.Json:
        """Read an answer; raise what it says that went wrong."""
        try:
            found = wire.document(body) if status == _OK else {"error": None}
        except wire.Nonsense as error:
            raise Away(f"{self.uri}: {error}") from error
        if "error" in found:
            raise fault(self.uri, what, status, body)
        return found

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except TooLong:
            raise
        except Unavailable as error:
            raise Away(str(error)) from error


def _headers(token: str) -> Mapping[str, str]:
    return {"Authorization": token} if token else {}
