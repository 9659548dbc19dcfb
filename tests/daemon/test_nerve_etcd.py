"""nerve's etcd reporter, on a real etcd."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from daemons import Daemon
from fixtures.etcd import EtcdServer
from servers import free_ports
from waiting import until

pytestmark = pytest.mark.needs_etcd


def nerve(etcd: EtcdServer, port: int, path: str) -> str:
    web = {
        "host": "127.0.0.1",
        "port": port,
        "reporter_type": "etcd",
        "etcd_host": "127.0.0.1",
        "etcd_port": etcd.port,
        "etcd_path": path,
        "check_interval": 0.1,
        "checks": [{"type": "tcp", "timeout": 30}],
        "weight": 7,
        "labels": {"az": "us-east-1a"},
    }
    return json.dumps({"instance_id": "i-1", "services": {"web": web}})


def held(etcd: EtcdServer, path: str) -> dict[str, Any]:
    return {key: json.loads(each) for key, each in etcd.values(path).items()}


def test_what_nerve_reports_to_etcd_is_there_while_it_passes_and_is_in_use(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    file, [port, dns] = tmp_path / "nerve.conf.json", free_ports(2)
    file.write_text(nerve(etcd, port, "/nerve/web"))
    key = f"/nerve/web/h1:nerve:web:{port}"

    with Daemon(
        f"dns://127.0.0.1:{dns}",
        f"-nerve={file}",
        "-docker-host=none",
        "-node-name=h1",
    ) as daemon:
        until(lambda: daemon.services("web"), "it is known")
        until(daemon.settled, "the first round")
        assert not etcd.values("/nerve/")

        with socket.create_server(("127.0.0.1", port)):
            until(lambda: key in held(etcd, "/nerve/web/"), "it passes")
            [value] = held(etcd, "/nerve/web/").values()
            entry = etcd.get(key)

            daemon.ctl("maintenance", "on", "web", "--reason", "disk")
            until(lambda: not etcd.values("/nerve/"), "it is in maintenance")
            daemon.ctl("maintenance", "off", "web")
            until(lambda: key in held(etcd, "/nerve/web/"), "it is back")

            ended = daemon.ctl("drain", "nerve:web", "--wait")
            assert ended.returncode == 0, ended.stderr
            assert "registrator-ctl drain" in daemon.ctl("explain", "nerve:web").stdout
            assert not etcd.values("/nerve/")
            daemon.ctl("drain", "nerve:web", "--undo")
            until(lambda: key in held(etcd, "/nerve/web/"), "it is back again")

            file.write_text(nerve(etcd, port, "/other/web"))
            until(lambda: etcd.values("/other/web/"), "it has moved")
            until(lambda: not etcd.values("/nerve/"), "the old place is left")
        until(lambda: not etcd.values("/other/"), "it fails")

    assert (value["address"], value["port"]) == ("127.0.0.1", port)
    assert value["weight"] == 7
    assert value["metadata"]["az"] == "us-east-1a"
    assert entry is not None
    assert entry.lease
