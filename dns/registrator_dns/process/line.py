"""A connection to a responder: what is said on it is answered, in its order."""

import asyncio
from collections import deque
from typing import cast

from registrator_dns.process import frames
from registrator_dns.process.frames import Message


class Line(asyncio.Protocol):
    """Says things, and hears the answers, until the connection is lost."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.taken = False
        self._heard = bytearray()
        self._answers: deque[asyncio.Future[Message]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everybody know who waits."""
        self.lost.set_result(None)
        self._fail(exc or ConnectionResetError("it ended"))

    def data_received(self, data: bytes) -> None:
        """Take octets: parts of answers as well as several."""
        self._heard += data
        try:
            while (answer := self._next()) is not None:
                if "taken" in answer:
                    self.taken = True
                else:
                    self._answers.popleft().set_result(answer)
        except (frames.Garbled, IndexError) as error:
            self._fail(error)
            self._transport.abort()

    async def ask(self, octets: bytes) -> Message:
        """Send a message, and return its answer; raise OSError or `Garbled`."""
        if self.lost.done():
            raise ConnectionResetError("it ended")
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._transport.write(octets)
        # Who is cancelled does not read the answer; in its turn it comes all the same.
        return await asyncio.shield(answer)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _next(self) -> Message | None:
        body = frames.body(self._heard)
        if body is None:
            return None
        del self._heard[: frames.LENGTH + len(body)]
        return frames.message(body)

    def _fail(self, error: Exception) -> None:
        while self._answers:
            waiting = self._answers.popleft()
            waiting.set_exception(error)
            waiting.exception()  # maybe nobody waits any more: then it is no news
