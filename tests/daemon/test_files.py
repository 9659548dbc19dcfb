"""Services that are no containers: of a file, and of nerve's own configuration."""

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import Daemon
from fixtures.zookeeper import ZooKeeper
from registrator import watcher
from servers import Server, free_ports
from standins import standin
from waiting import until
from zookeepers import at

pytestmark = pytest.mark.needs_zookeeper


@pytest.fixture
def process(tmp_path: Path) -> Iterator[int]:
    """Have a process on this host, which is no container; its port."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with Server(command, tmp_path, lambda: is_there(port)):
        yield port


def is_there(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 10):
        return True


def states(daemon: Daemon, name: str) -> dict[int, list[str]]:
    """Say of every service of that name how its registries stand with it."""
    return {
        each["port"]: [sync["state"] for sync in each["backends"]]
        for each in daemon.services(name)
    }


def data(zookeeper: ZooKeeper, path: str) -> list[Any]:
    found = (zookeeper.get(f"{path}/{name}") for name in zookeeper.children(path))
    return [json.loads(node.data) for node in found if node is not None]


def test_a_file_of_services_is_followed_though_no_engine_answers(
    zookeeper: ZooKeeper, process: int, tmp_path: Path
) -> None:
    file = tmp_path / "services.yaml"
    one = {"port": process, "address": "127.0.0.1", "check": {"tcp": True}}
    file.write_text(json.dumps({"services": {"web": one}}))

    with Daemon(
        f"{zookeeper.uri}/own?format=nerve",
        f"-services={file}",
        "-node-name=h1",
        f"-docker-host=unix://{tmp_path}/nobody.sock",
    ) as daemon:
        until(lambda: states(daemon, "web") == {process: ["in-sync"]}, "registered")
        assert [each["port"] for each in data(zookeeper, "/own/web")] == [process]

        two = {**one, "port": 1, "check": None}
        file.write_text(json.dumps({"services": {"web": one, "other": two}}))
        os.kill(daemon.pid, signal.SIGHUP)
        until(lambda: states(daemon, "other") == {1: ["in-sync"]}, "read anew")

        file.write_text("services: {web: {port: 80800, nme: x}}")
        until(lambda: "stays in use" in daemon.log, "the mistakes are told")
        assert f"{file}: line 1: services.web.port: should be less" in daemon.log
        assert "services.web.nme: there is no such setting" in daemon.log
        assert len(daemon.services()) == 2

        file.write_text(json.dumps({"services": {"other": two}}))
        until(lambda: not data(zookeeper, "/own/web"), "what is no longer there goes")
        shown = daemon.ctl("explain", "services:other")

    assert "other as h1:services:other:1 at 127.0.0.1:1" in shown.stdout


def test_the_listings_of_an_engine_forget_nothing_that_a_file_says(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    file = tmp_path / "services.yaml"
    file.write_text("services: {web: {port: 80}}")

    with (
        standin(2) as engine,
        Daemon(
            f"{zookeeper.uri}/own",
            f"-services={file}",
            f"-docker-host={engine.uri}",
            "-ip=10.0.0.1",
            "-resync=1",
        ) as daemon,
    ):
        until(lambda: daemon.status()["engine"]["listings"] > 2, "some listings")
        until(daemon.settled, "all is written")

        assert states(daemon, "web") == {80: ["in-sync"]}
        assert daemon.status()["services"] == 3


def test_what_has_gone_from_the_file_while_no_daemon_ran_is_removed(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    file = tmp_path / "services.yaml"
    file.write_text("services: {web: {port: 80}, other: {port: 81}}")
    options = f"-services={file}", "-docker-host=none", "-node-name=h1", "-ip=10.0.0.1"

    with Daemon(f"{zookeeper.uri}/own", *options) as daemon:
        until(lambda: states(daemon, "web") == {80: ["in-sync"]}, "registered")
        daemon.end()
        file.write_text("services: {other: {port: 81}}")
        daemon.start()
        until(lambda: not zookeeper.children("/own/web"), "it goes")

        assert zookeeper.children("/own/other") == ["10.0.0.1:81"]
        until(lambda: daemon.status()["well"], "a host without engine is well")


def nerve(zookeeper: ZooKeeper, **services: dict[str, Any]) -> str:
    usual = {
        "host": "127.0.0.1",
        "zk_hosts": [f"127.0.0.1:{zookeeper.port}"],
        "checks": [],
    }
    said = {name: {**usual, **each} for name, each in services.items()}
    return json.dumps({"instance_id": "i-1", "services": said})


async def test_nerves_services_stand_where_nerve_would_have_them(
    zookeeper: ZooKeeper, process: int, tmp_path: Path
) -> None:
    file, beat = tmp_path / "nerve.conf.json", tmp_path / "beat"
    web = {
        "port": process,
        "zk_path": "/nerve/services/web/services",
        "weight": "7",
        "haproxy_server_options": "backup",
        "labels": {"az": "us-east-1a"},
        "checks": [{"type": "http", "uri": "/", "timeout": 30, "rise": 2, "fall": 2}],
    }
    said = json.loads(nerve(zookeeper, web=web, plain={"port": 1, "zk_path": "/p/q"}))
    file.write_text(json.dumps({**said, "heartbeat_path": str(beat)}))
    [port] = free_ports(1)

    with Daemon(
        f"dns://127.0.0.1:{port}",
        f"-nerve={file}",
        "-node-name=h1",
        f"-docker-host=unix://{tmp_path}/nobody.sock",
    ) as daemon:
        until(lambda: states(daemon, "web") == {process: ["in-sync"]}, "reported")
        until(lambda: states(daemon, "plain") == {1: ["in-sync"]}, "reported")
        [leaf] = zookeeper.children("/nerve/services/web/services")
        node = zookeeper.get(f"/nerve/services/web/services/{leaf}")
        [plain] = data(zookeeper, "/p/q")
        read = [each async for each in instances(zookeeper, "/nerve/services/web")]

        assert beat.exists()

    assert node is not None
    assert node.owner
    assert re.fullmatch(r"i-1_[0-9]{10}", leaf)
    assert node.data.decode() == (
        f'{{"host":"127.0.0.1","port":{process},"name":"i-1","weight":7,'
        '"haproxy_server_options":"backup","labels":{"az":"us-east-1a"}}'
    )
    assert plain == {"host": "127.0.0.1", "port": 1, "name": "i-1"}
    assert [(each.port, each.weight, each.node) for each in read] == [
        (process, 7, "i-1")
    ]


async def instances(zookeeper: ZooKeeper, path: str) -> Any:
    """Read as the HAProxy side does that has synapse's configuration."""
    async with (
        at(zookeeper, f"{path}?format=nerve") as backend,
        watcher.opened(backend, "services") as stream,
    ):
        async for reading in stream:
            for each in reading.instances.values():
                yield each
            return


