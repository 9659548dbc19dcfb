"""DNS servers that are asked by a forwarder, and answer as a test's script says."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from registrator_dns.forward.options import NAMES
from registrator_dns.sockets import bind

Asked = dns.message.QueryMessage
Script = Callable[[Asked, bool], Iterable[bytes]]
"""Gives the packets to send back for a query, which came over UDP or not."""


class Upstream:
    """Answers over UDP and TCP on one port while it is entered."""

    def __init__(self, script: Script, address: str = "127.0.0.1") -> None:
        self.script = script
        self.queries: list[Asked] = []
        """What was asked, in order."""
        self.over_udp: list[bool] = []
        """For each of them, whether over UDP."""
        self.clients: list[tuple[str, int]] = []
        """For each of them, from where."""
        self.place: tuple[str, int] = (address, 0)
        self._waiting: list[tuple[Asked, bool, Callable[[bytes], None]]] = []
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        udp, tcp = bind(self.place)
        self._opened.callback(udp.close)
        self.place = (self.place[0], udp.getsockname()[1])
        loop.add_reader(udp, self._read, udp)
        self._opened.callback(loop.remove_reader, udp)
        server = await asyncio.start_server(self._serve, sock=tcp)
        self._opened.callback(server.close)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    def answer_now(self, script: Script) -> None:
        """Answer all queries that had no answer when they came."""
        waiting, self._waiting = self._waiting, []
        for asked, udp, send in waiting:
            for packet in script(asked, udp):
                send(packet)

    def _read(self, bound: socket.socket) -> None:
        packet, peer = bound.recvfrom(65_535)
        self._take(packet, peer, True, lambda reply: void(bound.sendto(reply, peer)))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        def send(reply: bytes) -> None:
            writer.write(len(reply).to_bytes(2) + reply)

        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2))
                packet = await reader.readexactly(size)
                peer: tuple[str, int] = writer.get_extra_info("peername")
                self._take(packet, peer, False, send)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _take(
        self,
        packet: bytes,
        peer: tuple[str, int],
        udp: bool,
        send: Callable[[bytes], None],
    ) -> None:
        asked = dns.message.from_wire(packet)
        assert isinstance(asked, dns.message.QueryMessage)
        self.queries.append(asked)
        self.over_udp.append(udp)
        self.clients.append(peer)
        replies = list(self.script(asked, udp))
        if not replies:
            self._waiting.append((asked, udp, send))
        for reply in replies:
            send(reply)


def void(_: object) -> None:
    """Make an expression a statement."""


def reply(asked: Asked, *records: str, **settings: object) -> dns.message.Message:
    """Make a reply; *records* are ``ttl type data`` or ``name ttl type data``.

    They are answers, but for a SOA, which goes to the authority section.
    """
    told = dns.message.make_response(asked, recursion_available=True)
    for record in records:
        *owner, ttl, kind, data = _split(record)
        name = owner[0] if owner else asked.question[0].name.to_text()
        rrset = dns.rrset.from_text(name, int(ttl), "IN", kind, data)
        (told.authority if kind == "SOA" else told.answer).append(rrset)
    told.set_rcode(dns.rcode.from_text(str(settings.get("rcode", "NOERROR"))))
    return told


def _split(record: str) -> list[str]:
    words = record.split()
    first = 0 if words[0].isdigit() else 1
    return [*words[: first + 2], " ".join(words[first + 2 :])]


def tells(*records: str, rcode: str = "NOERROR") -> Script:
    """Answer every query with these records."""

    def script(asked: Asked, udp: bool) -> list[bytes]:
        del udp
        return [reply(asked, *records, rcode=rcode).to_wire(max_size=65_535)]

    return script


def silent(asked: Asked, udp: bool) -> list[bytes]:
    """Answer nothing, or later."""
    del asked, udp
    return []


def truncates(*records: str) -> Script:
    """Answer over UDP with no more than TC, over TCP with all."""

    def script(asked: Asked, udp: bool) -> list[bytes]:
        told = reply(asked, *(() if udp else records))
        if udp:
            told.flags |= dns.flags.TC
        return [told.to_wire(max_size=65_535)]

    return script


def options_with(**pairs: str) -> Mapping[str, str]:
    """Give these options of forwarding, and all others as they are by themselves."""
    return {**NAMES, **{k.replace("_", "-"): value for k, value in pairs.items()}}
