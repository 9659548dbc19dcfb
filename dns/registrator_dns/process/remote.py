"""The daemon's end of a responder: it is found alive, or started, and told things."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Final, cast

from registrator.errors import ConfigError, Unavailable
from registrator_dns.process import frames
from registrator_dns.process.frames import Message
from registrator_dns.sockets import Bound

_MODULE: Final = "registrator_dns.process.responder"
_DEADLINE: Final = 10.0
"""Seconds that a responder may take to answer; it takes less than one to start."""
_MOST_SOCKETS: Final = 64


class Remote:
    """One responder, which no other daemon is to feed meanwhile."""

    def __init__(self, place: Path, begin: Message) -> None:
        """*place* is where it is fed; *begin* says what it needs to know to answer."""
        self._place = place
        self._begin = begin
        self._begun: Message = {}
        self._bound: Sequence[Bound] = ()
        self._line: _Line | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def bound(self) -> Sequence[Bound]:
        """Copies of the sockets that it answers on."""
        return self._bound

    @property
    def alive(self) -> bool:
        """Whether it can be told anything."""
        return self._line is not None and not self._line.lost.done()

    @property
    def taken(self) -> bool:
        """Whether another daemon feeds it now; this one has no say any more."""
        return self._line is not None and self._line.taken

    @property
    def begun(self) -> Message:
        """What it was begun with: not what was asked for, where it was found."""
        return self._begun

    async def find(self) -> bool:
        """Go on with a responder that is still there; whether there is one."""
        try:
            await self._connect()
        except OSError:
            return False
        return True

    async def start(self, bound: Sequence[Bound]) -> None:
        """Start one that answers on these sockets as soon as it is told `ready`."""
        self._bound = bound
        if self._process is not None:
            self._process.wait()  # it has ended
        with _feed(self._place) as feed:
            self._process = _started(feed, bound)
        try:
            await self._connect()
        except OSError as error:
            raise Unavailable(f"the dns responder does not start: {error}") from error

    async def ask(self, message: Message) -> Message:
        """Say something, and return the answer; raise `Unavailable` without one.

        Then the responder is dead, for one that hangs is killed.
        """
        line = self._line
        if line is None:
            raise Unavailable("the dns responder is not there")
        if line.taken:
            raise Unavailable("another daemon feeds the dns responder")
        try:
            async with asyncio.timeout(_DEADLINE):
                return await line.ask(frames.frame(message))
        except (OSError, frames.Garbled) as error:  # a TimeoutError is an OSError
            if not line.taken:
                self.kill()
            raise Unavailable(f"the dns responder is gone: {error}") from error

    def copies(self) -> Sequence[Bound]:
        """Copy the sockets once more, for a successor."""
        return tuple((udp.dup(), tcp.dup()) for udp, tcp in self._bound)

    async def gone(self) -> None:
        """Return when it is not there any more."""
        if self._line is not None:
            await asyncio.wait([self._line.lost])

    async def end(self, after: float) -> None:
        """Have it end in so many seconds, and let go of it."""
        with suppress(Unavailable):
            await self.ask({"op": "end", "after": after})
            if not after and self._line is not None:
                await asyncio.wait([self._line.lost], timeout=_DEADLINE)
                await asyncio.to_thread(self._reap)
        if self._process is not None:
            self._process.returncode = 0  # it is nobody's any more, and no mistake
        self._hang_up()
        for pair in self._bound:
            for each in pair:
                each.close()
        self._bound = ()

    def kill(self) -> None:
        """End it at once: its sockets would else be read by it and by its successor."""
        if self.alive:  # so the number is still its own
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._hang_up()

    def _reap(self) -> None:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_DEADLINE)

    async def _connect(self) -> None:
        """Say how to begin; raise OSError where nobody answers."""
        loop = asyncio.get_running_loop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        with ExitStack() as opened:
            opened.enter_context(connection)
            async with asyncio.timeout(_DEADLINE):
                await loop.sock_connect(connection, str(self._place))
                await loop.sock_sendall(connection, frames.frame(self._begin))
                reply = await self._first_reply(connection)
            opened.pop_all()
        self._pid, self._begun = int(reply["pid"]), reply["begun"]
        _, self._line = await loop.create_unix_connection(_Line, sock=connection)

    async def _first_reply(self, connection: socket.socket) -> Message:
        await _readable(connection)
        octets, numbers, _, _ = socket.recv_fds(connection, 4096, _MOST_SOCKETS)
        sockets = [socket.socket(fileno=number) for number in numbers]
        for each in sockets:
            # Whether one blocks is the same for all its copies, theirs too.
            each.setblocking(False)
        for pair in self._bound:
            for each in pair:
                each.close()
        self._bound = tuple(zip(sockets[::2], sockets[1::2], strict=True))
        if not octets:
            raise ConnectionResetError("it ended")
        return frames.message(octets[frames.LENGTH :])

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Line(asyncio.Protocol):
    """A connection on which everything said is answered, in its order."""

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
        if len(self._heard) < frames.LENGTH:
            return None
        end = frames.LENGTH + frames.size(bytes(self._heard[: frames.LENGTH]))
        if len(self._heard) < end:
            return None
        body = bytes(self._heard[frames.LENGTH : end])
        del self._heard[:end]
        return frames.message(body)

    def _fail(self, error: Exception) -> None:
        while self._answers:
            waiting = self._answers.popleft()
            waiting.set_exception(error)
            waiting.exception()  # maybe nobody waits any more: then it is no news


@contextmanager
def _feed(place: Path) -> Iterator[socket.socket]:
    """Have a socket that listens at *place*, for this user; raise `ConfigError`."""
    feed = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        place.unlink(missing_ok=True)
        feed.bind(str(place))
        feed.listen()
    except OSError as error:
        feed.close()
        why = error.strerror or error
        raise ConfigError(f"{place}: the dns responder cannot be fed: {why}") from error
    finally:
        os.umask(mask)
    with feed:
        yield feed


def _started(feed: socket.socket, bound: Sequence[Bound]) -> subprocess.Popen[bytes]:
    """Start the process, in a session of its own: a Ctrl-C is not for it."""
    numbers = [each.fileno() for each in (feed, *chain.from_iterable(bound))]
    return subprocess.Popen(  # noqa: S603  it is ourselves
        [sys.executable, "-P", "-m", _MODULE, *map(str, numbers)],
        pass_fds=numbers,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)
