"""The servers of a backend in a running HAProxy: looked at, and changed.

Many changes are told at once; then the servers are looked at, and only those that are
not as they should be are told again, one command at a time, for the reason. So a change
is one that was seen, whatever the answers of a version look like.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from registrator.errors import Rejected, Unavailable
from registrator_haproxy import whitelist
from registrator_haproxy.layout import Server
from registrator_haproxy.runtime import live, orders
from registrator_haproxy.runtime.answers import Reason, Refusal, refusal
from registrator_haproxy.runtime.console import Console
from registrator_haproxy.runtime.live import Figures, Key, LiveServer
from registrator_haproxy.runtime.orders import Order

T = TypeVar("T")

Refusals = Mapping[str, Refusal]
"""By the servers' names: those that are not as they were asked to be, and why."""

_UNSEEN: Final = Refusal(reason=Reason.OTHER, says="said to be done, and not seen")
_GONE: Final = Refusal(reason=Reason.NO_SERVER, says="No such server.")


class NoBackend(Rejected):
    """The running HAProxy has no backend of that name: it takes a reload."""


async def look(console: Console) -> Mapping[Key, LiveServer]:
    """Every server of every backend; nothing of what is attached to them."""
    return (await glance(console)).servers()


async def glance(console: Console) -> "Glance":
    """The same, to be read in full only if need be."""
    return Glance(console, await console.ask("show", "servers", "state"))


def by_backend(
    found: Mapping[Key, LiveServer],
) -> dict[str, dict[str, LiveServer]]:
    """Sort servers by their backends, and then by their names."""
    lives: dict[str, dict[str, LiveServer]] = {}
    for (backend, name), each in found.items():
        lives.setdefault(backend, {})[name] = each
    return lives


class Glance:
    """All servers at one moment; each method raises `Unavailable`."""

    def __init__(self, console: Console, listing: str) -> None:
        self._console = console
        self._listing = listing

    def servers(self) -> Mapping[Key, LiveServer]:
        """All that is told of them."""
        return _read(self._console, self._listing, live.servers)

    def outline(self) -> str:
        """What tells whether they are as they were told to be; see `live.outline`."""
        return _read(self._console, self._listing, live.outline)


async def figures(console: Console) -> Mapping[Key, Figures]:
    """Say how every server of every backend does."""
    statistics = await console.ask("show", "stat", "-1", "4", "-1")
    try:
        return live.figures(statistics)
    except live.Garbled as error:
        raise Unavailable(f"{console}: {error}") from error


