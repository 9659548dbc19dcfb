"""The responder beside Consul, dnsmasq, unbound, knot and a bare loop in C."""

import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench import dnsperf
from bench.bars import bars
from bench.children import Responder
from bench.dns_zone import questions
from bench.measure import Row, cpu_seconds, milliseconds, percentile, resident_mib
from bench.nameservers import CONSUL, ECHO, OURS, UNBOUND, NameServer, all_of_them, ask
from servers import free_ports
from waiting import DEADLINE

ROUNDS: Final = 6
SECONDS: Final = 2.0
"""Of each load on each server in each round."""
RATE: Final = 10_000
CROWD: Final = (20_000, 5)
"""Services and instances of each in the large zone."""
CHANGES: Final = 20

PLOT: Final = Path(__file__).parent / "results" / "dns.svg"

Rounds = Mapping[str, Sequence["_Figures"]]
"""The figures of each server, round by round."""


def run() -> list[Row]:
    """Load every server in turn, round after round; then fill a large zone."""
    found = _rounds()
    cpu = {name: _median(rounds, "cpu") for name, rounds in found.items()}
    PLOT.write_text(
        bars("CPU time of one query", "µs", _micro(cpu), ours=OURS), encoding="utf-8"
    )
    return [
        *(Row(name, _figures(rounds)) for name, rounds in found.items()),
        _ratio(found, "cpu", UNBOUND, "CPU a query", 0.9),
        _ratio(found, "cpu", CONSUL, "CPU a query", 0.2),
        _ratio(found, "cpu", ECHO, "CPU a query"),
        _ratio(found, "rate", UNBOUND, "queries a second"),
        _ratio(found, "p99", ECHO, f"p99 at {RATE:,} a second", 1.5),
        *_large_zone(),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """What one server did in one round."""

    rate: float
    """Answers a second, as fast as they come."""
    cpu: float
    """Seconds of CPU for each of them."""
    p50: float
    """Seconds that an answer takes at a steady rate."""
    p99: float
    lost: int


def _rounds() -> Rounds:
    processors = sorted(os.sched_getaffinity(0))
    found: dict[str, list[_Figures]] = defaultdict(list)
    with TemporaryDirectory(prefix="registrator-bench-") as home:
        file = Path(home, "questions")
        file.write_text("\n".join([*questions(), ""]))
        with all_of_them(Path(home), cpu=processors[0]) as servers:
            for _ in range(ROUNDS):
                for server in random.sample(servers, len(servers)):
                    found[server.name].append(_measure(server, file, processors[-1]))
            return {server.name: found[server.name] for server in servers}


def _measure(server: NameServer, file: Path, cpu: int) -> _Figures:
    before = cpu_seconds(server.pid)
    full = dnsperf.saturate(server.port, file, seconds=SECONDS, cpu=cpu)
    spent = cpu_seconds(server.pid) - before
    if not spent:
        raise RuntimeError(f"{server.name}: another process than {server.pid} answers")
    paced = dnsperf.pace(server.port, file, RATE, seconds=SECONDS, cpu=cpu)
    return _Figures(
        rate=full.rate,
        cpu=spent / full.answered,
        p50=paced.percentile(50),
        p99=paced.percentile(99),
        lost=full.lost + paced.lost,
    )


def _large_zone() -> list[Row]:
    names, each = CROWD
    [port] = free_ports(1)
    with Responder(port) as responder:
        empty = resident_mib(responder.pid)
        took = responder.fill(names, each)
        filled = resident_mib(responder.pid)
        lags = [_change(responder, port, number) for number in range(CHANGES)]
    return [
        Row(f"{names * each:,} instances put in", f"{took:.1f} s"),
        Row(
            "resident memory with them, of which the interpreter has",
            f"{filled:.0f} MiB, {empty:.0f} MiB",
            "300 MB",
        ),
        Row(
            "one more instance among them: to the answer that shows it, p50, the most",
            f"{milliseconds(percentile(lags, 50))}, {milliseconds(max(lags))}",
            "10 ms",
        ),
    ]


def _change(responder: Responder, port: int, number: int) -> float:
    """Add one instance; the seconds until it is in an answer."""
    name = f"app{number:04}"
    ask(port, name, "A")  # so that there is an answer that has to be made anew
    began = time.monotonic()
    responder.tell("add", name, f"192.0.2.{number + 100}")
    while _count(port, name) <= CROWD[1]:  # without a pause, which would be measured
        if time.monotonic() > began + DEADLINE:
            raise RuntimeError(f"{name} has no instance more")
    return time.monotonic() - began


def _count(port: int, name: str) -> int:
    answer = ask(port, name, "A")
    return sum(map(len, answer.answer)) if answer else 0


def _figures(rounds: Sequence[_Figures]) -> str:
    p50, p99 = (_median(rounds, which) * 1e6 for which in ("p50", "p99"))
    lost = sum(each.lost for each in rounds)
    return (
        f"{_median(rounds, 'rate'):,.0f} queries a second, "
        f"{_median(rounds, 'cpu') * 1e6:.1f} µs of CPU each; "
        f"at {RATE:,} a second p50 {p50:,.0f} µs, p99 {p99:,.0f} µs"
        + (f"; {lost:,} lost" if lost else "")
    )


def _ratio(
    found: Rounds, which: str, other: str, what: str, goal: float | None = None
) -> Row:
    """Compare round by round, so that what disturbed both does not count."""
    pairs = zip(_each(found[OURS], which), _each(found[other], which), strict=True)
    ratios = [ours / theirs for ours, theirs in pairs]
    value = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return Row(
        f"{what}, against {other}: median of {len(ratios)} rounds",
        value,
        f"{goal:g}" if goal else "",
    )


def _median(rounds: Sequence[_Figures], which: str) -> float:
    return statistics.median(_each(rounds, which))


def _each(rounds: Sequence[_Figures], which: str) -> list[float]:
    return [float(getattr(figures, which)) for figures in rounds]


def _micro(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: value * 1e6 for name, value in seconds.items()}
