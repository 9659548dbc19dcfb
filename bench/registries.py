"""Each registry on its server with 1, 100 and 1,000 services of one host.

A process holds the host as a daemon does, another reads. What takes time is measured
between the two and the server; what is counted is counted by a meter in front of the
server, later, with all hosts at rest at once.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from bench.children import Hosts, Readers
from bench.measure import Row, milliseconds, percentile, resident_mib
from bench.stores import (
    CONSUL,
    CONSUL_KV,
    ETCD,
    EUREKA,
    SKYDNS,
    ZOOKEEPER,
    Running,
    Store,
    running,
)
from standin_eureka import EurekaServer
from waiting import until

SIZES: Final = (1, 100, 1000)
STORES: Final = (CONSUL, CONSUL_KV, ETCD, SKYDNS, ZOOKEEPER, EUREKA)
CHANGES: Final = 100
ROUNDS: Final = 5
REST: Final = 60.0
"""Seconds: three refreshes at the default interval, and a minute."""

_GOALS: Final = {
    ("etcd", "all"): "1 s",
    ("etcd", "p50"): "10 ms",
    ("etcd", "idle"): "3",
    ("zookeeper", "all"): "1.5 s",
    ("zookeeper", "p50"): "10 ms",
    ("zookeeper", "idle"): "the same for all",
    ("consul", "idle"): "the same for all",
}


def run(stores: Sequence[Store] = STORES) -> list[Row]:
    """Measure every registry at every size."""
    timed = {store.name: [_timed(store, size) for size in SIZES] for store in stores}
    counted = _counted(stores)
    return [
        row
        for store in stores
        for row in _rows(store.name, timed[store.name], counted[store.name])
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    """What takes time; seconds."""

    all: float
    starts: list[float]
    stops: list[float]
    round: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What is counted: requests, and memory."""

    idle: float
    """Requests a minute."""
    round: int
    memory: float
    """MiB."""


def _rows(
    name: str, timed: Sequence[_Timed], counted: Sequence[_Counted]
) -> Iterator[Row]:
    def row(what: str, values: Iterable[str], goal: str = "") -> Row:
        return Row(f"{name}: {what}", " / ".join(values), _GOALS.get((name, goal), ""))

    yield row("all from nothing", (f"{each.all:.3f} s" for each in timed), "all")
    for share in (50, 99):
        yield row(
            f"start of one to visible, p{share}",
            (milliseconds(percentile(each.starts, share)) for each in timed),
            f"p{share}",
        )
        yield row(
            f"end of one to gone, p{share}",
            (milliseconds(percentile(each.stops, share)) for each in timed),
            f"p{share}",
        )
    yield row(
        "a full round that changes nothing", (milliseconds(e.round) for e in timed)
    )
    yield row("requests of that", (str(each.round) for each in counted))
    yield row(
        "requests a minute at rest, between rounds",
        (f"{each.idle:.0f}" for each in counted),
        "idle",
    )
    yield row(
        "requests a minute at rest, with a round as by -resync 60",
        (f"{each.idle + each.round:.0f}" for each in counted),
    )
    yield row("resident memory", (f"{each.memory:.0f} MiB" for each in counted))


def _timed(store: Store, size: int) -> _Timed:
    """Measure durations, without a meter in the way."""
    with running(store) as there, Hosts(there.uri, there.directory) as host:
        took = host.seconds("fill", size)
        rounds = [host.seconds("round") for _ in range(ROUNDS)]
        with _eye(there, size) as eye:
            seen = [_change(host, eye, store.pace) for _ in range(CHANGES)]
    starts, stops = ([each[end] for each in seen] for end in (0, 1))
    return _Timed(all=took, starts=starts, stops=stops, round=percentile(rounds, 50))


def _change(host: Hosts, eye: "_Eye", pace: float) -> tuple[float, float]:
    """Start one and stop it again; the seconds until each of the two was seen."""
    time.sleep(pace * 1.2)  # or the pause between two writes would be measured
    place, at = host.moment("start")
    came = eye.came(place, at) - at
    time.sleep(pace * 1.2)
    place, at = host.moment("stop")
    went = eye.went(place, at) - at
    return came / 1e9, went / 1e9


class _Eye(Protocol):
    """Sees what happens to a registry; *at* and answers are nanoseconds."""

    def came(self, place: str, at: int) -> int:
        """Wait until a service is there; when it was."""

    def went(self, place: str, at: int) -> int:
        """Wait until it is gone; when it was."""


@contextmanager
def _eye(there: Running, size: int) -> Iterator[_Eye]:
    if isinstance(there.server, EurekaServer):
        yield _AtTheStandIn(there.server)
        return
    with Readers(there.uri) as readers:
        readers.await_all(size)
        yield _ByReader(readers)


class _ByReader:
    """Whoever has `watch()` open."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def came(self, place: str, at: int) -> int:
        del at
        return until(lambda: self._readers.came[0].get(place, 0), f"{place} is seen")

    def went(self, place: str, at: int) -> int:
        del at
        return until(lambda: self._readers.went[0].get(place, 0), f"{place} is gone")


class _AtTheStandIn:
    """The stand-in itself: its readers poll, and what they see is half a minute old."""

    def __init__(self, server: EurekaServer) -> None:
        self._server = server

    def came(self, place: str, at: int) -> int:
        return until(lambda: self._latest("POST", at), f"{place} is registered")

    def went(self, place: str, at: int) -> int:
        return until(lambda: self._latest("DELETE", at), f"{place} is cancelled")

    def _latest(self, method: str, since: int) -> int:
        """Say when the latest such request came, 0 if there was none *since*."""
        for request in reversed(self._server.requests):
            if (at := int(request.at * 1e9)) < since:
                break
            if request.method == method:
                return at
        return 0


def _counted(stores: Sequence[Store]) -> dict[str, list[_Counted]]:
    """Have all hosts of all registries at rest at once, and count."""
    with ExitStack() as opened:
        filled: list[tuple[str, Running, Hosts, int]] = []
        for store in stores:
            for size in SIZES:
                there = opened.enter_context(running(store))
                host = opened.enter_context(Hosts(there.metered_uri, there.directory))
                host.seconds("fill", size)
                # The first refresh; and what a host at rest knows is known after two.
                for _ in range(2):
                    host.seconds("round")
                before = there.meter.read()
                host.seconds("round")
                spent = there.meter.read().since(before).requests
                filled.append((store.name, there, host, spent))
        began = [there.meter.read() for _, there, _, _ in filled]
        time.sleep(REST)
        found: dict[str, list[_Counted]] = {store.name: [] for store in stores}
        for (name, there, host, spent), before in zip(filled, began, strict=True):
            idle = there.meter.read().since(before).requests * 60 / REST
            memory = resident_mib(host.pid)
            found[name].append(_Counted(idle=idle, round=spent, memory=memory))
    return found
