"""Full rounds over 5,000 containers of a stand-in engine into the embedded DNS."""

import asyncio
import time
from collections.abc import Iterable

import aiohttp

from bench.measure import Row, cpu_seconds, resident_mib
from daemons import Daemon
from registrator.source import LOOKERS
from servers import free_ports
from standins import standin
from waiting import until

CONTAINERS = 5000
ROUNDS = 5


def run() -> list[Row]:
    """Time the first full round, then the CPU of rounds that change nothing."""
    [port] = free_ports(1)
    with standin(CONTAINERS) as engine:
        bare = asyncio.run(_bare(engine.uri.removeprefix("unix://")))
        daemon = Daemon(
            f"dns://127.0.0.1:{port}",
            f"-docker-host={engine.uri}",
            "-resync=3",
            "-log-level=warning",
        )
        began = time.monotonic()
        with daemon:
            # Asked more often, the answers to that would be part of what is measured.
            until(lambda: _all_there(daemon), "all are in the zone", 60.0, pause=0.1)
            first = time.monotonic() - began
            first_cpu = cpu_seconds(daemon.pid)
            spent = _cpu_of_rounds(daemon)
            memory = resident_mib(daemon.pid)
    return [
        Row(f"start to all {CONTAINERS} in the zone", f"{first:.1f} s", "5 s"),
        Row("CPU of that, interpreter and imports included", f"{first_cpu:.1f} s"),
        Row("a bare loop: lists, inspects, and decides nothing", f"{bare:.1f} s"),
        Row("CPU of a full round that changes nothing", f"{spent:.2f} s", "0.5 s"),
        Row("resident memory", f"{memory:.0f} MiB"),
    ]


async def _bare(path: str) -> float:
    """Read every container once, 16 at a time as the daemon does; the seconds."""
    began = time.monotonic()
    connector = aiohttp.UnixConnector(path, limit=LOOKERS)
    async with aiohttp.ClientSession("http://engine", connector=connector) as session:

        async def look(entries: Iterable[dict[str, str]]) -> None:
            for entry in entries:
                async with session.get(f"/containers/{entry['Id']}/json") as answer:
                    await answer.json()

        async with session.get("/containers/json") as listed:
            entries = iter(await listed.json())
        async with asyncio.TaskGroup() as lookers:
            for _ in range(LOOKERS):
                lookers.create_task(look(entries))
    return time.monotonic() - began


def _all_there(daemon: Daemon) -> bool:
    [backend] = daemon.status()["backends"]
    return backend["records"] == CONTAINERS and daemon.settled()


def _cpu_of_rounds(daemon: Daemon) -> float:
    """Return the CPU seconds of one round, the mean of several."""

    def listings() -> int:
        return daemon.status()["engine"]["listings"]

    before = listings()
    until(lambda: listings() > before, "a round begins")
    begin, cpu = listings(), cpu_seconds(daemon.pid)
    time.sleep(ROUNDS * 3)
    return (cpu_seconds(daemon.pid) - cpu) / max(1, listings() - begin)