def test_another_configuration_of_nerve_moves_what_is_reported(
    zookeeper: ZooKeeper, tmp_path: Path
) -> None:
    file, folder = tmp_path / "nerve.conf.json", tmp_path / "more"
    folder.mkdir()
    file.write_text(nerve(zookeeper, web={"port": 1, "zk_path": "/a/web"}))
    [port] = free_ports(1)

    with Daemon(
        f"dns://127.0.0.1:{port}",
        f"-nerve={file}",
        "-docker-host=none",
        "-node-name=h1",
    ) as daemon:
        until(lambda: len(zookeeper.children("/a/web")) == 1, "reported")

        moved = json.loads(nerve(zookeeper, web={"port": 1, "zk_path": "/b/web"}))
        other = {**moved, "instance_id": "i-2", "service_conf_dir": str(folder)}
        more = json.loads(nerve(zookeeper, x={"port": 2, "zk_path": "/b/more"}))
        (folder / "more.json").write_text(json.dumps(more["services"]["x"]))
        file.write_text(json.dumps(other))
        os.kill(daemon.pid, signal.SIGHUP)
        until(lambda: data(zookeeper, "/b/more"), "that of the directory is reported")
        until(lambda: not zookeeper.children("/a/web"), "the old place is left")
        [web] = data(zookeeper, "/b/web")

        (folder / "more.json").write_text("{")
        until(lambda: "stays in use" in daemon.log, "the mistake is told")
        assert data(zookeeper, "/b/more")

        (folder / "more.json").unlink()
        until(lambda: not data(zookeeper, "/b/more"), "it goes with its file")

    assert web == {"host": "127.0.0.1", "port": 1, "name": "i-2"}
