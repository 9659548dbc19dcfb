"""Gives services the places that their own metadata ask for. Pure.

What a registry holds may have been written by anybody: an asked-for place is typed, is
never one that somebody else has, and of two that ask for one the first by name has it.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registrator.model import Instance
from registrator_haproxy import holdings, whitelist
from registrator_haproxy.configuration.bind import Bind
from registrator_haproxy.configuration.model import Configuration, Service
from registrator_haproxy.configuration.routes import Frontend, read_host, read_path
from registrator_haproxy.holdings import FRONTEND
from registrator_haproxy.whitelist import Unfit

MOST: Final = 500
"""How many services get a place."""

SHORTEST_PAUSE: Final = 5.0
"""Seconds from one change of places to the next: each is a reload."""
LONGEST_PAUSE: Final = 60.0
"""The same while they do not cease to change."""

_PORT: Final = re.compile(r"[1-9][0-9]{3,4}", re.ASCII)
"""From 1024 on, which is seen to by `_read`: those below are the system's."""
_KEYS: Final = ("haproxy_port", "haproxy_host", "haproxy_path")

Named = Mapping[str, Sequence[Instance]]
"""Instances, by the name of their service."""


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """The place that one instance asks for."""

    port: int
    """0: none of its own."""
    routed: bool
    host: str
    path: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """A configuration, and why some services have no place in it."""

    configuration: Configuration
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The instances that a service has a place for, though it may be gone."""

    instances: Sequence[Instance]
    gone: float | None = None
    """Since when its registry does not show it any more."""


def asking(instances: Iterable[Instance]) -> Named:
    """Sort those that ask for a place by their services."""
    found: dict[str, list[Instance]] = {}
    for each in instances:
        if any(each.metadata.get(key) for key in _KEYS):
            found.setdefault(each.name, []).append(each)
    return found


def stay(
    before: Mapping[str, Kept], shown: Named | None, now: float, keep: float
) -> Mapping[str, Kept]:
    """Say which services of one registry have a place now that it shows these.

    None: it is away. Then all stay, as they do when it shows none at all; one that goes
    while others are shown stays for *keep* seconds.
    """
    if not shown:
        return before
    found = {name: Kept(instances=each) for name, each in shown.items()}
    for name, kept in before.items():
        gone = now if kept.gone is None else kept.gone
        if name not in found and now - gone < keep:
            found[name] = Kept(instances=kept.instances, gone=gone)
    return found


def together(registries: Iterable[Mapping[str, Kept]]) -> Named:
    """Put together what several registries have of each service."""
    found: dict[str, tuple[Instance, ...]] = {}
    for services in registries:
        for name, each in services.items():
            found[name] = (*found.get(name, ()), *each.instances)
    return found


def pause(before: float, since: float) -> float:
    """Say for how many seconds places stay that have changed.

    *since*: from the last change to this one; *before*: for how long that was to stay.
    Who changes again and again is not to have HAProxy reloaded each time.
    """
    return min(2 * before, LONGEST_PAUSE) if since < 2 * before else SHORTEST_PAUSE


def ports(named: Named) -> frozenset[int]:
    """Find the ports that are asked for."""
    wishes = (wish for each in named.values() for wish in _wishes(each, []))
    return frozenset(wish.port for wish in wishes if wish.port)


def auto(
    base: Configuration,
    named: Named,
    sources: Sequence[str],
    listen: Bind,
    busy: Collection[int] = (),
) -> Auto:
    """Add to *base* those services that ask for a place which nobody has.

    Their routes are of a shared frontend that listens on *listen*, which is there only
    if there are any. *busy* are the ports that another program has.
    """
    shared = base.frontends.get(FRONTEND) or Frontend.model_construct(listen=(listen,))
    taken = dict(holdings.held(base))
    unroutable = _unroutable(shared, taken, busy)
    for each in shared.listen:
        taken.setdefault(holdings.place(each), f"frontend {FRONTEND}")
    services: dict[str, Service] = {}
    refused: dict[str, str] = {}
    for name in sorted(named.keys() - base.services.keys()):
        if len(services) == MOST:
            refused[name] = f"{MOST} services have a place, and no more get one"
            continue
        try:
            wish = _wish(named[name])
            claims = tuple(_claims(whitelist.name(name), wish))
            _refuse(wish, claims, taken, unroutable, busy)
        except Unfit as error:
            refused[name] = str(error)
            continue
        taken.update(dict.fromkeys(claims, f"service {name}"))
        services[name] = _service(wish, sources)
    found = base.model_copy(update={"services": {**base.services, **services}})
    if any(each.routes for each in services.values()):
        frontends = {**base.frontends, FRONTEND: shared}
        found = found.model_copy(update={"frontends": frontends})
    return Auto(configuration=found, refused=refused)


def _unroutable(
    shared: Frontend, taken: Mapping[str, str], busy: Collection[int]
) -> str:
    """Say why there is no shared frontend, if there can be none."""
    for each in shared.listen:
        owner = taken.get(holdings.place(each), f"frontend {FRONTEND}")
        if owner != f"frontend {FRONTEND}":
            return f"routes need {each}, which {owner} has"
        if each.port in busy:
            return f"routes need {each}, where another program listens"
    return ""


def _wish(instances: Iterable[Instance]) -> Wish:
    """Find what most instances of a service ask for; raise `Unfit` if none can."""
    mistakes: list[str] = []
    counted = Counter(_wishes(instances, mistakes))
    if not counted:
        raise Unfit(min(mistakes))
    return min(counted, key=lambda wish: (-counted[wish], wish))


def _wishes(instances: Iterable[Instance], mistakes: list[str]) -> Iterator[Wish]:
    for instance in instances:
        try:
            yield _read(instance.metadata)
        except ValueError as error:
            mistakes.append(str(error))


def _read(metadata: Mapping[str, str]) -> Wish:
    """Read one wish; raise ValueError."""
    port, host, path = (metadata.get(key, "") for key in _KEYS)
    mode = metadata.get("haproxy_mode") or "http"
    if mode not in {"http", "tcp"}:
        raise ValueError(f"haproxy_mode {mode[:60]!r} is neither http nor tcp")
    if port and not (_PORT.fullmatch(port) and 1024 <= int(port) <= 65_535):
        raise ValueError(f"haproxy_port {port[:60]!r} is none of 1024 to 65535")
    if mode == "tcp" and (host or path):
        raise ValueError("haproxy_host and haproxy_path take haproxy_mode http")
    return Wish(
        port=int(port or 0),
        routed=bool(host or path),
        host=read_host(host) if host else "",
        path=read_path(path) if path else "",
        mode=mode,
    )


def _claims(name: str, wish: Wish) -> Iterator[str]:
    yield holdings.backend_name(name)
    if wish.port:
        yield holdings.frontend_name(name)
        yield holdings.port(wish.port)
    if wish.routed:
        yield holdings.route(wish.host, wish.path)


def _refuse(
    wish: Wish,
    claims: Iterable[str],
    taken: Mapping[str, str],
    unroutable: str,
    busy: Collection[int],
) -> None:
    if wish.routed and unroutable:
        raise Unfit(unroutable)
    if wish.port in busy:
        raise Unfit(f"{holdings.port(wish.port)}: another program listens there")
    for claim in claims:
        if claim in taken:
            raise Unfit(f"{claim} is that of {taken[claim]}")


def _service(wish: Wish, sources: Sequence[str]) -> Service:
    route = {"frontend": FRONTEND, "host": wish.host or None, "path": wish.path or "/"}
    return Service.model_validate(
        {
            "from": list(sources),
            "listen": wish.port or None,
            "mode": wish.mode,
            "routes": [route] if wish.routed else [],
        }
    )
