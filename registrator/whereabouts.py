"""Whose services these are and at which addresses, as far as that is known by now."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from registrator import host, hostaddress
from registrator.engine import Engine
from registrator.errors import SourceError
from registrator.host import Host

log = logging.getLogger(__name__)

FIRST: Final = 2.0
"""Seconds that the engine has for its first answer, where not all waits for it."""


class Whereabouts:
    """Knows the host: by what the operator says, by the engine, else by guessing."""

    def __init__(
        self,
        engine: Engine,
        *,
        node: str,
        ip: str,
        contained: Callable[[], bool] = host.contained,
    ) -> None:
        """Know no more than *node* and *ip*, which may be "".

        *contained* says whether this process is in a container.
        """
        self._contained = contained
        self._engine, self._node, self._ip = engine, node, ip
        self._host: Host | None = None
        self._certain = False

    @property
    def node(self) -> str:
        """The host's name, the same for ever once it was asked for."""
        return self._host.node if self._host else self._node

    def addresses(self) -> tuple[str, str]:
        """Say the host's addresses at this moment, IPv4 and IPv6, each "" for none."""
        apart = self._host is None or self._host.apart
        return hostaddress.unknown() if apart else hostaddress.by_routes()

    async def ask(self) -> None:
        """Ask the engine once; raise `SourceError`."""
        await self._engine.info()
        self._know(await host.ask(self._engine, node=self._node, ip=self._ip))

    async def wait(self, tell: Callable[[str], None]) -> None:
        """Ask for as long as it takes; *tell* is told what is in the way."""
        if not self._certain:
            engine, node, ip = self._engine, self._node, self._ip
            self._know(await host.wait(engine, node=node, ip=ip, tell=tell))

    async def hurry(self, tell: Callable[[str], None]) -> None:
        """Ask once; go on with a guess where there is one, else wait."""
        try:
            async with asyncio.timeout(FIRST):
                await self.ask()
        except (SourceError, TimeoutError) as error:
            self._host = host.guess(self._node, contained=self._contained())
            if self._host is None:
                await self.wait(tell)
                return
            why = str(error) or f"no answer in {FIRST:g} s"
            log.warning(
                "%s; the services of files are registered meanwhile, for host %s",
                why,
                self._host.node,
            )

    def _know(self, found: Host) -> None:
        if self._host is not None and found.node != self._host.node:
            log.warning(
                "the engine calls this host %s, and services are already registered"
                " for %s: give -node-name",
                found.node,
                self._host.node,
            )
            found = replace(found, node=self._host.node)
        self._host, self._certain = found, True
