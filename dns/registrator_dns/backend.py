"""The embedded responder as a backend: what is put here is answered at once."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Final, Self

from registrator import stores
from registrator.backend import Backend, Failures, Reading, Site
from registrator.bell import Bell
from registrator.dns_views import (
    DnsAnswerView,
    DnsRecordView,
    DnsSourceView,
    ResponderView,
)
from registrator.errors import ConfigError, Rejected, Unavailable
from registrator.model import Instance, Service, ServiceId, endpoint
from registrator.nameserver import NameServer
from registrator.planner import Change
from registrator_dns.followed import Difference, Followed
from registrator_dns.host import host_problems
from registrator_dns.names import Endpoint
from registrator_dns.options import Options, read_options
from registrator_dns.process.responders import OWN, Responders
from registrator_dns.refusals import refusals

log = logging.getLogger(__name__)

_DEFAULTS: Final = read_options("dns://")


class DnsBackend(Backend[Instance], NameServer):
    """Shows the host's services in DNS, and those of the registries it reads.

    Who answers are processes of their own: nothing that the daemon does delays them.
    """

    schemes: ClassVar[tuple[str, ...]] = ("dns",)
    local: ClassVar[bool] = True

    def __init__(
        self, uri: str, options: Options, site: Site, sources: Sequence[Backend[Any]]
    ) -> None:
        self._options = options
        self._site = site
        self._changes = Bell()
        self._responders = Responders(
            uri, options, site, [each.uri for each in sources], self._fits
        )
        self._complete = [False] * len(sources)
        self._followed = [
            Followed(
                source,
                node=site.node,
                unfit=self._unfit,
                tell=partial(self._tell, number),
                max_stale=options.lasting.max_stale,
            )
            for number, source in enumerate(sources)
        ]

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read *uri* and *site*; raise `ConfigError` with every mistake."""
        mistakes: list[str] = []
        options = _DEFAULTS
        try:
            options = read_options(uri)
        except ConfigError as error:
            mistakes += error.problems
        mistakes += host_problems(site.node, site.address, options)
        sources: list[Backend[Any]] = []
        try:
            sources += stores.make(options.lasting.sources, site)
        except ConfigError as error:
            mistakes += error.problems
        mistakes += [f"dns: {e.uri} can be read by nobody" for e in sources if e.local]
        if mistakes:
            raise ConfigError(*mistakes)
        return cls(uri, options, site, sources)

    @property
    def uri(self) -> str:
        """The responder's address and domain."""
        return self._options.uri

    @property
    def identity(self) -> str:
        """Where it answers: two there would answer each other's queries."""
        return f"dns://{sorted(self._options.listen)}"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it answers while it is open, with the ports that port 0 became."""
        return self._responders.endpoints

    async def __aenter__(self) -> Self:
        """Begin to answer; raise `ConfigError` where a port cannot be had."""
        await self._responders.open()
        for place in self.endpoints:
            log.info("answering dns queries on %s", endpoint(*place))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer no more, or for as long as the settings say."""
        await self._responders.close()

    def record(self, service: Service) -> Instance | None:
        """Keep what is shown of a service, if its status lets it be shown."""
        if service.status not in self._options.shown:
            return None
        site = self._site
        instance = Instance.of(service, node=site.node, node_address=site.address)
        reasons = list(refusals(instance, self._options.suffix))
        if reasons:
            raise Rejected("; ".join(reasons))
        return instance

    async def owned(self) -> Mapping[ServiceId, Instance]:
        """Everything put and not dropped, by an earlier daemon too."""
        return {ServiceId(k): i for k, i in self._under(OWN).items()}

    async def put(self, changes: Sequence[Change[Instance]]) -> Failures:
        """Show the wanted services."""
        wanted = {OWN + c.id: c.wanted for c in changes if c.wanted is not None}
        await self._responders.change(put=wanted)
        self._changes.ring()
        return {}

    async def drop(self, changes: Sequence[Change[Instance]]) -> Failures:
        """Show services no longer."""
        await self._responders.change(drop=[OWN + change.id for change in changes])
        self._changes.ring()
        return {}

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what is answered now, as soon as it is another."""
        before: Reading | None = None
        while True:
            count = self._changes.count
            reading = Reading(
                instances={
                    key.removeprefix(OWN): instance
                    for key, instance in self._responders.shown.items()
                    if name in {"", instance.name}
                }
            )
            if reading != before:
                before = reading
                yield reading
            await self._changes.after(count)

    async def run(self) -> None:
        """Follow the registries, and replace responders that die."""
        async with asyncio.TaskGroup() as rooms:
            rooms.create_task(self._responders.keep(), name=f"{self.uri} lives")
            for number, followed in enumerate(self._followed):
                already = self._under(_prefix(number))
                rooms.create_task(followed.run(already), name=f"follow {followed.uri}")

    async def describe(self) -> ResponderView:
        """Say how it stands, all its processes taken together."""
        counters: Counter[str] = Counter()
        for answer in await self._responders.ask({"op": "counters"}):
            counters.update(answer["counters"])
        return ResponderView(
            responder=self.uri,
            listen=[endpoint(*each) for each in self.endpoints],
            instances=len(self._responders.shown),
            counters=dict(counters),
            readings=[each.view() for each in self._followed],
        )

    async def look_up(self, name: str, kind: str) -> DnsAnswerView:
        """Say what is answered to a question, and why."""
        asked = {"op": "explain", "name": name, "kind": kind}
        answer, *_ = await self._responders.ask(asked)
        if "mistake" in answer:
            raise Rejected(answer["mistake"])
        records = [
            DnsRecordView(
                section=each["section"],
                name=each["name"],
                ttl=each["ttl"],
                type=each["type"],
                data=each["data"],
                sources=list(self._sources(each["sources"])),
            )
            for each in answer["records"]
        ]
        return DnsAnswerView(
            responder=self.uri,
            name=name,
            type=kind.upper(),
            rcode=answer["rcode"],
            reason=answer["reason"],
            records=records,
        )

    def _sources(self, keys: Iterable[str]) -> Iterator[DnsSourceView]:
        for key in keys:
            instance = self._responders.shown.get(key)
            if instance is not None:
                number, own, _ = key.partition("/")
                is_own = f"{number}{own}" == OWN
                yield DnsSourceView(
                    service=instance.name,
                    id=instance.id,
                    node=instance.node,
                    registry="" if is_own else self._followed[int(number)].uri,
                )

    async def _tell(self, number: int, difference: Difference) -> None:
        prefix = _prefix(number)
        self._complete[number] = difference.complete
        with suppress(Unavailable):  # it is being replaced, by one that shows all of it
            await self._responders.change(
                put={prefix + key: each for key, each in difference.put.items()},
                drop=[prefix + key for key in difference.drop],
                complete=all(self._complete),
            )
        self._changes.ring()

    def _under(self, prefix: str) -> dict[str, Instance]:
        return {
            key.removeprefix(prefix): instance
            for key, instance in self._responders.shown.items()
            if key.startswith(prefix)
        }

    def _fits(self, instance: Instance) -> bool:
        return self._unfit(instance) is None

    def _unfit(self, instance: Instance) -> str | None:
        """Say why an instance is not shown; "" where that is nothing special."""
        if instance.status not in self._options.shown:
            return ""
        return next(refusals(instance, self._options.suffix), None)


def _prefix(number: int) -> str:
    return f"{number}/"
