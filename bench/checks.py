"""What 5,000 checks cost and how exact they are, and how soon a change is known."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.children import Checked
from bench.measure import Row, cpu_seconds, milliseconds, percentile, resident_mib
from bench.nameservers import ask
from daemons import Daemon
from fixtures.etcd import EtcdServer
from servers import free_ports
from waiting import until

CHECKS = 5000
INTERVAL = 10.0
WATCHED = 60.0
"""Seconds over which checks are watched: some intervals."""
TENTH = 10
CHANGES = 40
SOON = 1.0
"""Seconds between the checks of services that are to change."""
DEADLINE = 60.0


def run() -> list[Row]:
    """Watch a daemon whose checks all answer, then with a tenth that never do."""
    return [*_many(), *_changes()]


def _many() -> Iterator[Row]:
    [port, web] = free_ports(2)
    with (
        TemporaryDirectory(prefix="registrator-bench-") as home,
        Checked(Path(home), web, CHECKS, INTERVAL) as checked,
        _daemon(checked.engine, f"dns://127.0.0.1:{port}") as daemon,
    ):
        until(lambda: _shown(daemon) == {CHECKS}, "all pass", 300.0, 1.0)
        for share, which in ((0, "all answer"), (TENTH, "a tenth hangs")):
            checked.ask("hang", share)
            # All that are to hang do by then, and have their places among the rest.
            time.sleep(2 * INTERVAL)  # nothing shows that from outside
            yield from _watched(checked, daemon, which)


def _watched(checked: Checked, daemon: Daemon, which: str) -> Iterator[Row]:
    checked.ask("forget")
    before = cpu_seconds(daemon.pid)
    time.sleep(WATCHED)  # what it spends in this time is what is measured
    spent = cpu_seconds(daemon.pid) - before
    gaps = json.loads(checked.ask("gaps"))
    errors = [abs(gap - INTERVAL) for gap in gaps]
    what = f"{CHECKS:,} HTTP checks every {INTERVAL:g} s, {which}"
    yield Row(f"{what}: CPU of one core", f"{spent / WATCHED:.0%}", "60 %")
    memory = resident_mib(daemon.pid)
    yield Row(f"{what}: resident memory", f"{memory:.0f} MiB", "150 MB")
    for share, goal in ((50, ""), (99, "100 ms")):
        error = milliseconds(percentile(errors, share))
        yield Row(f"{what}: error of the interval, p{share}", error, goal)


def _changes() -> Iterator[Row]:
    """Have services fall one by one, and see when etcd or DNS is without them."""
    [port, web] = free_ports(2)
    found: dict[str, list[float]] = {"etcd": [], "DNS": []}
    with (
        TemporaryDirectory(prefix="registrator-bench-") as home,
        EtcdServer(Path(home)) as etcd,
        Checked(Path(home), web, CHANGES, SOON) as checked,
        _daemon(
            checked.engine, f"{etcd.uri}/services", f"dns://127.0.0.1:{port}"
        ) as daemon,
    ):
        shown: dict[str, Callable[[str], object]] = {
            "etcd": lambda name: etcd.range(f"/services/{name}/"),
            "DNS": lambda name: _answers(port, name),
        }
        until(lambda: _shown(daemon) == {CHANGES}, "all pass")
        for number, where in zip(range(CHANGES), cycle(shown), strict=False):
            checked.ask("fall", number)
            gone = _gone(shown[where], f"s{number:05}")
            fallen = int(checked.ask("fallen", number))
            found[where].append((gone - fallen) / 1e9)
    for where, seconds in found.items():
        for share in (50, 99):
            yield Row(
                f"from the first failing answer of an endpoint to {where}, p{share}",
                milliseconds(percentile(seconds, share)),
                "20 ms",
            )


def _gone(shown: Callable[[str], object], name: str) -> int:
    """Return when nothing is shown any more, asking without a pause."""
    deadline = time.monotonic() + DEADLINE
    while shown(name):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} is still shown")
    return time.monotonic_ns()


def _answers(port: int, name: str) -> bool:
    answer = ask(port, name, "A")
    return answer is None or bool(answer.answer)


def _shown(daemon: Daemon) -> set[int]:
    """Say how many services the registries hold: those whose checks pass."""
    return {each["records"] for each in daemon.status()["backends"]}


def _daemon(engine: str, *registries: str) -> Daemon:
    quiet = ("-resync=0", "-log-level=warning")
    return Daemon(*registries, f"-docker-host={engine}", "-ip=127.0.0.1", *quiet)
