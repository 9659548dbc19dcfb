"""Containers that are replaced under load: what fails, and what it takes."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import docker
from docker.models.containers import Container

from bench.measure import Row
from fixtures.engine import IMAGE, RunContainer, unique_name
from fixtures.etcd import EtcdServer
from replacement import Street, reader, replaced, writer
from waiting import until

REQUESTS: Final = 50_000
CONTAINERS: Final = 4
_ROOT: Final = Path(__file__).parents[1]


def run() -> list[Row]:
    """Replace them again and again until there were enough requests."""
    with TemporaryDirectory(prefix="registrator-bench-") as home:
        return asyncio.run(_rows(Path(home)))


async def _rows(home: Path) -> list[Row]:
    (home / "etcd").mkdir()
    with (
        EtcdServer(home / "etcd") as etcd,
        _engine() as run_container,
        writer(etcd) as daemon,
        reader(etcd, home) as entry,
    ):
        until(daemon.settled, "the first round")
        street = Street(daemon=daemon, entry=entry, run_container=run_container)
        before = time.monotonic()
        seen = await replaced(street, CONTAINERS, REQUESTS)
        took = time.monotonic() - before
    replaced_ = len(seen.answers) - CONTAINERS
    return [
        Row("containers replaced one by one under load", f"{replaced_}"),
        Row("requests meanwhile", f"{seen.count:,}", f"{REQUESTS:,}"),
        Row("of these failed", f"{len(seen.failures)}", "0"),
        Row("requests a second", f"{seen.count / took:,.0f}"),
    ]


@contextmanager
def _engine() -> Iterator[RunContainer]:
    """Have containers on the engine that is there, and none of them afterwards."""
    subprocess.run([_ROOT / "scripts/demo-image", IMAGE], check=True, timeout=60)
    client = docker.from_env()
    made: list[Container] = []

    def start(
        command: str | None = None,
        *,
        name: str = "",
        ports: Mapping[str, int | None] = {},
        environment: Mapping[str, str] = {},
        **options: Any,
    ) -> Container:
        found: Container = client.containers.run(
            IMAGE,
            command,
            name=name or unique_name(),
            ports=dict(ports),
            environment=dict(environment),
            detach=True,
            **options,
        )
        made.append(found)
        return found

    try:
        yield start
    finally:
        for each in made:
            each.remove(force=True)
        client.close()
