"""The daemon with HAProxy beside it: whole processes, a real registry and HAProxy."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from daemons import Daemon
from entrypoint import EntryPoint, put, serving
from fixtures.etcd import EtcdServer
from instances import ask, instances, traffic
from servers import free_ports
from waiting import eventually, until

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]


@pytest.fixture
def entry(etcd: EtcdServer, tmp_path: Path) -> Iterator[EntryPoint]:
    """Have a configuration that a daemon is to follow; no HAProxy of it is left."""
    made = EntryPoint(tmp_path, f"{etcd.uri}/services")
    made.write()
    with ExitStack() as leaving:
        leaving.push(made)
        yield made


@pytest.fixture
def daemon(entry: EntryPoint, tmp_path: Path) -> Iterator[Daemon]:
    """Have a daemon whose engine is away: HAProxy waits for none."""
    with made(entry, tmp_path) as running:
        until(lambda: entry.ask("show info"), "haproxy serves", 60)
        yield running


def made(entry: EntryPoint, home: Path, *more: str) -> Daemon:
    [port] = free_ports(1)
    return Daemon(
        f"dns://127.0.0.1:{port}",
        f"-docker-host=unix://{home}/no-engine.sock",
        f"-haproxy={entry.configuration}",
        *more,
    )


def child(daemon: Daemon) -> int:
    """Find the process that the daemon has for this."""
    for task in Path(f"/proc/{daemon.pid}/task").iterdir():
        for word in (task / "children").read_text().split():
            if b"registrator_haproxy" in Path(f"/proc/{word}/cmdline").read_bytes():
                return int(word)
    raise OSError("there is none")


def told(daemon: Daemon, *words: str) -> Any:
    ended = daemon.ctl("haproxy", *words, "-o", "json")
    if not ended.stdout:
        raise OSError(ended.stderr)
    return json.loads(ended.stdout)


async def test_the_daemon_has_haproxy_serve_and_tells_of_it_as_one_alone_does(
    daemon: Daemon, entry: EntryPoint, etcd: EtcdServer, tmp_path: Path
) -> None:
    async with instances(2) as both:
        put(etcd, *both)
        await serving(entry, *both)
        await eventually(lambda: entry.file.count("\tserver ") == 2, "it is written")

        assert set(await ask(entry.url, 6)) == {each.name for each in both}
        assert len(told(daemon)["servers"]) == 2
        assert daemon.ctl("haproxy", "plan").stdout == "nothing to do\n"
        assert daemon.ctl("haproxy", "diff").stdout == ""
        assert daemon.ctl("haproxy", "render").stdout == entry.file
        proposal = tmp_path / "proposal.yaml"
        entry.said["services"]["new"] = {}
        proposal.write_text(json.dumps(entry.said))
        planned = told(daemon, "plan", "--config", str(proposal))
        assert "backend new is new" in planned["reasons"]
        proposal.write_text("services: 1\n")
        wrong = daemon.ctl("haproxy", "diff", "--config", str(proposal))
        assert wrong.returncode == 2
        assert "proposal.yaml: line 1: services: " in wrong.stderr


async def test_hung_up_it_takes_another_configuration_and_stopped_it_ends_haproxy(
    daemon: Daemon, entry: EntryPoint
) -> None:
    until(lambda: "haproxy follows" in daemon.log, "it is at work", 60)
    entry.said["services"]["new"] = {}
    entry.write()
    os.kill(daemon.pid, signal.SIGHUP)

    await eventually(lambda: "backend new" in entry.file, "it is in force", 60)
    assert daemon.end() == 0
    assert entry.haproxies() == []


async def test_its_failures_end_neither_the_daemon_nor_haproxy(
    daemon: Daemon, entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(2) as both:
        put(etcd, both[0])
        await serving(entry, both[0])
        async with traffic(entry.url) as seen:
            before = child(daemon)
            os.kill(before, signal.SIGKILL)
            put(etcd, both[1])
            await eventually(lambda: child(daemon) != before, "there is another", 60)
            await serving(entry, *both)

    assert seen.failures == []
    assert daemon.alive
    assert "the haproxy side ended: exit status -9; it is started again" in daemon.log


async def test_haproxy_outlives_a_daemon_that_is_killed_and_the_next_goes_on(
    daemon: Daemon, entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(2) as both:
        put(etcd, both[0])
        await serving(entry, both[0])
        async with traffic(entry.url) as seen:
            daemon.end(signal.SIGKILL)
            put(etcd, both[1])
            daemon.start()
            await serving(entry, *both)

    assert seen.failures == []


def refused(
    entry: EntryPoint, home: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    """Start a daemon that is to end by itself."""
    entry.write()
    command = [sys.executable, "-m", "registrator", "dns://127.0.0.1:0"]
    command += [f"-control={home}/c.sock", f"-docker-host=unix://{home}/none.sock"]
    return subprocess.run(
        [*command, f"-haproxy={entry.configuration}", *more],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_wrong_configuration_is_told_with_all_other_mistakes(
    entry: EntryPoint, tmp_path: Path
) -> None:
    entry.said["services"]["web"]["mode"] = "sideways"
    ended = refused(entry, tmp_path, "-dns-linger=soon")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "'soon' is not a number of seconds" in ended.stderr
    assert f"registrator: -haproxy {entry.configuration}: {entry.configuration}: " in (
        ended.stderr
    )
    assert "services.web.mode: should be 'tcp' or 'http'" in ended.stderr


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"program": "/nowhere/haproxy"}, "/nowhere/haproxy: cannot be run"),
        ({"directory": "/proc/nowhere"}, "haproxy: directory /proc/nowhere"),
    ],
)
def test_what_nothing_can_begin_with_ends_the_daemon_with_the_reason(
    entry: EntryPoint, tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    entry.said["haproxy"] |= changes
    ended = refused(entry, tmp_path)

    assert ended.returncode == 2
    assert why in ended.stderr.splitlines()[-1]


def test_a_daemon_that_only_looks_leaves_haproxy_alone(
    entry: EntryPoint, tmp_path: Path
) -> None:
    refused(entry, tmp_path, "-dry-run")

    assert not entry.run.exists()


async def test_services_have_the_places_that_they_ask_the_daemon_for(
    entry: EntryPoint, etcd: EtcdServer, tmp_path: Path
) -> None:
    entry.said["services"] = {}
    entry.write()
    (port,) = free_ports(1)
    async with instances(1) as [one]:
        asked = {"port": one.port, "metadata": {"haproxy_port": str(port)}}
        place = {"name": "shop", "id": "h:shop:80", "address": "127.0.0.1"}
        etcd.put("/services/shop/h:shop:80", json.dumps({**place, **asked}))
        source = f"{etcd.uri}/services?format=json"
        with made(entry, tmp_path, "-haproxy-auto", source) as running:
            await eventually(
                lambda: ask(f"http://127.0.0.1:{port}/", 3), "it has its place", 60
            )

            assert await ask(f"http://127.0.0.1:{port}/", 3) == {one.name: 3}
            assert source not in command_line(child(running))


def command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text()
