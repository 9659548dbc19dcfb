"""What HAProxy is to be, from the configuration and from what is believed. Pure."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from registrator.model import Instance
from registrator_haproxy import tiers, whitelist, wishes
from registrator_haproxy.choosing import Candidate, choose
from registrator_haproxy.configuration.model import Configuration, Fixed, Service
from registrator_haproxy.layout import (
    HEAVIEST,
    NOWHERE,
    Backend,
    Layout,
    Section,
    Server,
)
from registrator_haproxy.numbering import Numbers
from registrator_haproxy.routing import backend_name, frontends
from registrator_haproxy.whitelist import Unfit

_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)
_DYNAMIC: Final = ("roundrobin", "leastconn", "first", "random")


@dataclass(frozen=True, slots=True)
class Planned:
    """A layout, and what of the registries' entries is not in it."""

    layout: Layout
    refused: Mapping[str, Sequence[str]]
    """By service: one sentence for each entry that was left out."""


class Planner:
    """Lays one configuration out again and again, at the cost of what has changed.

    The same is laid out in the same order each time, and a backend that has not changed
    is the same object.
    """

    def __init__(
        self,
        configuration: Configuration,
        more: Sequence[str] = (),
        numbers: Numbers | None = None,
    ) -> None:
        """*more* are lines of ours for the section `global`."""
        self._numbers = numbers or Numbers()
        self._highest = configuration.max_server_id
        self._services = configuration.services
        self._seed = configuration.seed or ""
        self._zone = configuration.zone
        self._zone_labels = configuration.zone_label
        self._before: dict[str, tuple[Sequence[Instance], Backend, Sequence[str]]] = {}
        extra = configuration.extra.items()
        self._fixed = (
            Section(title="global", lines=(*configuration.global_, *more)),
            Section(title="defaults", lines=configuration.defaults),
            *(Section(title=title, lines=lines) for title, lines in extra),
        )
        self._frontends = frontends(configuration)

    def plan(self, believed: Mapping[str, Sequence[Instance]]) -> Planned:
        """Lay out every service with those of its instances that are believed in."""
        refused: dict[str, Sequence[str]] = {}
        backends: dict[str, Backend] = {}
        for name, service in self._services.items():
            found = believed.get(name, ())
            before = self._before.get(name)
            if before is None or before[0] != found:
                before = found, *self._backend(name, service, found)
                self._before[name] = before
            _, backend, sentences = before
            backends[backend.name] = backend
            if sentences:
                refused[name] = sentences
        layout = Layout(fixed=self._fixed, frontends=self._frontends, backends=backends)
        return Planned(layout, refused)

    def _backend(
        self, name: str, service: Service, found: Sequence[Instance]
    ) -> tuple[Backend, Sequence[str]]:
        refused: list[str] = []
        candidates = _candidates(service, found, self._distance, refused)
        servers = choose(candidates, service, f"{self._seed}/{name}")
        if service.ids:
            servers = self._numbered(backend_name(name, service), servers, candidates)
        backend = Backend(
            name=backend_name(name, service),
            lines=(
                *_said("mode", service.mode),
                *_said("balance", service.balance),
                *self._reserves(service),
                *service.backend,
            ),
            servers=servers,
            dynamic=_is_dynamic(service),
            spare=_spare(service) if service.slots else None,
            slots=service.slots,
        )
        return backend, tuple(refused)

    def _numbered(
        self, backend: str, servers: Sequence[Server], candidates: Sequence[Candidate]
    ) -> tuple[Server, ...]:
        """Give ids in the order of the registry: as they were found."""
        order = {each.server.place: at for at, each in enumerate(candidates)}
        found = sorted(servers, key=lambda each: order[each.place])
        ids = self._numbers.give(
            backend,
            (each.name for each in found if "id" not in each.options),
            (int(s) for each in found for s in _ids(each.options) if s.isdecimal()),
            self._highest,
        )
        return tuple(replace(each, id=ids.get(each.name, 0)) for each in servers)

    def _distance(self, instance: Instance) -> int:
        said = (instance.metadata.get(each, "") for each in self._zone_labels)
        return tiers.distance(self._zone, tiers.steps(said))

    def _reserves(self, service: Service) -> tuple[str, ...]:
        # Without this HAProxy sends all to the first of them.
        far = self._zone and service.far == "backup"
        return ("option allbackups",) if far else ()


