"""Whose records are whose, over restarts, new host names, and among several hosts."""

import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from consul_keys import write
from registries import (
    Kind,
    against,
    every_kind,
    of_one,
    reader,
    shift,
    traces,
)
from standins import StandInProcess, standin
from waiting import eventually, until

RENAMED = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', "0123456789ab")
"""Runs a command under another host name, as a container made anew has."""


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(10) as running:
        yield running


@pytest.fixture
def server(kind: Kind, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"start_{kind.server}")({})


@every_kind
async def test_a_daemon_killed_and_made_anew_writes_nothing_that_is_right(
    engine: StandInProcess, kind: Kind, server: Any
) -> None:
    uri = of_one(kind, server)
    # So that what stands outlives a slow start.
    with against(engine, uri, node="", ttl=60) as daemon:
        before = traces(kind, server, range(5, 10))
        assert before
        daemon.end(signal.SIGKILL)
        shift(engine, 0)
        daemon.under = RENAMED
        daemon.start()
        async with reader(uri) as holds:
            await eventually(lambda: holds(range(5, 15)), "no ghost, nothing lost")

        assert traces(kind, server, range(5, 10)) == before


@every_kind
async def test_two_hosts_never_touch_each_other_s_records(
    engine: StandInProcess, kind: Kind, server: Any
) -> None:
    uri = of_one(kind, server)
    with standin(0) as another:
        another.tell("start?first=20&count=5")
        with against(another, uri, node="h2"), against(engine, uri) as daemon:
            before = traces(kind, server, range(20, 25))
            assert before
            shift(engine, 0)
            shift(engine, 5)
            async with reader(uri) as holds:
                await eventually(lambda: holds(range(10, 25)), "each host has its own")
            rounds = daemon.status()["engine"]["listings"]
            until(
                lambda: daemon.status()["engine"]["listings"] > rounds,
                "all has been compared once more",
            )

            assert traces(kind, server, range(20, 25)) == before


def leave_in_consul(server: Any, host: str, number: int) -> None:
    there = {"Address": "10.0.0.1", "Port": 10_000 + number}
    names = {"ID": f"{host}:c{number:05}:80", "Name": f"s{number:02}"}
    server.put("/v1/agent/service/register", names | there)


def leave_in_consulkv(server: Any, host: str, number: int) -> None:
    key = f"services/s{number:02}/{host}:c{number:05}:80"
    write(server, key, f"10.0.0.1:{10_000 + number}".encode())


def leave_in_etcd(server: Any, host: str, number: int) -> None:
    key = f"/services/s{number:02}/{host}:c{number:05}:80"
    server.put(key, f"10.0.0.1:{10_000 + number}")


def leave_in_skydns(server: Any, host: str, number: int) -> None:
    key = f"/skydns/local/cluster/s{number:02}/{host}:c{number:05}:80"
    server.put(key, json.dumps({"host": "10.0.0.1", "port": 10_000 + number}))


def leave_in_zookeeper(server: Any, host: str, number: int) -> None:
    del host  # it stands nowhere
    said = {
        "Name": f"s{number:02}",
        "IP": "10.0.0.1",
        "PublicPort": 10_000 + number,
        "PrivatePort": 80,
        "ContainerID": "0" * 64,
        "Tags": [],
        "Attrs": {},
    }
    path = f"/services/s{number:02}/10.0.0.1:{10_000 + number}"
    server.create(path, json.dumps(said), ephemeral=True)


LEAVE: dict[str, Callable[[Any, str, int], None]] = {
    "consul": leave_in_consul,
    "consulkv": leave_in_consulkv,
    "etcd-json": leave_in_etcd,
    "skydns": leave_in_skydns,
    "zookeeper": leave_in_zookeeper,
}


@every_kind
async def test_cleanup_takes_over_what_gliderlabs_registrator_left_of_this_host(
    engine: StandInProcess, kind: Kind, server: Any
) -> None:
    leave, uri = LEAVE[kind.row], of_one(kind, server)
    leave(server, "h1", 3)
    if kind.row != "zookeeper":  # where the dead go with their session
        leave(server, "h1", 42)
    leave(server, "h9", 77)
    theirs = traces(kind, server, range(77, 78))
    with against(engine, uri, "-cleanup") as daemon:
        async with reader(uri) as holds:
            await eventually(lambda: holds([*range(10), 77]), "the dead one goes")

        assert daemon.status()["well"]
    assert traces(kind, server, range(77, 78)) == theirs
