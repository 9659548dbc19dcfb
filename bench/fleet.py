"""Many hosts on one registry: what they cost it, and what their readers see.

200 hosts with 20 services each, held by a few processes, have one server. They rest,
then each replaces a service every 5 s: at first unseen, then before ten readers that
watch everything. One process of hosts, and one reader, have a meter between them and
the server; what they do all others do.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from bench.children import Hosts, Readers
from bench.measure import Row, cpu_seconds, milliseconds, percentile, resident_mib
from bench.meter import Load, Meter
from bench.stores import CONSUL_KV, ETCD, ZOOKEEPER, Running, Store, running
from waiting import until

STORES: Final = (ETCD, CONSUL_KV, ZOOKEEPER)
SERVICES: Final = 20
GROUPS: Final = 5
"""Processes of hosts."""
TOGETHER: Final = 40
"""Hosts of one process."""
HOSTS: Final = GROUPS * TOGETHER
READERS: Final = 10
PERIOD: Final = 5.0
"""Seconds between two replacements on a host."""
REST: Final = 40.0
"""Seconds: two refreshes."""
CHURN: Final = 20.0

T = TypeVar("T")
Figures = Mapping[str, str]
Started = Mapping[str, int]


def run(stores: Sequence[Store] = STORES) -> list[Row]:
    """Measure one registry after the other, and put the figures side by side."""
    found = [_measure(store) for store in stores]
    return [Row(what, " / ".join(each[what] for each in found)) for what in found[0]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spent:
    """What some seconds cost."""

    seconds: float
    cpu: float
    """Seconds of the server."""
    load: Load
    """Of the hosts behind the meter."""

    def figures(self, when: str) -> Figures:
        """Show it by the minute and the host."""
        share = 60 / self.seconds / TOGETHER
        octets = (self.load.sent + self.load.received) * share
        return {
            f"requests a minute and host, {when}": f"{self.load.requests * share:.1f}",
            f"octets a minute and host, {when}": f"{octets:,.0f}",
            f"CPU of the server, {when}": f"{self.cpu / self.seconds:.1%}",
        }


def _measure(store: Store) -> Figures:
    """Fill a registry, and look at it in its three states."""
    with ExitStack() as opened:
        there = opened.enter_context(running(store))
        groups = [opened.enter_context(_group(there, at)) for at in range(GROUPS)]
        filled, _ = _spend(there, lambda: _fill(groups))
        rest, _ = _spend(there, lambda: time.sleep(REST))
        churn, _ = _spend(there, lambda: _churn(groups))
        return {
            "all services of all hosts at once": f"{filled.seconds:.1f} s",
            **rest.figures("at rest"),
            **churn.figures("with churn"),
            **_watched(store, there, groups),
            "resident memory of the server": f"{resident_mib(there.pid):.0f} MiB",
        }


def _watched(store: Store, there: Running, groups: Sequence[Hosts]) -> Figures:
    """Churn once more, before readers."""
    with ExitStack() as opened:
        meter = opened.enter_context(Meter(there.server.port, store.counting))
        metered = opened.enter_context(Readers(store.uri.format(port=meter.port)))
        direct = opened.enter_context(Readers(there.uri, count=READERS - 1))
        metered.await_all(HOSTS * SERVICES)
        direct.await_all(HOSTS * SERVICES)
        octets, readings = meter.read().received, metered.readings
        cpu = cpu_seconds(direct.pid)
        spent, started = _spend(there, lambda: _churn(groups))
        cpu = (cpu_seconds(direct.pid) - cpu) / (READERS - 1)
        octets, readings = meter.read().received - octets, metered.readings - readings
        _await_all(direct, started)
        lags = list(_lags(direct, started))
        missed = len(started) * (READERS - 1) - len(lags)
        changes = 2 * len(started)
        served = f"{spent.cpu / spent.seconds:.1%}"
        return {
            "changes a second": f"{changes / spent.seconds:.0f}",
            f"CPU of the server, with churn and {READERS} readers": served,
            "octets a second to a reader": f"{octets / spent.seconds:,.0f}",
            "octets to a reader by change": f"{octets / changes:,.0f}",
            "readings a second of a reader": f"{readings / spent.seconds:.1f}",
            "CPU of a reader": f"{cpu / spent.seconds:.1%}",
            "start to seen by a reader, p50": milliseconds(percentile(lags, 50)),
            "start to seen by a reader, p99": milliseconds(percentile(lags, 99)),
            "starts that a reader never saw": f"{missed} of {len(lags) + missed:,}",
            "resident memory of a reader": f"{resident_mib(metered.pid):.0f} MiB",
        }


def _group(there: Running, at: int) -> Hosts:
    """Make one process of hosts; the last one's have the meter before them."""
    uri = there.metered_uri if at == GROUPS - 1 else there.uri
    return Hosts(uri, there.directory, first=at * TOGETHER, count=TOGETHER)


def _spend(there: Running, do: Callable[[], T]) -> tuple[_Spent, T]:
    """Do something, and say what it cost."""
    before, cpu, began = there.meter.read(), cpu_seconds(there.pid), time.monotonic()
    done = do()
    spent = _Spent(
        seconds=time.monotonic() - began,
        cpu=cpu_seconds(there.pid) - cpu,
        load=there.meter.read().since(before),
    )
    return spent, done


def _fill(groups: Sequence[Hosts]) -> None:
    for group in groups:
        group.tell("fill", SERVICES)
    for group in groups:
        group.hear()


def _churn(groups: Sequence[Hosts]) -> Started:
    """Replace services; where the new ones are, and when they were started."""
    for group in groups:
        group.tell("churn", PERIOD, CHURN)
    return {place: at for group in groups for place, at in group.moments().items()}


def _await_all(readers: Readers, started: Started) -> None:
    with suppress(AssertionError):
        until(
            lambda: all(started.keys() <= seen.keys() for seen in readers.came),
            "every reader saw every start",
        )


def _lags(readers: Readers, started: Started) -> Iterator[float]:
    for seen in readers.came:
        for place, at in started.items():
            if place in seen:
                yield (seen[place] - at) / 1e9
