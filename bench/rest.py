"""The daemon at rest with 100 services: memory, and CPU when nothing happens."""

import time

from bench.measure import Row, cpu_seconds, resident_mib
from daemons import Daemon
from servers import free_ports
from standins import standin
from waiting import until

SERVICES = 100
WATCHED = 120.0
"""Seconds: two resyncs at the default interval."""


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
    return [
        Row(f"resident memory, {SERVICES} services", f"{memory:.0f} MiB", "60 MiB"),
        Row(
            f"CPU over {WATCHED:.0f} s without an event, resyncs included",
            f"{spent / WATCHED:.3%}",
            "0.2 %",
        ),
    ]
