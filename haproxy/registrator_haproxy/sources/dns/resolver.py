"""Asks resolvers, one after the other, until one answers."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import dns.asyncbackend
import dns.asyncquery
import dns.message
import dns.resolver
from dns.exception import DNSException
from dns.name import Name

from registrator.errors import Unavailable
from registrator.model import endpoint
from registrator_haproxy.sources.dns.answers import KINDS, Answer, Misleading, read
from registrator_haproxy.sources.dns.place import Server

RESOLV_CONF: Final = Path("/etc/resolv.conf")

_DEADLINE: Final = 2.0
"""Seconds that one resolver has."""
_PAYLOAD: Final = 1232
"""Octets that pass every usual path unfragmented (DNS flag day 2020)."""
_ALIASES: Final = 8
"""Answers that may say no more than that somebody else is to be asked for."""


class Resolver:
    """Some resolvers; the one that answered last is asked first."""

    def __init__(
        self, servers: Sequence[Server], resolv_conf: Path = RESOLV_CONF
    ) -> None:
        """Without *servers* it is those of *resolv_conf*, as they are at the time."""
        self._given = tuple(servers)
        self._resolv_conf = resolv_conf
        self._silent: dict[Server, None] = {}

    async def ask(self, name: Name, kind: str) -> Answer:
        """Ask for records of *name*, through all aliases; raise `Unavailable`."""
        ttl = None
        for _ in range(_ALIASES):
            answer = await self._ask(name, kind)
            ttl = answer.ttl if ttl is None else min(ttl, answer.ttl)
            if not answer.onward:
                return Answer(
                    name=answer.name,
                    addresses=answer.addresses,
                    targets=answer.targets,
                    ttl=ttl,
                    there=answer.there,
                    known=answer.known,
                )
            name = answer.name
        raise Unavailable(f"{name}: more than {_ALIASES} aliases")

    async def _ask(self, name: Name, kind: str) -> Answer:
        failures = []
        for server in self._order():
            try:
                answer = await _exchange(server, name, kind)
            except (DNSException, OSError, EOFError, Misleading) as error:
                self._silent[server] = None
                failures.append(f"resolver {endpoint(*server)} {_reason(error)}")
                continue
            self._silent.pop(server, None)
            return answer
        said = "; ".join(failures) or f"{self._resolv_conf} names no resolver"
        raise Unavailable(f"{kind} of {name.to_text(omit_final_dot=True)}: {said}")

    def _order(self) -> list[Server]:
        servers = self._given or _host_servers(self._resolv_conf)
        self._silent = {each: None for each in self._silent if each in servers}
        return sorted(servers, key=lambda each: each in self._silent)


def _host_servers(path: Path) -> tuple[Server, ...]:
    found = dns.resolver.Resolver(configure=False)
    try:
        found.read_resolv_conf(str(path))
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple((str(each), 53) for each in found.nameservers)


async def _exchange(server: Server, name: Name, kind: str) -> Answer:
    """Ask one resolver by UDP, and by TCP for an answer that has no room.

    The socket has a port of the kernel's choice and is connected: with the id, that is
    what a forger has to guess (RFC 5452); what answers another question is passed over.
    """
    host, port = server
    query = dns.message.make_query(name, KINDS[kind], use_edns=0, payload=_PAYLOAD)
    backend = dns.asyncbackend.get_backend("asyncio")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    async with asyncio.timeout(_DEADLINE):
        made = await backend.make_socket(  # type: ignore[no-untyped-call]  # dnspython's
            family, socket.SOCK_DGRAM, 0, None, (host, port)
        )
        async with made:
            message, _ = await dns.asyncquery.udp_with_fallback(
                query,
                host,
                # Its own would be `asyncio.wait_for`, which up to Python 3.11 loses a
                # cancellation that comes with the answer (bpo-37658).
                timeout=None,
                port=port,
                ignore_unexpected=True,
                ignore_errors=True,
                udp_sock=made,
                backend=backend,
            )
    return read(message)


def _reason(error: BaseException) -> str:
    if isinstance(error, Misleading):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"does not answer in {_DEADLINE:g} s"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be reached: {error.strerror.lower()}"
    return "answers something else" if str(error) else "hangs up"
