"""Where an engine is: its host's name, and the addresses that clients reach it at."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable
from typing import Final

from registrator import host, hostaddress
from registrator.engine import Engine
from registrator.errors import SourceError

log = logging.getLogger(__name__)

AGAIN: Final = 30.0
"""Seconds between two looks at what addresses a host's name has."""

_DEADLINE: Final = 5.0

Addresses = tuple[str, str]
"""IPv4 and IPv6, "" where there is none."""
Ask = Callable[[], Addresses]


class Whereabouts:
    """One engine's host; what it says stays until something else is known."""

    def __init__(self, engine_host: str, *, node: str, address: str) -> None:
        """*engine_host* is "" for an engine of this host, which is called *node*.

        Nobody looks for addresses where *address* is given.
        """
        self._host = engine_host
        self._node = node
        self._address = address
        self._ask: Ask = hostaddress.unknown

    @property
    def node(self) -> str:
        """The name of the engine's host."""
        return self._node

    def far(self) -> bool:
        """Whether the host's loopback addresses are not those of this one."""
        if not self._host or self._address:
            return False
        return not any(each and _is_loopback(each) for each in self.addresses())

    def addresses(self) -> Addresses:
        """Say the host's addresses as they are now."""
        return self._ask()

    async def find(self, engine: Engine) -> None:
        """Ask the engine, and the name service; raise `SourceError`."""
        if self._host:
            self._node = (await engine.info()).name
            await self._resolve()
            return
        found = await host.ask(engine, node=self._node, ip=self._address)
        self._node = found.node
        self._ask = hostaddress.unknown if found.apart else hostaddress.by_routes

    async def follow(self) -> None:
        """See to it that addresses stay right, until cancelled."""
        failed = ""
        while True:
            await asyncio.sleep(AGAIN)
            if not self._host:
                continue
            try:
                await self._resolve()
            except SourceError as error:
                if str(error) != failed:
                    log.warning("%s; the addresses stay, trying again", error)
                failed = str(error)
            else:
                failed = ""

    async def _resolve(self) -> None:
        if self._address:
            return
        try:
            async with asyncio.timeout(_DEADLINE):
                told = await asyncio.get_running_loop().getaddrinfo(
                    self._host, None, type=socket.SOCK_STREAM
                )
        except OSError as error:
            reason = error.strerror or f"no answer in {_DEADLINE:g} s"
            raise SourceError(f"host {self._host}: {reason.lower()}") from error
        places = sorted(str(each[4][0]) for each in told)
        ipv4 = next((each for each in places if ":" not in each), "")
        ipv6 = next((each for each in places if ":" in each and "%" not in each), "")
        self._ask = lambda: (ipv4, ipv6)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
