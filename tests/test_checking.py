"""Which of all checks a daemon runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from registrator import prepared
from registrator.backend import Backend
from registrator.check import Check
from registrator.checking import Checking
from registrator.memory import MemoryBackend
from registrator.settings import Settings
from samples import web


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
