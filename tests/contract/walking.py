"""Hosts that share one registry, over links that fail; and who reads it meanwhile."""

import asyncio
import io
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name
from types import TracebackType
from typing import Any, Final, Self, cast

from contract.grounds import Held
from contract.stores import AnyBackend, Row
from registrator.backend import Reading, Site
from registrator.fitness import Health
from registrator.model import ContainerId, Instance, Service, ServiceId
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot
from registrator.watcher import Watcher
from samples import web
from tcp_proxy import TcpProxy

SHARED: Final = ("shared:a:80", "shared:b:80")
"""Ids that every host may want."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a backend finds the server: it, or a proxy before it."""

    port: int
    uri: str


class Node:
    """A host: what runs on it, and a daemon that may die.

    Its `keep` is a service that never changes by itself.
    """

    def __init__(
        self, name: str, row: Row, server: Any, states: Path, dice: random.Random
    ) -> None:
        self.name = name
        self.services: dict[ServiceId, Service] = {}
        self._kind: type[AnyBackend] = resolve_name(row.kind)
        self._states, self._dice = states, dice
        self._lives = self._keeps = 0
        self._opened = ExitStack()
        self.proxy = self._opened.enter_context(TcpProxy(server.port))
        uri = server.uri.replace(f":{server.port}", f":{self.proxy.port}")
        place = Place(port=self.proxy.port, uri=uri)
        self._uri = row.uri.format(server=place, tmp=states)
        self._state = states / name
        self.keep: Service
        self.another_keep()

    async def __aenter__(self) -> Self:
        await self.begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.proxy.reset()
            await self.end()
        finally:
            self._opened.close()

    async def begin(self) -> None:
        """Have a daemon: first it lists all that runs here."""
        self._backend = self.fresh(self._state)
        await self._backend.__aenter__()
        self._snapshot = Snapshot()
        for service in self.services.values():
            self._snapshot.replace(_container(service), [service], at=0.0)
        self._snapshot.listed()
        self._reconciler: Reconciler[Any] = Reconciler(
            self._backend,
            self._snapshot,
            self._list_soon,
            Patience(max_removals=self._dice.choice([0.5, 1.0])),
        )
        self.work = asyncio.ensure_future(self._reconciler.run())

    async def end(self) -> None:
        """Have none; whatever it was at is broken off, and nothing more is sent.

        What it has sent may still be on its way.
        """
        self.work.cancel()
        await asyncio.gather(self.work, return_exceptions=True)
        self.proxy.refuse()
        await self._backend.__aexit__(None, None, None)
        self.proxy.listen()

    def forget(self) -> None:
        """Have the next daemon find nothing that this one has noted on its disk."""
        self._lives += 1
        self._state = self._states / f"{self.name}-{self._lives}"

    def fresh(self, state: Path | None = None) -> AnyBackend:
        """Make a backend for this host, as another process of it would have."""
        site = Site(node=self.name, ttl_refresh=0.7, state=state)
        return self._kind.from_uri(self._uri, site)

    def starts(self, service: Service) -> None:
        self.services[service.id] = service
        now = asyncio.get_running_loop().time()
        self._snapshot.replace(_container(service), [service], at=now)

    def ends(self, key: ServiceId) -> None:
        del self.services[key]
        now = asyncio.get_running_loop().time()
        self._snapshot.replace(ContainerId(f"{key} c"), (), at=now)

    def vanishes(self, key: ServiceId) -> None:
        """End without an event: only the next listing tells."""
        del self.services[key]
        self._snapshot.forget(ContainerId(f"{key} c"))

    def lists(self) -> None:
        self._snapshot.listed()

    def after_lists(self) -> Callable[[], bool]:
        """List all; what is returned says whether the full round after it is over."""
        before = self.rounds
        self.lists()
        return lambda: self.rounds != before and self.at_rest

    def another_keep(self) -> None:
        """Have the lasting service at another port, to be told from the one before."""
        self._keeps += 1
        key = f"{self.name}:keep:80"
        kept = web(key, name=f"keep-{self.name}", port=9000 + self._keeps)
        self.keep = replace(kept, address=f"10.9.{len(self.name)}.{ord(self.name[0])}")
        if self._keeps > 1:
            self.starts(self.keep)
        else:
            self.services[self.keep.id] = self.keep

    def _list_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._snapshot.listed)

    @property
    def rounds(self) -> float | None:
        """When everything was last compared."""
        return self._reconciler.report().round_at

    @property
    def report(self) -> str:
        return str(self._reconciler.report())

    @property
    def doing(self) -> str:
        """Where its daemon is, or how it ended."""
        text = io.StringIO()
        self.work.print_stack(file=text)
        return text.getvalue()

    @property
    def at_rest(self) -> bool:
        """Whether there is nothing to do that could be done."""
        report = self._reconciler.report()
        return report.reachable and not (report.waiting or report.held)

    def held(self) -> Held:
        """Say what the store should keep of what runs here."""
        made = {k: (s, self._backend.record(s)) for k, s in self.services.items()}
        return {key: each for key, each in made.items() if each[1] is not None}

    def changed(self, key: str) -> Service:
        """Draw a service; never one at the place of another of this host's."""
        dice, own = self._dice, key not in SHARED
        number = int(key.split(":")[1], 36)
        return web(
            key,
            name=dice.choice(["web", "web", "shop"]),
            address=f"10.0.0.{dice.randint(1, 2) if own else 3}",
            port=8000
            + 1000 * (own and len(self.name))
            + 10 * number
            + dice.randint(0, 1),
            tags=dice.choice([(), ("a", "b"), ("b",)]),
            metadata=dice.choice([{}, {"version": "1"}]),
            weight=dice.randint(1, 2),
            health=dice.choice([Health.HEALTHY] * 3 + [Health.UNHEALTHY]),
            container=ContainerId(f"{key} c"),
        )


