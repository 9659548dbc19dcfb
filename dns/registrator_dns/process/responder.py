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

from registrator.model import Instance
from registrator_dns.answers import Answers
from registrator_dns.explain import explain
from registrator_dns.process import frames
from registrator_dns.process.frames import Garbled, Message
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
    listing: Iterator[tuple[str, Instance]] = field(default_factory=lambda: iter(()))


class Responder:
    """Answers for whoever feeds it: the daemon that connected last."""

    def __init__(self, feed: socket.socket, bound: Sequence[Bound]) -> None:
        self._feed = feed
        self._bound = bound
        self._begun: _Begun | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._changes = 0
        self._patience = _PATIENCE
        self._writer: asyncio.StreamWriter | None = None
        self._alone: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Answer until told to end, or left alone for longer than was agreed."""
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

    async def _hear(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do what one daemon says, until it goes or another takes over."""
        with suppress(EOFError, OSError, Garbled):
            while not writer.is_closing():
                head = await reader.readexactly(frames.LENGTH)
                body = await reader.readexactly(frames.size(head))
                await self._obey(frames.message(body), writer)
                await writer.drain()
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
        loop = asyncio.get_running_loop()
        self._alone = loop.call_later(self._patience, self._ended.set)

    async def _obey(self, said: Message, writer: asyncio.StreamWriter) -> None:
        reply: Message = {}
        match said:
            case {"op": "begin"}:
                self._take_over(writer)
                self._begin(said, writer)
                return
            case _ if writer is not self._writer:
                raise Garbled("nobody has begun with that")
            case {"op": "end", "after": float() | int() as seconds}:
                self._patience = seconds
                if not seconds:
                    self._ended.set()
            case {"op": "ready"} if self._begun is not None:
                gc.freeze()
                await self._begun.server.__aenter__()
            case {"op": str() as name} if self._begun is not None:
                reply = self._do(name, said, self._begun)
            case _:
                raise Garbled("nothing that is known here")
        writer.write(frames.frame(reply))

    def _begin(self, said: Message, writer: asyncio.StreamWriter) -> None:
        """Begin; or, having begun, say with what, and go on.

        Copies of the sockets to answer on go with the reply: a successor can answer
        on them, those queries too that wait in them.
        """
        self._patience = said["patience"]
        wanted = {key: value for key, value in said.items() if key != "patience"}
        reply: Message = {"pid": os.getpid(), "fresh": self._begun is None}
        if self._begun is None:
            show = show_of(said)
            server = Server(
                self._bound,
                show.answer,
                forwarder=show.forwarder,
                connections=show.options.limits.connections,
                idle=show.options.limits.idle,
                usual=show.usual,
            )
            self._begun = _Begun(wanted, show, server)
        reply = {**reply, "begun": self._begun.wanted}
        # Its own copy of the connection: asyncio's lets nobody send descriptors.
        number = os.dup(writer.get_extra_info("socket").fileno())
        with socket.socket(fileno=number) as connection:
            descriptors = [each.fileno() for pair in self._bound for each in pair]
            socket.send_fds(connection, [frames.frame(reply)], descriptors)

    def _do(self, name: str, said: Message, begun: "_Begun") -> Message:
        answers = begun.show.answers
        match name:
            case "put":
                for key, values in said["instances"].items():
                    answers.put(key, frames.instance(values))
                self._count(len(said["instances"]))
            case "drop":
                for key in said["keys"]:
                    answers.drop(key)
                self._count(len(said["keys"]))
            case "list":
                if said["from_start"]:
                    begun.listing = iter(answers.instances.items())
                page = dict(islice(begun.listing, PAGE))
                return {"instances": {k: frames.written(i) for k, i in page.items()}}
            case "complete":
                answers.authority.complete = said["is"]
            case "counters":
                return {"counters": _counted(begun.show)}
            case "explain":
                return _explained(answers, said["name"], said["kind"])
            case _:
                raise Garbled(f"{name}: nothing that is known here")
        return {}

    def _count(self, changes: int) -> None:
        """Have the collector leave alone what came: there may be a lot, and no cycles.

        It would look at all of it each time, and no query is answered meanwhile.
        """
        self._changes += changes
        if self._changes >= _FREEZE:
            self._changes = 0
            gc.freeze()


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
        # The daemon's end is for it to tell; a service manager may signal both.
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
