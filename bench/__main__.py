"""Runs benchmarks and writes bench/results/: ``python -m bench [NAME ...]``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench import (
    beside,
    checks,
    containers,
    dns,
    entrypoint,
    events,
    fleet,
    registries,
    replacement,
    rest,
    rounds,
)
from bench.measure import Row, machine

RESULTS = Path(__file__).parent / "results"

BENCHMARKS: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "containers": ("Real containers into Consul", containers.run),
    "rounds": ("Full rounds with 5,000 containers", rounds.run),
    "events": ("The cost of one event", events.run),
    "beside": ("Events with HAProxy beside the daemon", beside.run),
    "rest": ("At rest with 100 services", rest.run),
    "registries": ("Each registry with 1 / 100 / 1,000 services", registries.run),
    "dns": ("The DNS responder beside others", dns.run),
    "entrypoint": ("HAProxy as the local entry point", entrypoint.run),
    "replacement": ("Containers replaced under load", replacement.run),
    "checks": ("5,000 health checks run by the daemon", checks.run),
    "fleet": ("200 hosts on one etcd / Consul KV / ZooKeeper", fleet.run),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    chosen = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(chosen) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    RESULTS.mkdir(exist_ok=True)
    for name in chosen:
        title, run = BENCHMARKS[name]
        text = _table(title, run())
        print(text)
        (RESULTS / f"{name}.md").write_text(text)


def _table(title: str, rows: list[Row]) -> str:
    lines = [
        f"## {title}",
        "",
        machine(),
        "",
        "| measured | result | goal |",
        "| --- | --- | --- |",
        *(f"| {row.what} | {row.value} | {row.goal} |" for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