class RunningBackend:
    """One backend of a running HAProxy.

    Each step is safe to repeat, to cancel, and to follow with any other: it brings what
    it was asked to about, from wherever an earlier one was left, and touches no other
    server. It raises `NoBackend`, `Unavailable`, or `whitelist.Unfit` before anything
    was said; what HAProxy does not do for a single server is in its `Refusals`.
    """

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = whitelist.name(name)

    def __str__(self) -> str:
        return f"{self._console}: backend {self._name}"

    async def look(self) -> Mapping[str, LiveServer]:
        """Return its servers by their names, in their order."""
        return _by_name(await self._look())

    async def look_closely(self) -> Mapping[str, LiveServer]:
        """Return the same, with what is attached to each."""
        found = await self._look()
        connections = await self._console.ask("show", "servers", "conn", self._name)
        statistics = await self._console.ask("show", "stat", self._name, "4", "-1")
        try:
            return _by_name(live.with_load(found, connections, statistics))
        except live.Garbled as error:
            raise Unavailable(f"{self}: {error}") from error

    async def add(self, servers: Iterable[Server]) -> Refusals:
        """Have these there and in use, with their weights and health checks.

        The options of one that is there already are not compared: HAProxy tells nobody
        what they are.
        """
        found = await self.look()
        wanted: dict[str, Order] = {}
        refused: dict[str, Refusal] = {}
        for server in servers:
            there = found.get(server.name)
            # First: what is unfit is said to be so before anything else is.
            order = orders.add(self._name, server, there)
            if there is None and not whitelist.is_literal(server.address):
                refused[server.name] = _unresolved(server)
            elif there is not None and not orders.is_at_its_place(there, server):
                refused[server.name] = _elsewhere(there)
            else:
                wanted[server.name] = order
        return {**refused, **await self._bring_about(wanted)}

    async def weigh(self, weights: Mapping[str, int]) -> Refusals:
        """Give these servers these weights, 0 to 256."""
        wanted = {
            name: orders.weigh(self._name, name, weight)
            for name, weight in weights.items()
        }
        return await self._bring_about(wanted)

    async def ready(self, names: Iterable[str]) -> Refusals:
        """Have these take traffic, whatever they were told before."""
        return await self._bring_about({n: orders.ready(self._name, n) for n in names})

    async def drain(self, names: Iterable[str]) -> Refusals:
        """Have these take nobody new; the caller sees to it that others are left."""
        return await self._bring_about({n: orders.drain(self._name, n) for n in names})

    async def maintain(self, names: Iterable[str]) -> Refusals:
        """Have these take nobody; they end what they are at."""
        wanted = {name: orders.maintain(self._name, name) for name in names}
        return await self._bring_about(wanted)

    async def delete(self, name: str, *, waits: bool) -> Refusal | None:
        """Delete one that is in maintenance, if nothing is attached to it.

        *waits*: HAProxy tells whether it can be (`Capabilities.waits`); without having
        been asked, 3.3 does not let go of idle connections.
        """
        if waits:
            await self._console.ask(*orders.removability(self._name, name))
        answer = await self._console.ask(*orders.deletion(self._name, name))
        said = refusal(answer)
        return None if said and said.reason is Reason.NO_SERVER else said

    async def fill(self, servers: Iterable[Server]) -> Refusals:
        """Have prepared places, which nobody is talked to at, lead to these."""
        wanted: dict[str, Order] = {}
        refused: dict[str, Refusal] = {}
        for server in servers:
            order = orders.fill(self._name, server)
            if whitelist.is_literal(server.address):
                wanted[server.name] = order
            else:
                refused[server.name] = _unresolved(server)
        return {**refused, **await self._bring_about(wanted)}

    async def _look(self) -> Mapping[Key, LiveServer]:
        answer = await self._console.ask("show", "servers", "state", self._name)
        said = refusal(answer)
        if said and said.reason is Reason.NO_BACKEND:
            raise NoBackend(f"{self}: there is none")
        return _read(self._console, answer, live.servers)

    async def _bring_about(self, wanted: Mapping[str, Order]) -> Refusals:
        await self._console.tell(c for each in wanted.values() for c in each.commands)
        left = _not_followed(wanted, await self.look()) if wanted else {}
        said = {name: await self._insist(wanted[name]) for name in left}
        if None in said.values():
            left = _not_followed(wanted, await self.look())
        return {name: said.get(name) or unseen for name, unseen in left.items()}

    async def _insist(self, order: Order) -> Refusal | None:
        for command in order.commands:
            said = refusal(await self._console.ask(*command))
            # It may be there by now, and only what came after have failed.
            if said and said.reason is not Reason.EXISTS:
                return said
        return None


class RunningPlaces(RunningBackend):
    """The same of a backend with prepared places: one that is left goes on to be."""

    async def delete(
        self,
        name: str,
        *,
        waits: bool,  # noqa: ARG002  nothing is deleted
    ) -> Refusal | None:
        """Have one in maintenance lead nowhere."""
        refused = await self._bring_about({name: orders.clear(self._name, name)})
        return refused.get(name)


def _read(console: Console, listing: str, read: Callable[[str], T]) -> T:
    try:
        return read(listing)
    except live.Garbled as error:
        raise Unavailable(f"{console}: {error}") from error


def _by_name(found: Mapping[Key, LiveServer]) -> Mapping[str, LiveServer]:
    return {name: each for (_, name), each in found.items()}


def _not_followed(
    wanted: Mapping[str, Order], found: Mapping[str, LiveServer]
) -> Mapping[str, Refusal]:
    return {
        name: _UNSEEN if name in found else _GONE
        for name, order in wanted.items()
        if name not in found or not order.holds(found[name])
    }


def _unresolved(server: Server) -> Refusal:
    said = f"{server.address} is a name, which is resolved in the file only"
    return Refusal(reason=Reason.UNRESOLVED, says=said)


def _elsewhere(there: LiveServer) -> Refusal:
    said = f"there is one at {there.address or there.host}:{there.port}"
    return Refusal(reason=Reason.EXISTS, says=said)
