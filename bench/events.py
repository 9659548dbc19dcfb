"""What one event costs the daemon, with few containers and with many, and its lag."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.measure import Row, cpu_seconds, milliseconds, percentile
from daemons import Daemon
from servers import free_ports
from standins import StandInProcess, standin
from waiting import until

FEW = 10
MANY = 5000
EVENTS = 300
REPEATS = 3
FRESH = 90_000
"""The number of a container that is not among those running."""


def run() -> list[Row]:
    """Start and end one container many times, alternating between few and many."""
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(REPEATS):
        for count, found in costs.items():
            found.append(_cost(count))
    few, many = (statistics.median(found) for found in costs.values())
    return [
        Row(f"CPU of one event, {FEW} containers", f"{few * 1e6:.0f} us"),
        Row(f"CPU of one event, {MANY} containers", f"{many * 1e6:.0f} us"),
        Row("ratio", f"{many / few:.2f}", "1.3"),
        *_lag(MANY),
    ]


def _lag(containers: int) -> list[Row]:
    """Have single events, and read each time how long it was on its way to DNS."""
    lags: list[float] = []
    with _daemon(containers) as (engine, daemon):
        for number in range(EVENTS):
            engine.tell(f"start?first={FRESH + number}&count=1")
            count = containers + number + 1

            def written(count: int = count) -> bool:
                return daemon.status()["backends"][0]["records"] == count

            until(written, "the record")
            lags.append(daemon.status()["backends"][0]["lag"] or 0.0)
    return [
        Row(
            f"hearing of a start to its record in DNS, {containers} containers,"
            f" p{share}",
            milliseconds(percentile(lags, share)),
        )
        for share in (50, 99)
    ]


def _cost(containers: int) -> float:
    """Return the CPU seconds of one start or end of a container."""
    with _daemon(containers) as (engine, daemon):
        _happen(daemon, engine, 20)
        before = cpu_seconds(daemon.pid)
        _happen(daemon, engine, EVENTS)
        spent = cpu_seconds(daemon.pid) - before
    return spent / EVENTS


@contextmanager
def _daemon(containers: int) -> Iterator[tuple[StandInProcess, Daemon]]:
    [port] = free_ports(1)
    quiet = ("-resync=0", "-log-level=warning")
    with (
        standin(containers) as engine,
        Daemon(
            f"dns://127.0.0.1:{port}", f"-docker-host={engine.uri}", *quiet
        ) as daemon,
    ):
        until(daemon.settled, "the first round is over", 60.0)
        yield engine, daemon


def _happen(daemon: Daemon, engine: StandInProcess, events: int) -> None:
    """Have events one by one, and wait until the last has been worked off."""
    present = daemon.status()["services"]
    for number in range(events // 2):
        engine.tell(f"start?first={FRESH + number}&count=1")
        time.sleep(0.004)
        engine.tell(f"remove?first={FRESH + number}&count=1")
        time.sleep(0.004)
    until(
        lambda: (
            daemon.settled()
            and daemon.status()["services"] == present
            and not daemon.status()["engine"]["waiting"]
        ),
        "all is as before",
    )
