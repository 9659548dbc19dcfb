"""The services this host should show, and word of each change to them."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from weakref import WeakSet

from registrator.model import ContainerId, Service, ServiceId, Table, is_container


class Inbox:
    """What one reader of a snapshot has not looked at yet: ids, never a queue.

    An id stands here once however often its service changed, with the time of the
    first of these changes.
    """

    def __init__(self, registry: str = "") -> None:
        self.registry = registry
        """The only registry whose listings are of interest; "": all the others."""
        self._ids: dict[ServiceId, float] = {}
        self._listing = 0
        self._filled = asyncio.Event()

    def add(self, service: ServiceId, at: float) -> None:
        """Note that *service* came, changed or went, as was first heard at *at*."""
        self._ids.setdefault(service, at)
        self._filled.set()

    def discard(self, service: ServiceId) -> None:
        """Take back what was noted of *service*, if anything was."""
        self._ids.pop(service, None)

    def __contains__(self, service: ServiceId) -> bool:
        return service in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def listed(self, number: int) -> None:
        """Note that everything was listed, for the *number*-th time."""
        self._listing = number
        self._filled.set()

    async def wait(self) -> None:
        """Return when there is something to take."""
        await self._filled.wait()

    def take(self) -> tuple[Mapping[ServiceId, float], int]:
        """Empty the inbox: changed ids with times, and a new listing's number or 0."""
        taken, self._ids = self._ids, {}
        listing, self._listing = self._listing, 0
        self._filled.clear()
        return taken, listing


Judge = Callable[[Service], Service]
"""Adds what is known of a service beside its container: pure, and never another id."""


def in_turn(*judges: Judge) -> Judge:
    """Ask each of the *judges* of what the ones before it have made of a service."""
    return lambda service: reduce(lambda known, judge: judge(known), judges, service)


class Snapshot:
    """The agreed table of services; one writer, any number of readers.

    An id that several containers claim belongs to the one that started last: so a
    container that is replaced under the same name hands its records over, whatever
    order the news arrives in, and gets them back if the newcomer dies.
    """

    def __init__(self, judge: Judge = lambda service: service) -> None:
        """*judge* is asked of each service that a container claims."""
        self.judge = judge
        """What is known of any service, in the table or not."""
        self._services: dict[ServiceId, Service] = {}
        self._claims: dict[ServiceId, dict[ContainerId, tuple[str, Service]]] = {}
        self._containers: dict[ContainerId, frozenset[ServiceId]] = {}
        self._missing: set[ContainerId] = set()
        self._inboxes: WeakSet[Inbox] = WeakSet()  # each ends with its reader
        self._listings: dict[str, int] = {}

    @property
    def listings(self) -> int:
        """How often the engine's containers were listed, whole."""
        return self._listings.get("", 0)

    @property
    def services(self) -> Table:
        """The table as it stands now; a view, not a copy."""
        return MappingProxyType(self._services)

    def wanted(self, key: ServiceId, registry: str = "") -> Service | None:
        """Say what *registry* is to have under *key*; "": each of the operator's."""
        service = self._services.get(key)
        if service is None or service.withheld or service.registry != registry:
            return None
        return service

    @property
    def containers(self) -> Collection[ContainerId]:
        """The containers that claim services, without what a file describes."""
        return {each for each in self._containers if is_container(each)}

    def subscribe(self, registry: str = "") -> Inbox:
        """Open an inbox, with all that stands now as its first news.

        It is told when all that *registry* alone is to have was listed, or "", all
        that the engine has.
        """
        inbox = Inbox(registry)
        for service in self._services:
            inbox.add(service, 0.0)
        if listings := self._listings.get(registry):
            inbox.listed(listings)
        self._inboxes.add(inbox)
        return inbox

    def replace(
        self,
        container: ContainerId,
        services: Collection[Service],
        *,
        started: str = "",
        at: float,
    ) -> None:
        """Make *services* all that *container* offers, as was heard at *at*.

        *started* is the engine's time of the container's last start.
        """
        self._missing.discard(container)
        for service in self._claim(container, services, started):
            for inbox in self._inboxes:
                inbox.add(service, at)

    def judge_anew(self, services: Iterable[ServiceId], *, at: float) -> None:
        """Ask for the judgement of these once more: it may be another since *at*."""
        for service in services:
            if service in self._claims and self._settle(service):
                for inbox in self._inboxes:
                    inbox.add(service, at)

    def forget(self, container: ContainerId) -> None:
        """Note that a listing misses *container*, which goes when all is `listed`."""
        self._missing.add(container)

    def listed(self) -> None:
        """Say that the table now holds everything; let go of what was forgotten.

        Readers are told of the listing, not of each id that went with it: what only
        a listing says can be wrong, and they may want to hear it twice.
        """
        for container in sorted(self._missing):
            for service in self._claim(container, (), ""):
                for inbox in self._inboxes:
                    if service in self._services:
                        inbox.add(service, 0.0)
                    else:
                        inbox.discard(service)
        self._missing.clear()
        self.completed("")

    def completed(self, registry: str) -> None:
        """Say that the table now holds everything that *registry* alone is to have."""
        number = self._listings[registry] = self._listings.get(registry, 0) + 1
        for inbox in self._inboxes:
            if inbox.registry == registry:
                inbox.listed(number)

    def claimed(self, container: ContainerId) -> Collection[ServiceId]:
        """Name the services that *container* claims, whoever holds them."""
        return self._containers.get(container, frozenset())

    def rivals(self, service: ServiceId) -> Collection[ContainerId]:
        """Name the containers that claim *service*, its present holder included."""
        return self._claims.get(service, {}).keys()

    def _claim(
        self, container: ContainerId, services: Collection[Service], started: str
    ) -> list[ServiceId]:
        wanted = {service.id: service for service in services}
        given_up = self._containers.pop(container, frozenset()) - wanted.keys()
        for key in given_up:
            del self._claims[key][container]
        if wanted:
            self._containers[container] = frozenset(wanted)
        for key, service in wanted.items():
            self._claims.setdefault(key, {})[container] = (started, service)
        return [key for key in sorted(given_up | wanted.keys()) if self._settle(key)]

    def _settle(self, key: ServiceId) -> bool:
        """Give *key* to the claim that started last; whether that changed anything."""
        before = self._services.get(key)
        claims = self._claims[key]
        if not claims:
            del self._claims[key], self._services[key]
            return True
        holder = max(claims, key=lambda container: (claims[container][0], container))
        self._services[key] = self.judge(claims[holder][1])
        return self._services[key] != before
