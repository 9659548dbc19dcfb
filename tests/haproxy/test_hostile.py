"""Whatever any registry holds: none of it reaches HAProxy's file or socket unread."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from entrypoint import EntryPoint
from fixtures.consul import StartConsul
from fixtures.etcd import EtcdServer
from fixtures.zookeeper import ZooKeeper
from hostile import Grounds, Said
from instances import instances
from standin_eureka import EurekaServer
from waiting import eventually

pytestmark = [
    pytest.mark.needs_haproxy,
    pytest.mark.needs_consul,
    pytest.mark.needs_etcd,
    pytest.mark.needs_eureka,
    pytest.mark.needs_zookeeper,
]

HOSTILE: Final = (
    "x\nglobal\n\tmaxconn 1",
    "x\r\n\tserver evil 127.0.0.1:1",
    'x"; disable frontend web-in',
    "x';shutdown frontend web-in\n",
    "${HOME}",
    "$(id) `id` %[env(HOME)] %{host}",
    "a b # c \\",
    "\x01\x1b[2J\x7f\u202e\u2028",
    "n" * 300,
    "../../etc/passwd",
    "backup disabled track web/x",
)
SERVER: Final = re.compile(
    r"\tserver [A-Za-z0-9_.:-]{1,120} 127\.0\.0\.1:\d+ check inter 100ms rise 1 fall 2"
    r"( weight \d{1,3})?"
)


@pytest.fixture
def grounds(
    start_consul: StartConsul,
    etcd: EtcdServer,
    zookeeper: ZooKeeper,
    eureka: EurekaServer,
) -> Grounds:
    # Consul takes ids that it cannot be asked to remove again: it is not shared.
    return Grounds(start_consul({}), etcd, zookeeper, eureka)


@pytest.fixture
def entry(grounds: Grounds, tmp_path: Path) -> Iterator[EntryPoint]:
    entry = EntryPoint(tmp_path)
    web: dict[str, Any] = entry.said["services"].pop("web")
    common = {"name": "web", "panic": 1.0, "server": web["server"]}
    entry.said["services"] = {
        kind: {"from": uri, **common} for kind, uri in grounds.sources.items()
    }
    with entry:
        yield entry


async def test_no_kind_of_registry_has_a_word_in_the_file_or_on_the_socket(
    entry: EntryPoint, grounds: Grounds
) -> None:
    async with instances(2) as [one, two]:
        kinds = set(grounds.sources)
        grounds.plant(Said(key="first", port=one.port))
        await eventually(lambda: _served(entry, one.port) == kinds, "all are served")
        await eventually(lambda: _written(entry, one.port) == len(kinds), "in the file")
        lines, worker = _lines(entry), entry.worker

        for number, text in enumerate(HOSTILE, 1):
            grounds.plant(Said(key=f"name{number}", port=number, text=text))
            grounds.plant(Said(key=f"options{number}", port=100 + number, options=text))
            grounds.plant(
                Said(key=f"address{number}", address=text, port=one.port, text=text)
            )
        grounds.plant(Said(key="last", port=two.port))
        await eventually(lambda: _served(entry, two.port) == kinds, "the last are")
        await eventually(lambda: _written(entry, two.port) == len(kinds), "in the file")

        assert _lines(entry) == lines
        assert entry.worker == worker
        assert _served(entry, 1), "what harms nobody is a server"


def _lines(entry: EntryPoint) -> list[str]:
    """Give the lines of the file that are no servers'; those are as they may be."""
    lines = entry.file.split("\n")
    servers = [line for line in lines if line.startswith("\tserver ")]
    assert [line for line in servers if not SERVER.fullmatch(line)] == []
    return [line for line in lines if line not in servers]


def _written(entry: EntryPoint, port: int) -> int:
    return entry.file.count(f" 127.0.0.1:{port} ")


def _served(entry: EntryPoint, port: int) -> set[str]:
    """Name the backends that have a server with *port*."""
    rows = [each.split() for each in entry.ask("show servers state").splitlines()]
    return {row[1] for row in rows if len(row) > 18 and row[18] == str(port)}
