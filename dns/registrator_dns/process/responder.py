"""The process that answers: it is fed by a daemon, and outlives it for a while.

::

    python -m registrator_dns.process.responder FEED UDP TCP [UDP TCP ...]

with the numbers of open sockets: one that daemons connect to, and pairs to answer on.
It needs no privileges for that. What it shows and how is said over the feed (`frames`).
"""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from registrator.errors import ConfigError
from registrator.model import Instance
from registrator_dns.answers import Answers
from registrator_dns.explain import explain
from registrator_dns.process import frames
from registrator_dns.process.frames import Garbled, Message
from registrator_dns.process.peer import peer
from registrator_dns.process.show import Show, show_of
from registrator_dns.server import Server
from registrator_dns.sockets import Bound

PAGE: Final = 64
"""Instances of one message: what is read or written before a query has its turn."""

_PATIENCE: Final = 30.0
"""Seconds in which somebody must say what to begin with."""
_FREEZE: Final = 5000
"""Changes after which all there is counts as lasting."""


@dataclass(slots=True)
class _Begun:
    """What a responder is at, since it was told."""

    wanted: Message
    show: Show
    server: Server
    agreed: float
    """The seconds for which it goes on, left alone."""
    ready: bool = False
    listing: Iterator[tuple[str, Instance]] = field(default_factory=lambda: iter(()))


