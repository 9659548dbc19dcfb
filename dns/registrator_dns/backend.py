"""The embedded responder as a backend: what is put here is answered at once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.bell import Bell
from registrator.errors import ConfigError, Rejected
from registrator.model import Instance, Service, ServiceId, Status, endpoint
from registrator.planner import Change
from registrator_dns import names
from registrator_dns.answers import Answers
from registrator_dns.counters import Counters
from registrator_dns.names import MAX_NAME, Labels
from registrator_dns.options import Endpoint, Options, read_options
from registrator_dns.places import NODE
from registrator_dns.records import Host
from registrator_dns.refusals import refusals
from registrator_dns.server import Server
from registrator_dns.zone import Zone

log = logging.getLogger(__name__)

_BATCH = 32  # changes, after which waiting queries have their turn
_DEFAULTS = read_options("dns://")


class DnsBackend(Backend[Service]):
    """Shows the host's services in DNS; keeps them in this process only."""

    schemes: ClassVar[tuple[str, ...]] = ("dns",)
    local: ClassVar[bool] = True

    def __init__(self, options: Options, host: Host, node: str) -> None:
        self._options = options
        self._node = node
        self._changes = Bell()
        self._suffix = _suffix(options)
        # As in Consul, the serial begins with the time: it grows over restarts.
        self._answers = Answers(
            Zone(host, serial=int(time.time())), options.domain, options.ttl
        )
        self._server = Server(options.listen, self._answers.answer)

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read *uri* and *site*; raise `ConfigError` with every mistake."""
        mistakes: list[str] = []
        options = _DEFAULTS
        try:
            options = read_options(uri)
        except ConfigError as error:
            mistakes += error.problems
        host = _read_host(site, options, mistakes)
        if mistakes:
            raise ConfigError(*mistakes)
        return cls(options, host, site.node)

    @property
    def uri(self) -> str:
        """The responder's address and domain."""
        return self._options.uri

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it answers while it is open, with the ports that port 0 became."""
        return self._server.endpoints

    @property
    def counters(self) -> Counters:
        """What it has answered so far."""
        return self._answers.counters

    async def __aenter__(self) -> Self:
        """Begin to answer; raise `ConfigError` where a port cannot be had."""
        await self._server.__aenter__()
        for place in self._server.endpoints:
            log.info("answering dns queries on %s", endpoint(*place))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer no more; the services stay for the next opening."""
        await self._server.__aexit__(kind, error, trace)

    def record(self, service: Service) -> Service | None:
        """Keep the whole service while it is passing."""
        if service.status is not Status.PASSING:
            return None
        reasons = list(refusals(service, self._suffix))
        if reasons:
            raise Rejected("; ".join(reasons))
        return service

    async def owned(self) -> Mapping[ServiceId, Service]:
        """Everything put and not dropped."""
        return dict(self._answers.services)

    async def put(self, changes: Sequence[Change[Service]]) -> Failures:
        """Show the wanted services."""
        async for change in _taking_turns(changes):
            if change.wanted is not None:
                self._answers.put(change.wanted)
        self._changes.ring()
        return {}

    async def drop(self, changes: Sequence[Change[Service]]) -> Failures:
        """Show services no longer."""
        async for change in _taking_turns(changes):
            self._answers.drop(change.id)
        self._changes.ring()
        return {}

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what is answered now, as soon as it is another."""
        before: Reading | None = None
        while True:
            count = self._changes.count
            reading = Reading(
                instances={
                    key: Instance.of(service, node=self._node)
                    for key, service in self._answers.services.items()
                    if name in {"", service.name}
                }
            )
            if reading != before:
                before = reading
                yield reading
            await self._changes.after(count)


async def _taking_turns(
    changes: Sequence[Change[Service]],
) -> AsyncIterator[Change[Service]]:
    """Yield all *changes*, and let waiting queries be answered in between."""
    for number, change in enumerate(changes, start=1):
        yield change
        if number % _BATCH == 0:
            await asyncio.sleep(0)


def _suffix(options: Options) -> int:
    """Count the octets that follow a name in the domain."""
    return len(names.wire((options.dc, *options.domain))) + 1


def _read_host(site: Site, options: Options, mistakes: list[str]) -> Host:
    node: Labels = ()
    address = b""
    try:
        node = names.parse(site.node)
    except ValueError:
        mistakes.append(f"dns: node name {site.node!r} does not split into labels")
    if len(names.wire((*node, NODE))) + _suffix(options) > MAX_NAME:
        mistakes.append(f"dns: node name {site.node!r} is too long for a name")
    try:
        address = names.packed(site.address) if site.address else b""
    except (OSError, ValueError):
        mistakes.append(f"dns: node address {site.address!r} is not an IP address")
    return Host(
        node=node,
        dc=options.dc,
        address=address,
        nameservers=_nameservers(options.listen, address),
    )


def _nameservers(listen: Sequence[Endpoint], address: bytes) -> tuple[bytes, ...]:
    """List where queries can be sent: behind a wildcard is the host's own address."""
    servers = []
    for each, _ in listen:
        server = names.packed(each)
        if any(server):
            servers.append(server)
        elif len(server) == len(address):
            servers.append(address)
    return tuple(dict.fromkeys(servers))