class Reader:
    """Follows a registry undisturbed, and notes what each reading lacked."""

    def __init__(self, backend: AnyBackend) -> None:
        self.backend = backend
        self.uri = backend.uri
        self.standing: dict[str, Service] = {}
        """What nobody has touched since it was seen: by its name."""
        self.coming: dict[str, Service] = {}
        """What is to be counted on once it is seen."""
        self.missed: list[str] = []
        self.readings = 0
        self.watcher = Watcher(cast("AnyBackend", self))

    async def watch(self, name: str = "") -> AsyncGenerator[Reading]:
        """Watch as the backend does; the watcher reads here."""
        stream = cast("AsyncGenerator[Reading]", self.backend.watch(name))
        async with aclosing(stream):
            async for reading in stream:
                self._note(reading)
                yield reading

    def expect(self, service: Service) -> None:
        """Count on *service* once it is seen, and no longer on one of its name."""
        self.standing.pop(service.name, None)
        self.coming[service.name] = service

    def _note(self, reading: Reading) -> None:
        self.readings += 1
        there = {(i.name, i.address, i.port) for i in reading.instances.values()}
        for name, service in self.standing.items():
            if (name, service.address, service.port) not in there:
                self.missed.append(f"reading {self.readings} lacks {service}")
        for name, service in tuple(self.coming.items()):
            if (name, service.address, service.port) in there:
                self.standing[name] = self.coming.pop(name)


def shown(instances: Mapping[str, Instance], row: Row) -> list[str]:
    """Show what a row promises of each instance."""
    return sorted(_promised(i, row) for i in instances.values() if i.name != row.itself)


def truth(nodes: Mapping[str, Held], row: Row) -> list[str]:
    """Show what readers should see, in the same form."""
    return sorted(
        _promised(Instance.of(service, node=node), row)
        for node, held in nodes.items()
        for service, _ in held.values()
    )


def _promised(instance: Instance, row: Row) -> str:
    own = {"id"} if row.by_id else set()
    fields = sorted({"name", "address", "port"} | own | row.carries)
    return " ".join(f"{field}={getattr(instance, field)}" for field in fields)


def _container(service: Service) -> ContainerId:
    return ContainerId(f"{service.id} c")
