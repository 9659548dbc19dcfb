"""Which kinds there are, and when they are opened and closed."""

import asyncio
import importlib
import logging
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.kinds import Kinds
from registrator.health.probe import Failed, Means, Outcome
from waiting import eventually

CHECK = Check(kind="odd", target="10.0.0.1:80")
CODE = """
    from registrator.fitness import Status
    from registrator.health.probe import Outcome, Probe

    log = []

    class Odd(Probe):
        async def __aenter__(self):
            log.append("opened")
            return self

        async def __aexit__(self, *_):
            log.append("closed")

        async def run(self, check):
            said = f"{check.target} of {self.means.authorities}"
            return Outcome(Status.PASSING, said)

    class Broken(Odd):
        async def __aenter__(self):
            log.append("tried")
            raise RuntimeError("no luck")

        run = None

    class Stuck(Odd):
        async def __aexit__(self, *_):
            raise RuntimeError("stuck")
"""
ENTRIES = """
    [registrator.checks]
    odd = odd_checks:Odd
    broken = odd_checks:Broken
    stuck = odd_checks:Stuck
    halved = odd_checks_that_are_away:Odd
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Install a package with kinds of its own; what it did is its log."""
    information = tmp_path / "odd_checks-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: odd-checks\nVersion: 1\n")
    (information / "entry_points.txt").write_text(textwrap.dedent(ENTRIES))
    (tmp_path / "odd_checks.py").write_text(textwrap.dedent(CODE))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "odd_checks", raising=False)
    log: list[str] = importlib.import_module("odd_checks").log
    return log


@asynccontextmanager
async def running(means: Means | None = None) -> AsyncIterator[Kinds]:
    kinds = Kinds(means or Means())
    task = asyncio.get_running_loop().create_task(kinds.run())
    try:
        yield kinds
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_one_is_opened_for_all_checks_of_a_kind_and_closed_at_the_end(
    package: list[str],
) -> None:
    async with running(Means(authorities=Path("/ca.pem"))) as kinds:
        assert not package
        first, second = await asyncio.gather(kinds.probe("odd"), kinds.probe("odd"))
        third = await kinds.probe("odd")
        outcome = await third.run(CHECK)
        assert package == ["opened"]

    assert first is second is third
    assert outcome == Outcome(Status.PASSING, "10.0.0.1:80 of /ca.pem")
    assert package == ["opened", "closed"]


async def test_a_kind_that_no_package_has_says_what_to_install() -> None:
    async with running() as kinds:
        with pytest.raises(Failed, match=r"kind 'odder'.*registrator\.checks: install"):
            await kinds.probe("odder")


async def test_a_package_that_is_not_whole_is_named(package: list[str]) -> None:
    async with running() as kinds:
        with pytest.raises(Failed, match=r"package odd-checks cannot be loaded.*away"):
            await kinds.probe("halved")


async def test_one_that_cannot_be_opened_is_tried_again_by_the_next_check(
    package: list[str],
) -> None:
    async with running() as kinds:
        for _ in range(2):
            with pytest.raises(Failed, match=r"no broken checks here: .*no luck"):
                await kinds.probe("broken")

    assert package == ["tried", "tried"]


async def test_one_that_cannot_be_closed_is_told_of_and_keeps_nobody(
    package: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with running() as kinds:
        await kinds.probe("stuck")
        await kinds.probe("odd")

    assert package == ["opened", "opened", "closed"]
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "checks of kind stuck were not closed" in record.getMessage()


async def test_who_gives_up_waiting_leaves_it_to_be_opened_for_others(
    package: list[str],
) -> None:
    async with running() as kinds:
        loop = asyncio.get_running_loop()
        impatient = loop.create_task(kinds.probe("odd"))
        patient = loop.create_task(kinds.probe("odd"))
        await asyncio.sleep(0)
        impatient.cancel()

        assert await patient is await kinds.probe("odd")
        await eventually(impatient.cancelled, "the other has given up")


async def test_who_asks_before_it_runs_is_served_when_it_does(
    package: list[str],
) -> None:
    kinds = Kinds(Means())
    loop = asyncio.get_running_loop()
    asked = loop.create_task(kinds.probe("odd"))
    await asyncio.sleep(0)
    task = loop.create_task(kinds.run())

    assert await asked is await kinds.probe("odd")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
