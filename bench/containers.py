"""Real containers: from the engine's own time stamp to visible in Consul's catalog."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
from docker.models.containers import Container

from bench.measure import Row, milliseconds, percentile
from daemons import Daemon
from fixtures.consul import ConsulAgent
from waiting import until

CONTAINERS = 40
REPEATS = 3
AT_ONCE = 8
IMAGE = "registrator-test/busybox:1"
NAME = "bench"


def run() -> list[Row]:
    """Measure the daemon, and in between the floor, on the same machine."""
    found: dict[str, list[_Outcome]] = {"daemon": [], "floor": []}
    for _ in range(REPEATS):
        found["floor"].append(_measure(_bare))
        found["daemon"].append(_measure(_daemon))
    ours, floor = (_together(outcomes) for outcomes in found.values())
    goals = {50: "10 ms", 99: "50 ms"}
    return [
        Row(
            f"{len(ours.lags)} containers, {AT_ONCE} at a time, started in",
            f"{ours.took:.1f} s",
        ),
        Row("lost", str(ours.lost), "0"),
        Row("ghosts after all were killed", str(ours.ghosts), "0"),
        *(
            Row(f"start to visible, p{share}", _at(ours, share), goal)
            for share, goal in goals.items()
        ),
        *(
            Row(
                f"the same for a bare loop (bench/bare.py), p{share}", _at(floor, share)
            )
            for share in goals
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    took: float
    lost: int
    ghosts: int
    lags: list[float]


def _together(outcomes: Sequence[_Outcome]) -> _Outcome:
    return _Outcome(
        took=sum(each.took for each in outcomes),
        lost=sum(each.lost for each in outcomes),
        ghosts=sum(each.ghosts for each in outcomes),
        lags=[lag for each in outcomes for lag in each.lags],
    )


def _at(outcome: _Outcome, share: int) -> str:
    return milliseconds(percentile(outcome.lags, share))


@contextmanager
def _daemon(consul: ConsulAgent) -> Iterator[None]:
    with Daemon(consul.uri) as daemon:
        until(daemon.settled, "the first round is over")
        yield


@contextmanager
def _bare(consul: ConsulAgent) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.bare", str(consul.port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


def _measure(
    subject: Callable[[ConsulAgent], AbstractContextManager[None]],
) -> _Outcome:
    """Start 40 containers, 8 at a time, kill them, and compare with Consul."""
    client = docker.from_env()
    with (
        TemporaryDirectory() as home,
        ConsulAgent(Path(home), {}) as consul,
        subject(consul),
    ):
        seen = _Seen(consul.port)
        started = _Started(client)
        running = [_create(client) for _ in range(CONTAINERS)]
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda each: each.start(), running))
        took = time.monotonic() - began
        ids = {container.id: container.name for container in running}
        with suppress(AssertionError):
            until(lambda: seen.present == len(ids), "all are seen", 10.0)
        lost = len(ids) - len(seen.first)
        lags = [
            (seen.first[name] - started.at[key]) / 1e9
            for key, name in ids.items()
            if name in seen.first and key in started.at
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda each: each.kill(), running))
        with suppress(AssertionError):
            until(lambda: not seen.present, "all are gone", 10.0)
        ghosts = seen.present
        seen.end()
    for container in running:
        container.remove(force=True)
    client.close()
    return _Outcome(took=took, lost=lost, ghosts=ghosts, lags=lags)


def _create(client: docker.DockerClient) -> Container:
    return client.containers.create(
        IMAGE,
        ["sleep", "600"],
        ports={"80/tcp": None},
        environment={"SERVICE_NAME": NAME},
    )


class _Started:
    """The engine's own time of each start, nanoseconds."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.at: dict[str, int] = {}
        self._events = client.events(
            decode=True, filters={"type": "container", "event": "start"}
        )
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        for event in self._events:
            self.at[event["Actor"]["ID"]] = event["timeNano"]


class _Seen:
    """When the catalog first showed each container's name."""

    def __init__(self, port: int) -> None:
        self.first: dict[str, int] = {}
        self.present = 0
        self._watch = subprocess.Popen(
            [sys.executable, "-m", "bench.catalog", str(port), NAME],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._follow, daemon=True).start()

    def end(self) -> None:
        """Stop watching."""
        self._watch.kill()
        self._watch.wait()

    def _follow(self) -> None:
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            name, number = line.split()
            if name == "present":
                self.present = int(number)
            else:
                self.first[name] = int(number)
