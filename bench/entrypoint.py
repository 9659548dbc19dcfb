"""The HAProxy side: how soon a change is served, what it costs, and what it drops."""

import asyncio
import random
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.measure import Row, cpu_seconds, milliseconds, percentile, resident_mib
from entrypoint import EntryPoint
from fixtures.etcd import EtcdServer
from instances import Instance as Page
from instances import instances, traffic
from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render
from waiting import until

SERVICES: Final = 100
EACH: Final = 10
CHANGES: Final = 100
REQUESTS: Final = 100_000
AFTERMATH: Final = 30.0
"""Seconds within which all that was done has been looked at once more, in full."""
AT_REST: Final = 60.0
"""Seconds; of what is done at rest the rarest comes every 20."""
PATIENCE: Final = 120.0


def run() -> list[Row]:
    """Measure single changes, many at once, rest, memory, a file, and churn."""
    with (
        TemporaryDirectory(prefix="registrator-bench-") as home,
        EtcdServer(_made(home, "etcd")) as etcd,
    ):
        rows = [*_changes(etcd, _made(home, "entry")), *_file(Path(home))]
        etcd.clear()
        rows += _many(etcd, _made(home, "many"))
        etcd.clear()
        rows += asyncio.run(_churn(etcd, _made(home, "churn")))
    return rows


def _made(home: str, name: str) -> Path:
    made = Path(home, name)
    made.mkdir()
    return made


def _entry(etcd: EtcdServer, home: Path) -> EntryPoint:
    entry = EntryPoint(home)
    entry.said["services"] = {
        f"s{number:03}": {"from": f"{etcd.uri}/services", "server": ""}
        for number in range(SERVICES)
    }
    return entry


def _put(etcd: EtcdServer, numbers: Iterable[int]) -> None:
    """Have in each service the instances of these numbers; at once where they fit."""
    for number in numbers:
        puts = [
            {
                "requestPut": {
                    "key": _coded(f"/services/s{service:03}/h:{number}:80"),
                    "value": _coded(f"127.{number // 200}.{service}.{number % 200}:80"),
                }
            }
            for service in range(SERVICES)
        ]
        etcd.ask("kv/txn", {"success": puts})


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _live(entry: EntryPoint) -> int:
    rows = (line.split() for line in entry.ask("show servers state").splitlines())
    return sum(row[5:7] == ["2", "0"] for row in rows)


def _changes(etcd: EtcdServer, home: Path) -> list[Row]:
    with _entry(etcd, home) as entry:
        _put(etcd, range(1, EACH + 1))
        until(lambda: _live(entry) == SERVICES * EACH, "all serve", PATIENCE)
        lags = [_change(etcd, entry, number) for number in range(CHANGES)]
        worker, there = entry.worker, _live(entry)
        began = time.monotonic()
        _put(etcd, range(50, 50 + EACH))
        enough = there + SERVICES * EACH
        until(lambda: _live(entry) == enough, "all serve", PATIENCE, pause=0.05)
        many = time.monotonic() - began
        written = "they are written down"
        until(lambda: entry.file.count("\tserver ") == enough, written, PATIENCE)
        after, rest = _cpu(entry, AFTERMATH), _cpu(entry, AT_REST)
        reloads = int(entry.worker != worker)
    size = f"{SERVICES} services x {EACH} servers"
    return [
        Row(
            f"from the registry's change to HAProxy's serving it, {size}, p50",
            milliseconds(percentile(lags, 50)),
            "15 ms",
        ),
        Row("the same, p99", milliseconds(percentile(lags, 99)), "60 ms"),
        Row(f"{SERVICES * EACH:,} servers more at once", f"{many:.1f} s", "3 s"),
        Row("reloads meanwhile", str(reloads), "0"),
        Row(f"CPU in the {AFTERMATH:.0f} s after these changes", f"{after:.2%}"),
        Row("CPU at rest, from then on", f"{rest:.2%}", "0.2 %"),
    ]


def _cpu(entry: EntryPoint, seconds: float) -> float:
    before = cpu_seconds(entry.pid)
    time.sleep(seconds)  # that nothing happens is what is measured
    return (cpu_seconds(entry.pid) - before) / seconds


def _change(etcd: EtcdServer, entry: EntryPoint, number: int) -> float:
    """Add one server; the seconds until HAProxy leads to it."""
    service = f"s{number % SERVICES:03}"
    address = f"127.9.{number // 200}.{number % 200 + 1}"
    began = time.monotonic()
    etcd.put(f"/services/{service}/h:new{number}:80", f"{address}:80")
    while not any(
        row[4:5] == [address] and row[5:7] == ["2", "0"]
        for row in map(
            str.split, entry.ask(f"show servers state {service}").split("\n")
        )
    ):
        time.sleep(0.001)  # or its answers would be what HAProxy is busy with
    return time.monotonic() - began


def _file(home: Path) -> list[Row]:
    """Time the layout, the text, and HAProxy's word on it, of many servers."""
    configuration = Configuration.model_validate(
        {"services": {f"s{n:03}": {"listen": 20_000 + n} for n in range(SERVICES)}}
    )
    believed = {
        name: [
            Instance(id=str(n), name=name, address=f"10.0.{n}.1", port=80)
            for n in range(100)
        ]
        for name in configuration.services
    }
    file = home / "haproxy.cfg"
    began = time.monotonic()
    file.write_text(render(plan(configuration, believed).layout))
    written = time.monotonic() - began
    subprocess.run(["haproxy", "-c", "-q", "-f", str(file)], check=True)
    took = time.monotonic() - began
    return [
        Row(
            f"{SERVICES} services x 100 servers laid out, written and checked,"
            " of which HAProxy checks",
            f"{took:.2f} s, {took - written:.2f} s",
            "1 s",
        )
    ]


def _many(etcd: EtcdServer, home: Path) -> list[Row]:
    _put(etcd, range(1, 101))
    with _entry(etcd, home) as entry:
        until(lambda: _live(entry) == SERVICES * 100, "all serve", PATIENCE, pause=0.5)
        ours = resident_mib(entry.pid)
    return [Row("resident memory with 10,000 servers", f"{ours:.0f} MiB", "150 MB")]


async def _churn(etcd: EtcdServer, home: Path) -> list[Row]:
    """Have servers come and go all the time while requests are made."""
    entry = EntryPoint(home, f"{etcd.uri}/services", damping=None)
    async with instances(10) as pages:
        _show(etcd, pages)
        with entry:
            until(lambda: len(entry.servers()) == len(pages), "all serve", PATIENCE)
            worker = entry.worker
            changes = 0
            async with traffic(entry.url, clients=8) as seen:
                while seen.count < REQUESTS:
                    page = random.choice(pages[2:])
                    key = f"/services/web/h:{page.name}:80"
                    if random.random() < 0.5:
                        await asyncio.to_thread(etcd.delete, key)
                    else:
                        await asyncio.to_thread(_show, etcd, [page])
                    changes += 1
                    await asyncio.sleep(0.2)
            reloads = int(entry.worker != worker)
    failed = f"{len(seen.failures)} of {seen.count:,}"
    return [
        Row(f"requests that failed during {changes} changes", failed, "0"),
        Row("reloads meanwhile", str(reloads), "0"),
    ]


def _show(etcd: EtcdServer, pages: Iterable[Page]) -> None:
    for page in pages:
        etcd.put(f"/services/web/h:{page.name}:80", f"127.0.0.1:{page.port}")
