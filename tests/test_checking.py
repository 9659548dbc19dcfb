"""Which of all checks a daemon runs."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registrator import prepared, stores
from registrator.backend import Backend
from registrator.check import Check
from registrator.checking import Checking
from registrator.memory import MemoryBackend
from registrator.nameserver import NameServer
from registrator.settings import Settings
from registrator.snapshot import Snapshot
from samples import CONTAINER, web
from servers import free_ports
from waiting import eventually


class WithChecks(MemoryBackend):
    def runs(self, check: Check) -> bool:
        return check.kind in {"http", "tcp"}


class WithOthers(MemoryBackend):
    def runs(self, check: Check) -> bool:
        return check.kind == "http"


def checking(*backends: Backend[Any], state: Path | None = None) -> Checking:
    settings = Settings(registries=("memory:",), docker_host="unix:///run/x.sock")
    return Checking(prepared.prepare(settings, {}), backends, state)


@pytest.mark.parametrize(
    ("backends", "run_here"),
    [
        ([MemoryBackend()], ["http", "tcp", "redis"]),
        ([WithChecks()], ["redis"]),
        ([WithChecks(), WithOthers()], ["tcp", "redis"]),
        ([WithChecks(), MemoryBackend()], ["http", "tcp", "redis"]),
        ([], ["http", "tcp", "redis"]),
    ],
)
def test_those_are_run_that_some_registry_does_not_run_itself(
    backends: Sequence[Backend[Any]], run_here: list[str]
) -> None:
    kinds = ["http", "tcp", "redis", "ttl"]
    asked = tuple(Check(kind=kind) for kind in kinds)

    judged = checking(*backends).judge(web("a", checks=asked))

    results = zip(kinds, judged.results, strict=True)
    assert [kind for kind, result in results if result is not None] == run_here


def test_of_what_does_not_run_yet_there_is_no_report() -> None:
    service = web("a", checks=(Check(kind="tcp"),))

    assert checking(MemoryBackend()).report(service) == (None,)


def test_what_one_registry_alone_is_to_have_is_checked_here() -> None:
    service = web("a", checks=(Check(kind="http"),), registry="zookeeper://z/a")

    [result] = checking(WithChecks()).judge(service).results

    assert result is not None


def test_what_must_be_healthy_is_checked_here_whoever_else_could() -> None:
    asked = Check(kind="http"), Check(kind="ttl")
    service = web("a", checks=asked, health_required=True)

    judged = checking(WithChecks()).judge(service)

    assert [bool(each) for each in judged.results] == [True, False]
    assert judged.withheld


async def test_no_check_reaches_the_daemons_own_dns_at_the_hosts_address() -> None:
    settings = Settings(registries=("dns://0.0.0.0:0",), docker_host="none")
    known = prepared.prepare(replace(settings, ip="192.0.2.7"), {})
    [backend] = stores.make(["dns://0.0.0.0:0"], known.site("here", "192.0.2.7"))
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(backend)
        assert isinstance(backend, NameServer)
        [(_, port), *_] = backend.endpoints
        room = Checking(known, [backend], None)
        snapshot = Snapshot(room.judge)
        check = Check(kind="tcp", target=f"192.0.2.7:{port}")
        service = web("a", checks=(check,))
        snapshot.replace(service.container, [service], at=0.0)
        group = await opened.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(each) for each in room.tasks(snapshot).values()]
        opened.callback(lambda: [each.cancel() for each in tasks])

        def refused() -> bool:
            output = snapshot.services[service.id].finding.output
            return "registrator or its engine" in output

        await eventually(refused, "it is refused")


async def test_all_have_been_heard_when_each_that_runs_here_has_said_something() -> (
    None
):
    [port] = free_ports(1)
    asked = (Check(kind="tcp", target=f"127.0.0.1:{port}"), Check(kind="ttl", ttl=9.0))
    room = checking(MemoryBackend())
    snapshot = Snapshot(room.judge)
    assert room.heard(snapshot)

    snapshot.replace(CONTAINER, [web("a", checks=asked)], at=1.0)
    assert not room.heard(snapshot)

    async with asyncio.TaskGroup() as rooms:
        tasks = [rooms.create_task(each) for each in room.tasks(snapshot).values()]
        await eventually(lambda: room.heard(snapshot), "it has said something")
        for task in tasks:
            task.cancel()
