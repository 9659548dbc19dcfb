"""When checks are run, and what those that misbehave do to the others."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest

from health.probing import LineProbe, opening, peer
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Outcome, Probe
from registrator.health.scheduler import SPACING, Attempt, Scheduler
from waiting import eventually

OK = Outcome(Status.PASSING, "ok")
FAST = 0.1
NEVER = 3600.0


@asynccontextmanager
async def running(
    probe: Callable[[str], Awaitable[Probe]], places: int | None = None
) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(probe, places)
    task = asyncio.get_running_loop().create_task(scheduler.run())
    try:
        yield scheduler
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def check(target: str = "", *, kind: str = "line", interval: float = FAST) -> Check:
    return Check(kind=kind, target=target, interval=interval)


async def test_a_check_is_run_again_and_again_and_each_run_is_told() -> None:
    told: list[Attempt] = []
    async with peer("warning so so") as server, running(opening(line=LineProbe())) as s:
        s.add(check(server.target), told.append)
        await eventually(lambda: len(told) >= 3, "three runs")

    assert {each.outcome for each in told} == {Outcome(Status.WARNING, "so so")}
    assert all(each.duration >= 0 for each in told)


async def test_what_fails_is_critical_and_is_run_again_like_any_other() -> None:
    told: list[Attempt] = []
    async with peer() as server:
        target = server.target
    async with running(opening(line=LineProbe())) as scheduler:
        scheduler.add(check(target), told.append)
        await eventually(lambda: len(told) >= 2, "two runs")

    assert told[0].outcome.status is Status.CRITICAL
    assert "Connect" in told[0].outcome.output


async def test_what_does_not_answer_in_time_is_critical_and_let_go_of() -> None:
    told: list[Attempt] = []
    async with peer("") as server, running(opening(line=LineProbe())) as scheduler:
        scheduler.add(
            Check(kind="line", target=server.target, interval=NEVER, timeout=0.2),
            told.append,
        )
        await eventually(lambda: told, "it is given up")
        await eventually(lambda: not server.hanging, "the connection is closed")

    assert told[0].outcome == Outcome(Status.CRITICAL, "no answer within 0.2 s")


async def test_a_check_is_never_run_twice_at_a_time_though_it_takes_too_long() -> None:
    probe = LineProbe()
    told: list[Attempt] = []
    async with peer("") as server, running(opening(line=probe)) as scheduler:
        scheduler.add(
            Check(kind="line", target=server.target, interval=FAST, timeout=0.5),
            told.append,
        )
        await eventually(lambda: len(told) >= 3, "three runs")

    assert probe.most_at_work == 1


async def test_a_removed_check_is_stopped_at_work_and_told_of_no_more() -> None:
    told: list[Attempt] = []
    async with peer("") as server, running(opening(line=LineProbe())) as scheduler:
        watch = scheduler.add(check(server.target, interval=NEVER), told.append)
        await eventually(lambda: server.hanging, "it is at work")
        scheduler.remove(watch)
        scheduler.remove(watch)
        await eventually(lambda: not server.hanging, "it is stopped")

    assert not told


async def test_of_those_removed_before_their_turn_none_is_run() -> None:
    told: list[Attempt] = []
    async with peer() as server, running(opening(line=LineProbe())) as scheduler:
        removed = [scheduler.add(check(server.target), told.append) for _ in range(9)]
        for each in removed:
            scheduler.remove(each)
        others: list[Attempt] = []
        scheduler.add(check(server.target), others.append)
        await eventually(lambda: len(others) >= 2, "another is run")

    assert not told


async def test_a_check_waits_as_long_as_it_was_told_after_its_start() -> None:
    order: list[str] = []
    async with peer() as server, running(opening(line=LineProbe())) as scheduler:
        scheduler.add(check(server.target), lambda _: order.append("late"), delay=1.0)
        scheduler.add(check(server.target), lambda _: order.append("at once"))
        await eventually(lambda: "late" in order, "both are run")

    assert order[0] == "at once"


async def test_many_that_come_at_once_are_spread_evenly_over_their_interval() -> None:
    count, interval = 1000, 10.0
    scheduler = Scheduler(opening())
    watches = [
        scheduler.add(check(interval=interval), lambda _: None) for _ in range(count)
    ]

    firsts = [each.due for each in watches]
    assert all(b - a >= SPACING * 0.99 for a, b in pairwise(firsts))
    seconds = [each.due + interval * each.share for each in watches]
    assert all(0 < b - a <= interval for a, b in zip(firsts, seconds, strict=True))
    slots = [0] * 10
    for each in watches:
        slots[min(9, int(each.share * 10))] += 1
    assert max(slots) - min(slots) <= 2, slots


async def test_after_the_machine_slept_each_check_is_due_once_in_its_place() -> None:
    told: list[Attempt] = []
    async with peer() as server, running(opening(line=LineProbe())) as scheduler:
        watch = scheduler.add(check(server.target, interval=100.0), told.append)
        await eventually(lambda: len(told) == 1, "the first run")
        watch.due -= 1000.0
        place = watch.due % 100.0
        scheduler._dues = [(watch.due, 0, watch)]  # noqa: SLF001  a clock cannot be made to leap
        scheduler._woken.set()  # noqa: SLF001  as above
        await eventually(lambda: len(told) == 2, "it is run once more")

        now = asyncio.get_running_loop().time()
        assert now < watch.due < now + 101.0
        assert abs(watch.due % 100.0 - place) < 0.001


async def fails(_: Check) -> Outcome:
    raise Failed("it is down")


async def raises(_: Check) -> Outcome:
    raise ZeroDivisionError


async def says_why(_: Check) -> Outcome:
    raise LookupError("what of it")


async def exits(_: Check) -> Outcome:
    sys.exit(7)


async def cancels_itself(_: Check) -> Outcome:
    raise asyncio.CancelledError


async def times_out_itself(_: Check) -> Outcome:
    raise TimeoutError("of its own")


async def returns_nothing(_: Check) -> Outcome:
    return None  # type: ignore[return-value]  # what a plug-in may do


def is_no_coroutine(_: Check) -> Outcome:
    return OK


BROKEN = {
    "raises": (raises, "ZeroDivisionError"),
    "says_why": (says_why, "LookupError: what of it"),
    "exits": (exits, "SystemExit: 7"),
    "cancels_itself": (cancels_itself, "the check gave itself up"),
    "times_out_itself": (times_out_itself, "TimeoutError: of its own"),
    "returns_nothing": (returns_nothing, "None is no outcome of a check"),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_check_that_breaks_is_critical_and_harms_no_other(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    run, output = BROKEN[broken]
    told: list[Attempt] = []
    others: list[Attempt] = []
    async with (
        peer() as server,
        running(opening(line=LineProbe(), broken=run)) as scheduler,
    ):
        scheduler.add(check(kind="broken"), told.append)
        scheduler.add(check(server.target), others.append)
        await eventually(lambda: len(told) >= 3 and len(others) >= 3, "both go on")

    assert {each.outcome for each in told} == {Outcome(Status.CRITICAL, output)}
    assert {each.outcome.status for each in others} == {Status.PASSING}
    warned = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each.getMessage() for each in warned] == ["a broken check is broken"]


async def test_a_plug_in_that_is_no_coroutine_is_critical_too() -> None:
    told: list[Attempt] = []
    async with running(opening(odd=is_no_coroutine)) as scheduler:  # type: ignore[arg-type]  # on purpose
        scheduler.add(check(kind="odd"), told.append)
        await eventually(lambda: told, "it is told")

    assert "TypeError" in told[0].outcome.output


async def test_a_failure_that_a_check_reports_is_no_bug_to_be_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Attempt] = []
    async with running(opening(line=fails)) as scheduler:
        scheduler.add(check(), told.append)
        await eventually(lambda: told, "it is told")

    assert told[0].outcome == Outcome(Status.CRITICAL, "it is down")
    assert not caplog.records


async def test_a_check_that_does_not_stop_when_told_to_is_critical_all_the_same() -> (
    None
):
    enough = asyncio.Event()

    async def stubborn(_: Check) -> Outcome:
        while not enough.is_set():
            with suppress(asyncio.CancelledError):
                await enough.wait()
        return OK

    told: list[Attempt] = []
    others: list[Attempt] = []
    async with (
        peer() as server,
        running(opening(line=LineProbe(), stubborn=stubborn)) as scheduler,
    ):
        scheduler.add(check(kind="stubborn"), told.append)
        scheduler.add(check(server.target), others.append)
        await eventually(lambda: told, "it is told of")
        before = len(others)
        await eventually(lambda: len(others) > before + 3, "the other goes on")
        enough.set()
        await eventually(lambda: told[-1].outcome == OK, "it ends, and is run again")

    assert told[0].outcome.status is Status.CRITICAL
    assert "goes on" in told[0].outcome.output


def targets(prefix: str, count: int) -> Iterator[str]:
    return (f"{prefix}{number}" for number in range(count))


async def test_those_that_hang_never_take_all_places_from_the_rest() -> None:
    async def hangs(_: Check) -> Outcome:
        await asyncio.Event().wait()
        return OK

    hung: list[Attempt] = []
    told: dict[str, int] = {}
    async with (
        peer() as server,
        running(opening(line=LineProbe(), hangs=hangs), places=4) as scheduler,
    ):
        for _ in range(16):
            # All at once they hold every place, and from their second run on a half.
            slow = Check(kind="hangs", interval=FAST, timeout=0.5)
            scheduler.add(slow, hung.append)
        await eventually(lambda: len(hung) >= 16, "each has hung once")
        for name in targets("t", 20):

            def tell(_: Attempt, name: str = name) -> None:
                told[name] = told.get(name, 0) + 1

            scheduler.add(check(server.target), tell)
        before = len(hung)
        await eventually(
            lambda: len(told) == 20 and min(told.values()) >= 10, "the rest goes on"
        )

        assert len(hung) - before < sum(told.values())


async def test_a_check_that_hung_and_answers_again_is_one_of_the_rest() -> None:
    told: list[Attempt] = []
    async with peer("") as server, running(opening(line=LineProbe()), 2) as scheduler:
        watch = scheduler.add(
            Check(kind="line", target=server.target, interval=FAST), told.append
        )
        await eventually(lambda: watch.hung, "it hung")
        server.says = "passing again"
        await eventually(
            lambda: told[-1].outcome.status is Status.PASSING, "it answers"
        )

    assert not watch.hung


async def test_at_rest_there_is_one_task_for_all_checks() -> None:
    told: list[Attempt] = []
    async with peer() as server, running(opening(line=LineProbe())) as scheduler:
        before = len(asyncio.all_tasks())
        for _ in range(50):
            scheduler.add(check(server.target, interval=NEVER), told.append)
        await eventually(lambda: len(told) == 50, "each was run once")
        await eventually(
            lambda: not server.hanging and len(asyncio.all_tasks()) == before,
            "no task is left",
        )


async def test_a_kind_that_there_is_not_is_critical() -> None:
    told: list[Attempt] = []
    async with running(opening()) as scheduler:
        scheduler.add(check(kind="odd"), told.append)
        await eventually(lambda: told, "it is told")

    assert told[0].outcome == Outcome(Status.CRITICAL, "no odd here")
