"""Hosts without an engine: ``python -m bench.hosts URI FIRST COUNT DIRECTORY``.

Each has what its daemon would have, a snapshot, a backend and a reconciler; what an
engine would tell is told here instead. Takes a command a line and answers with a line:

    fill NUMBER           so many services on each, from nothing; the seconds it took
    start                 one more on the first host; where it is, and when
    stop                  that one again; the same
    round                 a full round on every host; the seconds of the longest
    churn PERIOD SECONDS  on each, one replaced every so often; where each is, and when

When: nanoseconds of the steady clock that all processes share.
"""

import asyncio
import json
import random
import sys
import time
from contextlib import AsyncExitStack
from itertools import chain
from pathlib import Path
from typing import Final

from registrator.backend import Site
from registrator.model import ContainerId, Service, ServiceId
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot
from registrator.stores import make

NAMES: Final = 20
"""Services of a host, or of several, share so many names."""

_FIRST_PORT: Final = 1024
_PAUSE: Final = 0.001


async def main(uri: str, first: int, count: int, directory: Path) -> None:
    hosts = [Host(number, uri, directory) for number in range(first, first + count)]
    print("ready", flush=True)
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as rooms:
        keepers: list[asyncio.Task[None]] = []
        while line := await asyncio.to_thread(sys.stdin.readline):
            match line.split():
                case ["fill", number]:
                    began = time.monotonic()
                    for host in hosts:
                        host.fill(int(number))
                        keepers.append(rooms.create_task(host.keep(opened)))
                    for host in hosts:
                        await host.settle()
                    print(time.monotonic() - began, flush=True)
                case ["start"]:
                    print(*hosts[0].start(), flush=True)
                case ["stop"]:
                    print(*hosts[0].stop(newest=True), flush=True)
                case ["round"]:
                    took = [rooms.create_task(host.round()) for host in hosts]
                    print(max(await asyncio.gather(*took)), flush=True)
                case ["churn", period, seconds]:
                    every, end = float(period), time.monotonic() + float(seconds)
                    churns = [host.churn(every, end) for host in hosts]
                    started = chain.from_iterable(await asyncio.gather(*churns))
                    print(json.dumps(dict(started)), flush=True)
        for keeper in keepers:
            keeper.cancel()


class Host:
    """One host, and what its daemon does for one registry."""

    def __init__(self, number: int, uri: str, directory: Path) -> None:
        self._node = f"host{number}"
        self._address = f"10.{number >> 8}.{number & 255}.1"
        state = directory / self._node
        state.mkdir(mode=0o700)
        site = Site(node=self._node, address=self._address, state=state)
        [self._backend] = make([uri], site)
        self._snapshot = Snapshot()
        self._reconciler = Reconciler(
            self._backend, self._snapshot, self._snapshot.listed, Patience()
        )
        self._running: list[int] = []
        self._serial = 0

    def fill(self, number: int) -> None:
        """Have so many containers, and have them all listed."""
        for _ in range(number):
            self.start()
        self._snapshot.listed()

    async def keep(self, opened: AsyncExitStack) -> None:
        """Connect, and keep the registry right until cancelled."""
        await opened.enter_async_context(self._backend)
        await self._reconciler.run()

    async def settle(self) -> None:
        """Wait until the registry holds all that it should."""
        while True:
            report = self._reconciler.report()
            owed = report.waiting or report.records != len(self._running)
            if report.reachable and not owed:
                return
            await asyncio.sleep(_PAUSE)

    def start(self) -> tuple[str, int]:
        """Start a container; where its service is, and when it was told."""
        self._serial += 1
        self._running.append(self._serial)
        return self._tell(self._serial, runs=True)

    def stop(self, *, newest: bool) -> tuple[str, int]:
        """Stop the newest container, or the oldest; likewise."""
        return self._tell(self._running.pop(-1 if newest else 0), runs=False)

    async def round(self) -> float:
        """Have everything listed again; the seconds until it is compared."""
        began = asyncio.get_running_loop().time()
        self._snapshot.listed()
        while True:
            at = self._reconciler.report().round_at
            if at is not None and at >= began:
                return at - began
            await asyncio.sleep(_PAUSE)

    async def churn(self, period: float, end: float) -> list[tuple[str, int]]:
        """Replace a container every so many seconds; where each is, and when."""
        started = []
        pause = random.uniform(0.0, period)
        while time.monotonic() + pause < end:
            await asyncio.sleep(pause)
            started.append(self.start())
            self.stop(newest=False)
            pause = period
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        await self.settle()
        return started

    def _tell(self, serial: int, *, runs: bool) -> tuple[str, int]:
        name, port = f"app{serial % NAMES}", _FIRST_PORT + serial
        service = Service(
            id=ServiceId(f"{self._node}:{name}.{serial}:80"),
            name=name,
            address=self._address,
            port=port,
            container=ContainerId(f"{self._node}-{serial}"),
            container_name=f"{name}.{serial}",
        )
        now = time.monotonic_ns()
        self._snapshot.replace(
            service.container,
            [service] if runs else [],
            at=asyncio.get_running_loop().time(),
        )
        return f"{self._address}:{port}", now


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    )
