"""One session with an ensemble, over connections that come and go."""

import asyncio
import logging
import os
import random
import ssl
from typing import Final

from registrator.errors import Unavailable
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.terms import Expired, Terms, Ticket
from registrator_backends.zookeeper.vault import Vault
from registrator_backends.zookeeper.wire import Server, connect

log = logging.getLogger(__name__)

DEADLINE: Final = 10.0
"""Seconds for one answer, and for finding a server that lets us in."""

_SHORTEST: Final = 1.0  # seconds for one server of many


class Session:
    """Opens links, all within one session as long as the ensemble knows it."""

    def __init__(self, servers: tuple[Server, ...], terms: Terms, vault: Vault) -> None:
        self._servers = servers
        self._terms = terms
        self._vault = vault
        self._lock = asyncio.Lock()
        self._link: Link | None = None
        self._ticket: Ticket | None = None
        self._told = 0.0
        self._looked = False

    @property
    def living(self) -> Link | None:
        """The link, where it is not broken; nothing is sent to find out."""
        link = self._link
        return link if link is not None and link.living else None

    async def link(self) -> Link:
        """Return the link, or open another; raise `Unavailable` where there is none."""
        async with self._lock:
            if (link := self.living) is not None:
                return link
            if not self._looked:
                self._ticket = await asyncio.to_thread(self._vault.take)
                self._looked = True
            link = await self._open()
            self._link = link
            if link.ticket != self._ticket:
                self._ticket = link.ticket
                await asyncio.to_thread(self._vault.keep, link.ticket)
            self._tell(link.timeout)
            return link

    async def close(self, *, leave: bool) -> None:
        """Close the link; the session goes on, unless we are to *leave* it."""
        link, self._link = self._link, None
        if link is None or link.ended.is_set():
            return
        if leave:
            await link.leave()
        link.cut()
        await link.wait_ended()

    async def _open(self) -> Link:
        """Try each server in turn, in no certain order: the load is to be spread."""
        servers = random.sample(self._servers, len(self._servers))
        share = max(_SHORTEST, self._terms.deadline / len(servers))
        troubles: dict[str, None] = {}
        for server in servers:
            try:
                return await self._enter(server, share)
            except TimeoutError as error:
                troubles[str(error) or f"no answer in {share:.3g} s"] = None
            except ssl.SSLCertVerificationError as error:
                troubles[f"no connection: {error.verify_message}"] = None
            except ssl.SSLError as error:
                troubles[f"no connection: {(error.reason or '').lower()}"] = None
            except OSError as error:
                troubles[f"no connection: {_why(error)}"] = None
            except Unavailable as error:
                troubles[str(error).removeprefix(f"{self._terms.uri}: ")] = None
        raise Unavailable(f"{self._terms.uri}: {'; '.join(troubles)}")

    async def _enter(self, server: Server, seconds: float) -> Link:
        async with asyncio.timeout(seconds):
            try:
                return await self._begin(server)
            except Expired:
                log.info("%s: the session is over; a new one begins", self._terms.uri)
                self._ticket = None
            return await self._begin(server)

    async def _begin(self, server: Server) -> Link:
        link = Link(await connect(server), self._terms, self._ticket)
        entered = False
        try:
            await link.begin()
            entered = True
        finally:
            if not entered:
                link.cut()
        return link

    def _tell(self, timeout: float) -> None:
        if timeout not in {self._told, self._terms.timeout}:
            log.warning(
                "%s: the servers keep a session for %g s, where %g s were asked for",
                self._terms.uri,
                timeout,
                self._terms.timeout,
            )
        self._told = timeout


def _why(error: OSError) -> str:
    """Say what the system says; asyncio has words of its own, with the address."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return str(error.strerror or error)
