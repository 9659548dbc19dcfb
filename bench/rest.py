"""The daemon at rest with 100 services: memory, CPU, and how soon it answers."""

import statistics
import time
from collections.abc import Iterator

from bench.measure import Row, cpu_seconds, milliseconds, resident_mib
from daemons import Daemon
from servers import free_ports
from standins import standin
from waiting import until

SERVICES = 100
WATCHED = 120.0
"""Seconds: two resyncs at the default interval."""
ASKED = 20


def run() -> list[Row]:
    """Watch a daemon with all settings at their defaults."""
    [port] = free_ports(1)
    with (
        standin(SERVICES) as engine,
        Daemon(f"dns://127.0.0.1:{port}", f"-docker-host={engine.uri}") as daemon,
    ):
        until(daemon.settled, "the first round is over")
        before = cpu_seconds(daemon.pid)
        time.sleep(WATCHED)
        spent = cpu_seconds(daemon.pid) - before
        memory = resident_mib(daemon.pid)
        answers = list(_answers(daemon))
    return [
        Row(f"resident memory, {SERVICES} services", f"{memory:.0f} MiB", "60 MiB"),
        Row(
            f"CPU over {WATCHED:.0f} s without an event, resyncs included",
            f"{spent / WATCHED:.3%}",
            "0.2 %",
        ),
        *answers,
    ]


def _answers(daemon: Daemon) -> Iterator[Row]:
    """Time commands as a shell sees them, from start to exit."""
    for command in ("list -o json", "status", "list"):
        seconds = []
        for _ in range(ASKED):
            began = time.perf_counter()
            daemon.ctl(*command.split()).check_returncode()
            seconds.append(time.perf_counter() - began)
        median = milliseconds(statistics.median(seconds))
        yield Row(f"registrator-ctl {command}, median of {ASKED}", median, "200 ms")
