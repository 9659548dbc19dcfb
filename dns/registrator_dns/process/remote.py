"""The daemon's end of a responder: it is found alive, or started, and told things."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Final

from registrator.errors import ConfigError, Unavailable
from registrator_dns.names import Endpoint
from registrator_dns.process import frames
from registrator_dns.process.frames import Message
from registrator_dns.process.line import Line
from registrator_dns.process.peer import Handle, peer
from registrator_dns.sockets import Bound, overlap

_MODULE: Final = "registrator_dns.process.responder"
_DEADLINE: Final = 10.0
"""Seconds that a responder may take to answer."""
_START: Final = 60.0
"""Seconds that one may take to start: less than one, but where a whole host starts."""
_MOST_SOCKETS: Final = 253
"""As many as one message may carry (unix(7), SCM_RIGHTS)."""


class Remote:
    """One responder, which no other daemon is to feed meanwhile."""

    def __init__(self, place: Path, begin: Message) -> None:
        """*place* is where it is fed; *begin* says what it needs to know to answer."""
        self._place = place
        self._begin = begin
        self._begun: Message = {}
        self._bound: Sequence[Bound] = ()
        self._line: Line | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._handle: Handle | None = None

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
        """Go on with a responder that is still there; whether there is one.

        One that hangs is ended.
        """
        try:
            self._begun = (await self._connect(self._begin))["begun"]
        except (TimeoutError, frames.Garbled, LookupError):
            await self.kill()
            return False
        except OSError:
            self._let_go()
            return False
        return True

    async def end_if_left(self, places: Collection[Endpoint]) -> None:
        """End the one that is there if it is in the way: at one of these places.

        One that a daemon feeds stays.
        """
        try:
            told = await self._connect({"op": "who"})
            held = [(str(address), int(port)) for address, port in told["places"]]
            fed = told["fed"]
        except (OSError, ValueError, LookupError):
            held, fed = [], True
        if not fed and any(overlap(one, other) for one in held for other in places):
            await self.kill()
        self._let_go()

    async def start(self, bound: Sequence[Bound]) -> None:
        """Start one that answers on these sockets as soon as it is told `ready`.

        Of the one before nothing is left. Raise `ConfigError` or `Unavailable`.
        """
        self._bound = bound
        with ExitStack() as unfinished:
            unfinished.callback(self._slay)
            await self.kill()
            try:
                with _feed(self._place) as feed:
                    self._process = _started(feed, bound)
                self._handle = Handle(self._process.pid)
                self._begun = (await self._connect(self._begin, _START))["begun"]
            except (OSError, frames.Garbled, LookupError) as error:
                await self.kill()
                silent = isinstance(error, TimeoutError)
                raise Unavailable(
                    "the dns responder does not start:"
                    f" {f'no answer in {_START:g} s' if silent else error}"
                ) from error
            unfinished.pop_all()

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
            if line is self._line and not line.taken:
                await self.kill()
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
            handle, self._handle = self._handle, None
            if handle is not None and after:
                handle.close()
            elif handle is not None:
                await handle.ended(_DEADLINE)
        self.abandon(kill=False)

    def abandon(self, *, kill: bool = True) -> None:
        """Let go of it, ended as it may be, and of the sockets."""
        if kill:
            self._slay()
        self._let_go()
        for pair in self._bound:
            for each in pair:
                each.close()
        self._bound = ()

    async def kill(self) -> None:
        """End it at once: its sockets would else be read by it and by its successor."""
        self._slay()
        handle, self._handle = self._handle, None
        if handle is not None:
            await handle.ended(_DEADLINE)
        self._let_go()

    def _slay(self) -> None:
        if self._handle is not None and not self.taken:
            self._handle.kill()

    def _let_go(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        if self._process is not None:
            if self._process.poll() is None:
                self._process.returncode = 0  # it is nobody's any more, and no mistake
            self._process = None
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _connect(self, first: Message, deadline: float | None = None) -> Message:
        """Say something first, and return the answer; raise OSError, or `Garbled`."""
        loop = asyncio.get_running_loop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        with ExitStack() as opened:
            opened.enter_context(connection)
            async with asyncio.timeout(deadline or _DEADLINE):
                await loop.sock_connect(connection, str(self._place))
                process = peer(connection)
                if self._handle is None:
                    if process == os.getpid():
                        raise ConnectionRefusedError("it never came to listen")
                    self._handle = Handle(process)
                await loop.sock_sendall(connection, frames.frame(first))
                reply = await self._first_reply(connection)
            opened.pop_all()
        _, self._line = await loop.create_unix_connection(Line, sock=connection)
        return reply

    async def _first_reply(self, connection: socket.socket) -> Message:
        await _readable(connection)
        octets, numbers, _, _ = socket.recv_fds(connection, 1 << 16, _MOST_SOCKETS)
        sockets = [socket.socket(fileno=number) for number in numbers]
        for each in sockets:
            # Whether one blocks is the same for all its copies, theirs too.
            each.setblocking(False)
        for pair in self._bound:
            for each in pair:
                each.close()
        self._bound = tuple(zip(sockets[::2], sockets[1::2], strict=True))
        loop = asyncio.get_running_loop()
        while (body := frames.body(octets)) is None:
            more = await loop.sock_recv(connection, 1 << 16) if octets else b""
            if not more:
                raise ConnectionResetError("it ended")
            octets += more
        return frames.message(body)


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
        stdout=subprocess.DEVNULL,  # whoever reads the daemon's would wait for both
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
