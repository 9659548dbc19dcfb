"""An answer of etcd's that does not end: one JSON document a line."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from registrator.errors import Unavailable
from registrator_backends.etcd import wire
from registrator_backends.etcd.faults import Away
from registrator_backends.etcd.member import Member

T = TypeVar("T")

SILENCE: Final = 20.0
"""Seconds without a word, after which the member is asked whether it lives."""

PULSE: Final = 5.0
"""Seconds within which it must answer, or it is taken for dead."""


class Lines:
    """Puts chunks together and apart again: aiohttp's own lines end at 512 kB."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk; the lines that it ends."""
        *whole, rest = chunk.split(b"\n")
        lines: list[bytes] = []
        for each in whole:
            lines.append(b"".join((*self._begun, each)))
            self._begun.clear()
        self._begun.append(rest)
        return [line for line in lines if line.strip()]


class Stream:
    """Reads one such answer; while it is silent, its member must show life."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        member: Member,
        token: str,
        silence: float = SILENCE,
    ) -> None:
        self._chunks = chunks
        self._silence = silence
        self._member = member
        self._token = token
        self._lines = Lines()
        self._ready: deque[bytes] = deque()

    async def answer(self, read: Callable[[wire.Json], T]) -> T:
        """Wait for the next document and *read* it; raise `Away` if none will come."""
        while not self._ready:
            self._ready.extend(self._lines.feed(await self._chunk()))
        found = self._member.checked("watch", 200, self._ready.popleft())
        try:
            return read(found)
        except wire.Nonsense as error:
            raise Away(f"{self._member.uri}: {error}") from error

    async def _chunk(self) -> bytes:
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    return await anext(self._chunks)
            except StopAsyncIteration as error:
                raise Away(f"{self._member.uri}: it ended a watch") from error
            except TimeoutError:
                # What all streams hear of their member may be a fourth older.
                lately = self._silence / 4
                await self._member.show_life(self._token, lately=lately, seconds=PULSE)
            except Unavailable as error:
                raise Away(str(error)) from error
