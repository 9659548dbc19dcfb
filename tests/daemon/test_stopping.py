"""Real containers that are stopped, drained and maintained under a whole daemon."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from docker.models.containers import Container

from daemons import Daemon
from fixtures.engine import IMAGE, Podman, RunContainer, unique_name
from fixtures.etcd import EtcdServer
from waiting import until

pytestmark = [pytest.mark.needs_engine, pytest.mark.needs_etcd]

DEAF = "sh -c 'trap \"\" TERM; httpd -f -p 80 -h /www & while :; do sleep 1; done'"
"""It serves on when it is asked to end, and is killed in the end."""


@pytest.fixture
def daemon(etcd: EtcdServer, docker_host: str) -> Iterator[Daemon]:
    with made(etcd, docker_host) as running:
        until(running.settled, "the first round")
        yield running


def made(etcd: EtcdServer, host: str) -> Daemon:
    return Daemon(
        f"{etcd.uri}/services",
        f"-docker-host={host}",
        *("-ip=127.0.0.1", "-node-name=h1", "-resync=0"),
    )


def web(run_container: RunContainer, command: str | None = None, **how: Any) -> Any:
    """Start one that is called as its service."""
    name = unique_name()
    environment = {"SERVICE_NAME": name, **how.pop("environment", {})}
    return run_container(
        command, name=name, ports={"80/tcp": None}, environment=environment, **how
    )


def registered(etcd: EtcdServer, container: Container) -> bool:
    return bool(etcd.range(f"/services/{container.name}/"))


def runs(container: Container) -> bool:
    container.reload()
    return container.status == "running"


@contextmanager
def stopping(container: Any, timeout: int = 60) -> Iterator[threading.Thread]:
    """Stop it meanwhile, as `docker stop` does; then kill it."""
    order = threading.Thread(target=container.stop, kwargs={"timeout": timeout})
    order.start()
    try:
        yield order
    finally:
        if order.is_alive():
            container.kill()
        order.join()


def listed(daemon: Daemon) -> Any:
    return json.loads(daemon.ctl("maintenance", "-o", "json").stdout)


def drains(daemon: Daemon, container: Container) -> list[str]:
    """Say why this one is drained: on this engine others are stopped as well."""
    return [
        each["why"]
        for each in listed(daemon)["drains"]
        if each["container"] == container.id
    ]


def test_a_container_is_in_no_registry_before_it_has_stopped(
    daemon: Daemon, etcd: EtcdServer, run_container: RunContainer
) -> None:
    container = web(run_container, DEAF)
    until(lambda: registered(etcd, container), "it is registered")

    with stopping(container) as order:
        until(lambda: not registered(etcd, container), "it is out")

        assert order.is_alive()
        assert runs(container)
        assert drains(daemon, container) == ["docker stop"]

    container.start()
    until(lambda: registered(etcd, container), "it is back")
    assert drains(daemon, container) == []


def test_a_signal_that_does_not_stop_a_container_leaves_it_registered(
    daemon: Daemon, etcd: EtcdServer, run_container: RunContainer
) -> None:
    first, last = web(run_container, DEAF), web(run_container, DEAF)
    until(lambda: registered(etcd, first) and registered(etcd, last), "both are there")

    first.kill("SIGHUP")
    first.kill("SIGUSR1")
    last.kill("SIGTERM")
    until(lambda: not registered(etcd, last), "the last is out")

    assert registered(etcd, first)


def test_one_that_is_stopping_stays_out_over_a_restart_of_the_daemon(
    daemon: Daemon, etcd: EtcdServer, run_container: RunContainer
) -> None:
    container = web(run_container, DEAF)
    until(lambda: registered(etcd, container), "it is registered")

    with stopping(container):
        until(lambda: not registered(etcd, container), "it is out")
        until(lambda: drains(daemon, container), "it is known")
        daemon.end()
        daemon.start()
        until(daemon.settled, "the first round of the second start")

        assert runs(container)
        assert not registered(etcd, container)
        assert drains(daemon, container)


@pytest.mark.parametrize("init", [False, True], ids=["process-1", "under-an-init"])
def test_an_application_that_knows_of_nothing_serves_on_and_is_then_ended(
    daemon: Daemon, etcd: EtcdServer, run_container: RunContainer, *, init: bool
) -> None:
    container = web(
        run_container,
        environment={"SERVICE_DRAIN": "1s"},
        stop_signal="SIGURG",
        init=init,
    )
    until(lambda: registered(etcd, container), "it is registered")
    before = time.monotonic()

    with stopping(container, timeout=120) as order:
        until(lambda: not registered(etcd, container), "it is out")
        order.join(timeout=60)

        assert not order.is_alive()
    assert time.monotonic() - before >= 1.0
    assert "has served on for 1 s: sent SIGTERM" in daemon.log
    container.reload()
    assert container.attrs["State"]["ExitCode"] not in {137, 9}


def test_a_drain_is_waited_for_and_undone(
    daemon: Daemon, etcd: EtcdServer, run_container: RunContainer
) -> None:
    container = web(run_container, environment={"SERVICE_DRAIN": "500ms"})
    until(lambda: registered(etcd, container), "it is registered")

    ended = daemon.ctl("drain", str(container.name), "--wait")

    assert ended.returncode == 0, ended.stderr
    assert not registered(etcd, container)
    assert runs(container)

    daemon.ctl("drain", str(container.name), "--undo")
    until(lambda: registered(etcd, container), "it is back")


def test_a_maintenance_outlives_the_daemon_and_not_the_container(
    daemon: Daemon, etcd: EtcdServer, run_container: RunContainer
) -> None:
    container, name = web(run_container), "maintenance"
    until(lambda: registered(etcd, container), "it is registered")
    daemon.ctl(name, "on", "--container", container.id[:12], "--reason", "disk")
    daemon.ctl(name, "on", str(container.name))
    until(lambda: not registered(etcd, container), "it is out")

    daemon.end()
    daemon.start()
    until(daemon.settled, "the first round of the second start")
    assert not registered(etcd, container)
    assert [each["reason"] for each in listed(daemon)[name]] == ["disk", ""]

    container.remove(force=True)

    until(lambda: len(listed(daemon)[name]) == 1, "one is forgotten")
    assert listed(daemon)[name][0]["scope"] == "service"


@pytest.mark.xdist_group("podman")
def test_podman_says_nothing_of_a_stop_and_so_a_drain_goes_before_it(
    etcd: EtcdServer, podman: Podman
) -> None:
    name = unique_name()
    with made(etcd, podman.host) as daemon:
        until(daemon.settled, "the first round")
        container = podman.client.containers.run(
            f"localhost/{IMAGE}",
            name=name,
            environment={"SERVICE_NAME": name},
            ports={"80/tcp": None},
            detach=True,
        )
        until(lambda: registered(etcd, container), "it is registered")

        ended = daemon.ctl("drain", name, "--wait")

        assert ended.returncode == 0, ended.stderr
        assert not registered(etcd, container)
        container.stop(timeout=10)
        container.start()
        until(lambda: registered(etcd, container), "it is back")
