"""Speaks to an etcd cluster: to one member, and to another where that one fails.

A request has one deadline, and each try a share of what is left of it. The member
that answers is asked again until it fails. Raises nothing but `Unavailable` kinds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar

from registrator.errors import Unavailable
from registrator_backends.etcd import wire
from registrator_backends.etcd.faults import Away, Stranger
from registrator_backends.etcd.member import Member
from registrator_backends.etcd.session import Session
from registrator_backends.etcd.stream import SILENCE, Stream
from registrator_backends.etcd.uri import EtcdAddress

T = TypeVar("T")

Send = Callable[[Member, str, float], Awaitable[T]]
"""Does something with a member, a token and so many seconds."""

DEADLINE: Final = 10.0
"""Seconds for one request, all tries together."""

LONGEST: Final = 32 * 1024 * 1024
"""Octets of one answer: what a slow network brings in time, and memory has room for."""


class EtcdClient:
    """Speaks to one cluster."""

    def __init__(
        self,
        address: EtcdAddress,
        *,
        deadline: float = DEADLINE,
        silence: float = SILENCE,
        longest: int = LONGEST,
    ) -> None:
        self.uri = address.uri
        self._deadline = deadline
        self._silence = silence
        self._session = Session(address.login)
        self._members = [Member(place, deadline, longest) for place in address.places]
        self._at = 0

    async def open(self) -> None:
        """Make ready to connect; nothing is sent yet."""
        for member in self._members:
            await member.open()

    async def close(self) -> None:
        """Close all connections."""
        for member in self._members:
            await member.close()

    async def ask(
        self, path: str, body: wire.Json, read: Callable[[wire.Json], T]
    ) -> T:
        """Ask for something under /v3/ that may be asked twice; *read* the answer."""

        async def send(member: Member, token: str, seconds: float) -> T:
            answer = await member.ask(path, body, token, seconds)
            try:
                return read(answer)
            except wire.Nonsense as error:
                raise Away(f"{member.uri}: {error}") from error

        return await self._anywhere(send)

    @asynccontextmanager
    async def stream(self, path: str, body: wire.Json) -> AsyncIterator[Stream]:
        """Open an answer without an end, where a member gives it."""
        async with AsyncExitStack() as opened:

            async def send(member: Member, token: str, seconds: float) -> Stream:
                context = member.stream(path, body, token, seconds)
                chunks = await opened.enter_async_context(context)
                return Stream(chunks, member, token, self._silence)

            yield await self._anywhere(send)

    async def _anywhere(self, send: Send[T]) -> T:
        """Have one member after the other do it, until one does not fail."""
        now = asyncio.get_running_loop().time
        end = now() + self._deadline
        count = len(self._members)
        # One by itself has two tries: a connection kept open may have died unnoticed.
        for left in range(max(count, 2), 0, -1):
            at = self._at
            try:
                return await self._at_one(self._members[at], send, (end - now()) / left)
            except Away as error:
                # Unless one who failed at the same time has turned away already.
                if self._at == at:
                    self._at = (at + 1) % count
                last = error
        if count == 1:
            raise last
        raise Away(f"{self.uri}: none of {count} members does it; {last}") from last

    async def _at_one(self, member: Member, send: Send[T], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await self._as_known(member, send, seconds)
        except TimeoutError as error:
            raise Away(f"{member.uri}: no answer in {seconds:.3g} s") from error

    async def _as_known(self, member: Member, send: Send[T], seconds: float) -> T:
        """Do it with a token, and with a new one where that does not serve."""

        async def ask(path: str, body: wire.Json) -> wire.Json:
            return await member.ask(path, body, "", seconds)

        token = await self._session.token(ask)
        try:
            return await send(member, token, seconds)
        except Stranger as error:
            if not self._session.forget(token):
                raise _unknown(error) from error
        except (Away, asyncio.CancelledError):
            # An etcd without its data may never answer to a token of before.
            self._session.forget(token)
            raise
        try:
            return await send(member, await self._session.token(ask), seconds)
        except Stranger as error:
            raise _unknown(error) from error


def _unknown(error: Stranger) -> Unavailable:
    return Unavailable(f"{error}; check the user and the password, or the token")