class Responder:
    """Answers for whoever feeds it: the daemon that connected last."""

    def __init__(self, feed: socket.socket, bound: Sequence[Bound]) -> None:
        self._feed = feed
        self._bound = bound
        self._begun: _Begun | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._changes = 0
        self._writer: asyncio.StreamWriter | None = None
        self._alone: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Answer until told to end, or left alone for longer than was agreed."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._terminate)
        accepting = await asyncio.start_unix_server(self._hear, sock=self._feed)
        self._leave_alone()
        await self._ended.wait()
        accepting.close()
        if self._begun is not None:
            await self._begun.server.__aexit__(None, None, None)
        # That the feed ends tells the daemon that nothing is answered any more.
        if self._writer is not None and self._hearing is not None:
            self._writer.close()
            await asyncio.wait([self._hearing])

    def _terminate(self) -> None:
        """End if nobody feeds it; else the daemon says when.

        A service manager that stops the daemon may signal both.
        """
        if self._writer is None:
            self._ended.set()

    async def _hear(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do what one daemon says, until it goes or another takes over."""
        try:
            peer(writer.get_extra_info("socket"))
            while not writer.is_closing():
                head = await reader.readexactly(frames.LENGTH)
                body = await reader.readexactly(frames.size(head))
                await self._obey(frames.message(body), writer)
                await writer.drain()
        except (EOFError, OSError, Garbled):
            pass  # it has gone, or is not to be heard any further
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None
                self._leave_alone()

    def _take_over(self, writer: asyncio.StreamWriter) -> None:
        """Be fed by this daemon, and by no other from now on."""
        if self._writer is not None:
            self._writer.write(frames.frame({"taken": True}))
            self._writer.close()
        self._writer, self._hearing = writer, asyncio.current_task()
        if self._alone is not None:
            self._alone.cancel()

    def _leave_alone(self) -> None:
        begun = self._begun
        patience = begun.agreed if begun is not None and begun.ready else _PATIENCE
        loop = asyncio.get_running_loop()
        self._alone = loop.call_later(patience, self._ended.set)

    async def _obey(self, said: Message, writer: asyncio.StreamWriter) -> None:
        reply: Message = {}
        match said:
            case {"op": "begin", "patience": int() | float() as patience}:
                begun = self._begun or _begun(said, self._bound, patience)
                self._take_over(writer)
                begun.agreed = patience
                self._begun = begun
                self._send(writer, {"begun": begun.wanted})
                return
            case {"op": "who"}:
                places = [udp.getsockname()[:2] for udp, _ in self._bound]
                reply = {"fed": self._writer is not None, "places": places}
            case _ if writer is not self._writer:
                raise Garbled("it has not begun, or has ended")
            case {"op": "end", "after": float() | int() as seconds}:
                if self._begun is None or not self._begun.ready or not seconds:
                    self._ended.set()
                else:
                    # It may come back, as may another; until then nobody feeds this.
                    self._begun.agreed, self._writer = seconds, None
                    self._leave_alone()
            case {"op": "ready"} if self._begun is not None:
                gc.freeze()
                await self._begun.server.__aenter__()
                self._begun.ready = True
            case _ if self._begun is not None:
                reply = self._do(said, self._begun)
            case _:
                raise Garbled("nothing that is known here")
        writer.write(frames.frame(reply))

    def _send(self, writer: asyncio.StreamWriter, reply: Message) -> None:
        """Send copies of the sockets to answer on along.

        A successor can answer on them, those queries too that wait in them.
        """
        # Its own copy of the connection: asyncio's lets nobody send descriptors.
        number = os.dup(writer.get_extra_info("socket").fileno())
        with socket.socket(fileno=number) as connection:
            descriptors = [each.fileno() for pair in self._bound for each in pair]
            socket.send_fds(connection, [frames.frame(reply)], descriptors)

    def _do(self, said: Message, begun: _Begun) -> Message:
        answers = begun.show.answers
        match said:
            case {"op": "put", "instances": {**instances}}:
                for key, values in instances.items():
                    answers.put(str(key), frames.instance(values))
                self._count(len(instances))
            case {"op": "drop", "keys": [*keys]}:
                for key in keys:
                    answers.drop(str(key))
                self._count(len(keys))
            case {"op": "list", "from_start": bool() as from_start}:
                if from_start:
                    begun.listing = iter(answers.instances.items())
                page = dict(islice(begun.listing, PAGE))
                return {"instances": {k: frames.written(i) for k, i in page.items()}}
            case {"op": "complete", "is": bool() as is_so}:
                answers.authority.complete = is_so
            case {"op": "counters"}:
                return {"counters": _counted(begun.show)}
            case {"op": "explain", "name": str() as name, "kind": str() as kind}:
                return _explained(answers, name, kind)
            case _:
                raise Garbled("nothing that is known here")
        return {}

    def _count(self, changes: int) -> None:
        """Have the collector leave alone what came: there may be a lot, and no cycles.

        It would look at all of it each time, and no query is answered meanwhile.
        """
        self._changes += changes
        if self._changes >= _FREEZE:
            self._changes = 0
            gc.freeze()


def _begun(wanted: Message, bound: Sequence[Bound], agreed: float) -> _Begun:
    """Begin with what is wanted; raise `Garbled` where that cannot be."""
    try:
        show = show_of(wanted)
    except (ConfigError, LookupError, TypeError, ValueError) as error:
        raise Garbled(f"nothing to begin with: {error}") from error
    server = Server(
        bound,
        show.answer,
        forwarder=show.forwarder,
        connections=show.options.limits.connections,
        idle=show.options.limits.idle,
        usual=show.usual,
    )
    kept = {key: value for key, value in wanted.items() if key != "patience"}
    return _Begun(kept, show, server, agreed)


def _counted(show: Show) -> Mapping[str, int]:
    if show.forwarder is None:
        return show.answers.counters.by_name()
    forwarded = show.forwarder.counts.by_name()
    return {**show.answers.counters.by_name(), **forwarded}


def _explained(answers: Answers, name: str, kind: str) -> Message:
    try:
        return explain(answers.authority, name, kind)
    except ValueError as error:
        return {"mistake": str(error)}


def main(arguments: Sequence[str]) -> None:
    """Answer on the sockets with these numbers."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):  # for ps and whoever finds the port taken
        Path("/proc/self/comm").write_text("registrator-dns")
    feed, *others = (socket.socket(fileno=int(each)) for each in arguments)
    for each in others:
        each.setblocking(False)
    bound = tuple(zip(others[::2], others[1::2], strict=True))
    asyncio.run(Responder(feed, bound).run())


if __name__ == "__main__":
    main(sys.argv[1:])
