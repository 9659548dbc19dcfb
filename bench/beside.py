"""What HAProxy beside the daemon, with 2,000 servers, does to a container's event."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Row, milliseconds, percentile
from daemons import Daemon
from entrypoint import EntryPoint
from servers import free_ports
from standins import StandInProcess, standin
from waiting import until

SERVICES = 100
EACH = 20
CONTAINERS = 100
EVENTS = 1500
FRESH = 90_000
"""The number of a container that is not among those running."""


def run() -> list[Row]:
    """Have single events, without HAProxy and with it, and read how long each took."""
    return [*_rows("alone", []), *_rows("with 2,000 servers", None)]


def _rows(how: str, flags: list[str] | None) -> Iterator[Row]:
    with TemporaryDirectory(prefix="registrator-bench-") as home, ExitStack() as opened:
        entry = EntryPoint(Path(home))
        opened.push(entry)
        if flags is None:
            entry.said["services"] = dict(map(_service, range(SERVICES)))
            entry.write()
            flags = [f"-haproxy={entry.configuration}"]
        [port] = free_ports(1)
        engine = opened.enter_context(standin(CONTAINERS))
        arguments = f"dns://127.0.0.1:{port}", f"-docker-host={engine.uri}"
        daemon = opened.enter_context(Daemon(*arguments, *flags))
        until(daemon.settled, "the first round is over", 60.0)
        if flags:
            until(lambda: "reloaded" in daemon.log, "haproxy serves", 60.0)
        lags = list(_lags(daemon, engine))
    what = f"hearing of a start to its record in DNS, {how}"
    yield Row(f"{what}, p50", milliseconds(percentile(lags, 50)))
    yield Row(f"{what}, p99", milliseconds(percentile(lags, 99)))
    yield Row(f"{what}, the slowest of {EVENTS:,}", milliseconds(max(lags)))


def _service(number: int) -> tuple[str, object]:
    servers = [
        {"host": f"127.1.{number}.{each + 1}", "port": 80} for each in range(EACH)
    ]
    return f"s{number:03}", {"servers": servers, "server": ""}


def _lags(daemon: Daemon, engine: StandInProcess) -> Iterator[float]:
    for number in range(EVENTS):
        engine.tell(f"start?first={FRESH + number}&count=1")
        count = CONTAINERS + number + 1

        def written(count: int = count) -> bool:
            return daemon.status()["backends"][0]["records"] == count

        until(written, "the record", pause=0.02)
        yield daemon.status()["backends"][0]["lag"] or 0.0
