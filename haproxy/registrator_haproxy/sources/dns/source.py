"""Follows names, as often as their TTLs ask for it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Final, Self

from dns.name import Name

from registrator.errors import BackendError, ConfigError, Unavailable, leaves
from registrator.model import Instance
from registrator.readable import Readable, Reading, Site
from registrator_haproxy.sources.dns.answers import NO_TTL, Answer, Target
from registrator_haproxy.sources.dns.instances import of_addresses, of_targets
from registrator_haproxy.sources.dns.place import (
    Place,
    dns_name,
    is_address,
    read_place,
)
from registrator_haproxy.sources.dns.resolver import Resolver

DEADLINE: Final = 20.0
"""Seconds that all questions about one service may take."""

_AT_ONCE: Final = 16

Found = tuple[Mapping[str, Instance], int]
"""Instances, and the seconds for which that holds."""


class DnsSource(Readable):
    """Addresses of names (``dns-a``), or SRV records (``dns-srv``)."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._resolver = Resolver(place.servers)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``dns-srv://RESOLVER:PORT/DOMAIN`` or ``dns-a:``."""
        del site  # nothing of this host matters
        return cls(read_place(uri))

    @property
    def uri(self) -> str:
        """Its address for people."""
        return self._place.uri

    async def __aenter__(self) -> Self:
        """Hold nothing: every question has a socket of its own."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of nothing."""

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what *name* has, with every change; never what is a part of it."""
        place = self._place
        asked = place.asked(name)
        if not asked:
            raise Unavailable(f"{self.uri}: dns lists no names: give one by ?name=")
        before = None
        while True:
            found, ttl = await self._look(asked, name)
            if found != before:
                before = found
                yield Reading(instances=found)
            await asyncio.sleep(min(max(ttl, place.least), place.most))

    async def _look(self, asked: str, name: str) -> Found:
        place = self._place
        called = name or asked
        if is_address(asked) and not place.srv:
            return of_addresses(called, [asked], place.port, place.labels, ""), NO_TTL
        try:
            async with asyncio.timeout(DEADLINE):
                if place.srv:
                    return await self._services(dns_name(asked), called)
                return await self._hosts(dns_name(asked), called)
        except TimeoutError as error:
            said = f"{asked} could not be looked up in {DEADLINE:g} s"
            raise Unavailable(f"{self.uri}: {said}") from error
        except (BackendError, ConfigError) as error:
            raise Unavailable(f"{self.uri}: {error}") from error

    async def _hosts(self, asked: Name, called: str) -> Found:
        answers: list[Answer] = []
        for family in self._place.families:
            answers.append(await self._ask(asked, family))
            if not answers[-1].there:
                break  # that there is no such name says all
        addresses = [address for each in answers for address in each.addresses]
        node = asked.to_text(omit_final_dot=True)
        place = self._place
        return (
            of_addresses(called, addresses, place.port, place.labels, node),
            min(each.ttl for each in answers),
        )

    async def _services(self, asked: Name, called: str) -> Found:
        answer = await self._ask(asked, "SRV")
        hosts = {each.host for each in answer.targets}
        places = await self._places(hosts, answer)
        found: dict[Target, Iterable[str]] = {}
        for target in answer.targets:
            found[target] = places[target.host][0]
        ttl = min((answer.ttl, *(ttl for _, ttl in places.values())))
        return of_targets(called, found, self._place.labels), ttl

    async def _places(
        self, hosts: Iterable[Name], answer: Answer
    ) -> Mapping[Name, tuple[tuple[str, ...], int]]:
        """Find the addresses of all *hosts*; one that has none makes it fail."""
        places: dict[Name, tuple[tuple[str, ...], int]] = {}
        failures: list[BackendError] = []

        async def find(host: Name) -> None:
            places[host] = await self._place_of(host, answer)

        try:
            async with asyncio.TaskGroup() as group:
                for host in hosts:
                    group.create_task(find(host), name=f"look up {host}")
        except* BackendError as group_of:
            failures += leaves(group_of)
        if failures:
            raise failures[0]
        return places

    async def _place_of(
        self, host: Name, answer: Answer
    ) -> tuple[tuple[str, ...], int]:
        """Find a server's IPv4 addresses, or those of IPv6 where it has none.

        Not both: it would be asked twice as often as its weight says.
        """
        if self._place.families[0] == "A" and host in answer.known:
            return answer.known[host]
        ttl = NO_TTL
        for family in self._place.families:
            found = await self._ask(host, family)
            ttl = min(ttl, found.ttl)
            if found.addresses:
                return found.addresses, ttl
        raise Unavailable(f"{host.to_text(omit_final_dot=True)} has no address")

    async def _ask(self, name: Name, kind: str) -> Answer:
        async with self._turns:
            return await self._resolver.ask(name, kind)
