"""What takes HAProxy from how it is to how it is to be, by the least that does. Pure.

Servers come, go and change their weights while HAProxy runs; everything else takes a
reload, and is a reason for one that an operator can read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Final, Protocol

from registrator_haproxy.layout import UNUSED, Backend, Layout, Section, Server


class Live(Protocol):
    """What has to be known of a server that HAProxy has."""

    @property
    def weight(self) -> int:
        """The weight in force."""

    @property
    def ready(self) -> bool:
        """Whether it is neither drained nor in maintenance."""

    @property
    def unused(self) -> bool:
        """Whether it is a prepared place that nobody has, or is talked to at."""

    def is_at(self, address: str, port: int) -> bool:
        """Whether it is reached there."""


class Act(StrEnum):
    """What is done to a server while HAProxy runs."""

    ADD = auto()
    WEIGH = auto()
    READY = auto()
    """Somebody has drained it, or we have and it came back."""
    FILL = auto()
    """It is given a prepared place."""
    REMOVE = auto()
    CLEAR = auto()
    """It leaves a prepared place."""


LEAVING: Final = (Act.REMOVE, Act.CLEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act on one server of a backend of ours."""

    act: Act
    backend: str
    name: str
    server: Server | None = None
    """As it is to be; None where it is to be no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Steps, in the order in which no backend loses what it has before it has more."""

    steps: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why a reload is needed, after which none of the steps is."""


def difference(
    loaded: Layout | None, wanted: Layout, live: Mapping[tuple[str, str], Live]
) -> Difference:
    """Compare what was loaded, and the servers that live now, with what is wanted.

    *live* is by backend and name; what is in none of the wanted backends is not ours.
    *loaded* is None where nobody knows what HAProxy runs with.
    """
    if loaded is None:
        return Difference(reasons=("it is not known what HAProxy runs with",))
    lives: dict[str, dict[str, Live]] = {name: {} for name in wanted.backends}
    for (backend, server), each in live.items():
        if backend in lives:
            lives[backend][server] = each
    return changes(loaded, wanted, lives)


def changes(
    loaded: Layout, wanted: Layout, lives: Mapping[str, Mapping[str, Live]]
) -> Difference:
    """Compare the same; *lives* has the servers of the backends to be compared.

    Of one that is not in it only the lines are.
    """
    reasons = (*_sections(loaded, wanted), *_backends(loaded, wanted, lives))
    if reasons:
        return Difference(reasons=reasons)
    steps = [
        step
        for name, servers in lives.items()
        for step in _steps(wanted.backends[name], servers)
    ]
    return Difference(steps=tuple(sorted(steps, key=lambda each: each.act in LEAVING)))


def _sections(loaded: Layout, wanted: Layout) -> Iterator[str]:
    before = _by_title(loaded)
    after = _by_title(wanted)
    yield from (f"{title} is new" for title in after if title not in before)
    yield from (f"{title} is gone" for title in before if title not in after)
    for title, section in after.items():
        if title in before and before[title] != section:
            yield f"{title} has other lines"
    if list(before) != list(after) and before.keys() == after.keys():
        yield "the sections have another order"


def _by_title(layout: Layout) -> dict[str, Section]:
    return {each.title: each for each in (*layout.fixed, *layout.frontends)}


def _backends(
    loaded: Layout, wanted: Layout, lives: Mapping[str, Mapping[str, Live]]
) -> Iterator[str]:
    yield from (
        f"backend {name} is gone"
        for name in loaded.backends
        if name not in wanted.backends
    )
    for name, backend in wanted.backends.items():
        before = loaded.backends.get(name)
        if before is None:
            yield f"backend {name} is new"
        elif before.lines != backend.lines:
            yield f"backend {name} has other lines"
        elif name in lives:
            yield from _servers(before, backend, lives[name])


def _servers(
    before: Backend, backend: Backend, live: Mapping[str, Live]
) -> Iterator[str]:
    """Find what of a backend's servers cannot be changed while HAProxy runs."""
    if backend.spare is not None:
        yield from _places(before, backend, live)
        return
    known = {each.name: each for each in before.servers}
    for server in backend.servers:
        lives = live.get(server.name)
        was = known.get(server.name, server)
        if lives is not None and was is not server and _differ(was, server):
            yield f"server {backend.name}/{server.name} has other options"
        elif not backend.dynamic and (
            lives is None or lives.weight != server.weight_in_force
        ):
            yield (
                f"backend {backend.name} has a balancing that takes no changes of"
                f" servers: {server.name}"
            )
    wanted = {each.name for each in backend.servers}
    gone = [name for name in live if name not in wanted]
    if gone and not backend.dynamic:
        yield (
            f"backend {backend.name} has a balancing that takes no changes of servers:"
            f" {gone[0]}"
        )


def _places(
    before: Backend, backend: Backend, live: Mapping[str, Live]
) -> Iterator[str]:
    """Find what of a backend's prepared places cannot be changed at work."""
    known = {each.name: each for each in before.servers}
    if any(each.name not in live for each in backend.servers):
        had = sum(each.name in live for each in backend.servers)
        yield (
            f"backend {backend.name} needs {len(backend.servers)} slots, and has {had}"
        )
        return
    for server in backend.servers:
        was = known.get(server.name, server)
        if was is not server and _place(was) != _place(server):
            yield f"server {backend.name}/{server.name} has other options"
        weight = live[server.name].weight
        if not backend.dynamic and weight != server.weight_in_force:
            yield (
                f"backend {backend.name} has a balancing that takes no weights at"
                f" work: {server.name}"
            )


def _steps(backend: Backend, live: Mapping[str, Live]) -> Iterator[Step]:
    for server in backend.servers:
        lives = live.get(server.name)
        if lives is None:
            yield Step(
                act=Act.ADD, backend=backend.name, name=server.name, server=server
            )
            continue
        if server.unused:
            if not lives.unused:
                yield Step(act=Act.CLEAR, backend=backend.name, name=server.name)
            continue
        if backend.spare and not lives.is_at(server.address, server.port):
            yield Step(
                act=Act.FILL, backend=backend.name, name=server.name, server=server
            )
            continue
        if lives.weight != server.weight_in_force:
            yield Step(
                act=Act.WEIGH, backend=backend.name, name=server.name, server=server
            )
        if not lives.ready:
            yield Step(
                act=Act.READY, backend=backend.name, name=server.name, server=server
            )
    wanted = {each.name for each in backend.servers}
    for name in live:
        if name not in wanted:
            yield Step(act=Act.REMOVE, backend=backend.name, name=name)


def _differ(one: Server, other: Server) -> bool:
    """Whether more than their weights is different."""
    return replace(one, weight=None) != replace(other, weight=None)


def _place(server: Server) -> Server:
    """Return what of a place is not for whoever has it to say."""
    words = tuple(word for word in server.options if word != UNUSED)
    return replace(server, address="", port=0, weight=None, options=words)