def plan(
    configuration: Configuration, believed: Mapping[str, Sequence[Instance]]
) -> Planned:
    """Lay a configuration out once."""
    return Planner(configuration).plan(believed)


def _said(keyword: str, value: str | None) -> tuple[str, ...]:
    return (f"{keyword} {value}",) if value else ()


def _is_dynamic(service: Service) -> bool:
    """Whether HAProxy takes new servers at work (management guide, `add server`)."""
    algorithm = "roundrobin"  # HAProxy's own default; of several lines the last counts
    for line in (*_said("balance", service.balance), *service.backend):
        match line.split():
            case ["hash-type", "consistent", *_]:
                return True
            case ["balance", said, *_]:
                algorithm = said.partition("(")[0]
    return algorithm in _DYNAMIC


def _speaks_http(service: Service) -> bool:
    """Whether its backend is known to; what only the defaults say is not known."""
    said = (*_said("mode", service.mode), *service.backend)
    modes = [line.split() for line in said if line.split()[:1] == ["mode"]]
    return bool(modes) and modes[-1][1:] == ["http"]


def _candidates(
    service: Service,
    instances: Iterable[Instance],
    distance: Callable[[Instance], int],
    refused: list[str],
) -> Sequence[Candidate]:
    found: dict[str, Candidate] = {}
    numbers: set[str] = set()
    for instance in instances:
        if not all(each.lets(instance.metadata) for each in service.filters):
            continue
        try:
            server = _server(service, instance, numbers)
        except Unfit as error:
            refused.append(f"{instance.id}: {error}")
            continue
        candidate = Candidate(server=server, distance=distance(instance))
        found.setdefault(server.place, candidate)
    if not found or service.keep_servers:
        for each in service.servers:
            server = _fixed(service, each)
            found.setdefault(server.place, Candidate(server=server))
    return tuple(found.values())


def _server(service: Service, instance: Instance, numbers: set[str]) -> Server:
    """Make a server of an instance; *numbers* are the ids that others have taken."""
    address = whitelist.address(instance.address)
    port = whitelist.port(service.port or instance.port)
    wished = instance.metadata.get(wishes.OPTIONS, "")
    options = wishes.options(wished, http=_speaks_http(service))
    taken = _ids(options)
    if taken & numbers or len(taken) > 1:
        raise Unfit(f"id {', '.join(sorted(taken))} is another server's")
    numbers |= taken
    weight = min(instance.weight, HEAVIEST) if service.weights else None
    name = _name(instance.container or instance.node, address, port)
    return Server(
        name=name,
        address=address,
        port=port,
        cookie="" if "cookie" in options else _cookie(service, name),
        weight=None if "weight" in options else weight,
        options=(*_words(service, name, address, port), *options),
    )


def _ids(options: Sequence[str]) -> set[str]:
    return {value for word, value in pairwise(options) if word == "id"}


def _fixed(service: Service, fixed: Fixed) -> Server:
    port = service.port or fixed.port
    name = _name(fixed.name or "", fixed.host, port)
    return Server(
        name=name,
        address=fixed.host,
        port=port,
        cookie=_cookie(service, name),
        options=_words(service, name, fixed.host, port),
    )


def _spare(service: Service) -> Server:
    """Make a place that is prepared for any server."""
    address, port = NOWHERE
    return Server(
        name="slot",
        address=address,
        port=port,
        options=_words(service, "slot", address, port),
    )


def _words(service: Service, name: str, address: str, port: int) -> tuple[str, ...]:
    """Give the words that the configuration has for each server."""
    own = {"%{name}": name, "%{host}": address, "%{port}": str(port)}
    text = service.server
    for mark, value in own.items():
        text = text.replace(mark, value)
    slowly = ("slowstart", f"{service.slow_start}s") if service.slow_start else ()
    return (*text.split(), *slowly)


def _cookie(service: Service, name: str) -> str:
    """Give what a server's cookie says; the hash tells nobody where it is."""
    if service.cookies == "hash":
        return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return name if service.cookies == "name" else ""


def _name(whose: str, address: str, port: int) -> str:
    """Name a server so that another address is another server.

    HAProxy's state file would else give the new one the address of the old.
    """
    readable = _ODD.sub("-", whose[:200]).strip("-.")[:40]
    return whitelist.name(
        f"{readable}_{address}:{port}" if readable else f"{address}:{port}"
    )
