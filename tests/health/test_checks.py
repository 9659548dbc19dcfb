"""Which checks run here, and what a change of what they say does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from health.probing import LineProbe, Peer, opening, peer
from registrator.check import Check
from registrator.fitness import Cause, Finding, Status
from registrator.health.checks import NOT_YET, Checks
from registrator.model import ContainerId, Service, ServiceId
from registrator.snapshot import Inbox, Snapshot
from samples import CONTAINER, web
from waiting import eventually

A = ServiceId("a")
FAST = 0.1


class Room:
    """Checks at work on a snapshot, whose news are read."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.snapshot = Snapshot(checks.judge)
        self.news: Inbox = self.snapshot.subscribe()

    def offer(
        self, *services: Service, container: ContainerId = CONTAINER
    ) -> Service | None:
        self.snapshot.replace(container, services, at=1.0)
        return self.snapshot.services.get(A)

    @property
    def service(self) -> Service:
        return self.snapshot.services[A]

    def is_(self, status: Status) -> bool:
        return self.service.status is status

    async def turns(self, status: Status) -> None:
        await eventually(lambda: self.is_(status), f"it is {status}")


def checks(elsewhere: frozenset[str] = frozenset(), file: Path | None = None) -> Checks:
    return Checks(
        opening(line=LineProbe()), lambda _, check: check.kind in elsewhere, file
    )


@asynccontextmanager
async def at_work(checks: Checks) -> AsyncIterator[Room]:
    room = Room(checks)
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(each) for each in checks.tasks(room.snapshot).values()]
    try:
        yield room
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def server() -> AsyncIterator[Peer]:
    async with peer() as running:
        yield running


def line(server: Peer, **changes: Any) -> Check:
    return Check(kind="line", target=server.target, interval=FAST, **changes)


async def test_a_service_is_critical_until_its_check_has_passed(server: Peer) -> None:
    async with at_work(checks()) as room:
        offered = room.offer(web("a", checks=(line(server),)))
        assert offered is not None
        assert offered.finding == Finding(
            cause=Cause.CHECK, status=Status.CRITICAL, output=NOT_YET
        )

        await room.turns(Status.PASSING)
        assert room.service.finding.output == "well"


async def test_it_counts_until_then_as_it_was_asked_to(server: Peer) -> None:
    begun = line(server, initial_status=Status.WARNING, delay=3600.0)
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(begun,)))

        assert room.is_(Status.WARNING)
        [report] = room.checks.report(room.service)
        assert report is None or report.last_run is None


async def test_a_change_is_told_and_what_changes_nothing_is_not(server: Peer) -> None:
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))
        await room.turns(Status.PASSING)
        room.news.take()

        server.says = "passing in another way"
        asked = server.asked
        await eventually(lambda: server.asked > asked + 2, "it is checked again")
        assert A not in room.news
        assert room.service.finding.output == "well"

        server.says = "critical down"
        await room.turns(Status.CRITICAL)
        changed, _ = room.news.take()
        assert changed.keys() == {A}
        assert changed[A] > 0
        assert room.service.finding.output == "down"


async def test_the_worst_of_several_checks_decides(server: Peer) -> None:
    async with peer("warning slow") as other, at_work(checks()) as room:
        room.offer(web("a", checks=(line(server), line(other))))

        await room.turns(Status.WARNING)
        assert [each and each.output for each in room.service.results] == [
            "well",
            "slow",
        ]


async def test_rise_and_fall_are_heeded(server: Peer) -> None:
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(line(server, fall=1000),)))
        await room.turns(Status.PASSING)
        server.says = "critical down"

        def failures() -> int:
            [report] = room.checks.report(room.service)
            return report.failures if report else 0

        await eventually(lambda: failures() >= 3, "three failures")
        assert room.is_(Status.PASSING)


async def test_what_every_registry_runs_itself_and_a_ttl_are_not_run_here(
    server: Peer,
) -> None:
    elsewhere = Check(kind="http", target="http://127.0.0.1:1/")
    ttl = Check(kind="ttl", ttl=1.0)
    async with at_work(checks(frozenset({"http"}))) as room:
        offered = room.offer(web("a", checks=(elsewhere, ttl)))
        assert offered is not None
        assert offered.results == ()
        assert room.is_(Status.PASSING)

        room.offer(web("a", checks=(elsewhere, line(server), ttl)))
        await room.turns(Status.PASSING)
        assert [each is None for each in room.service.results] == [True, False, True]
        reports = room.checks.report(room.service)
        assert [each is None for each in reports] == [True, False, True]


async def test_a_kind_that_nobody_has_is_critical_and_says_so() -> None:
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(Check(kind="odd"),)))

        await eventually(lambda: "no odd" in room.service.finding.output, "it is told")
        assert room.is_(Status.CRITICAL)


async def test_what_a_check_says_is_one_line_that_is_not_too_long(
    server: Peer,
) -> None:
    server.says = "critical \x1b[2J" + "x" * 5000
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))

        await eventually(
            lambda: room.service.finding.output.startswith("\\x1b[2Jxx"), "it is told"
        )
        assert len(room.service.finding.output) < 400


async def test_a_check_that_changes_keeps_its_status_until_its_first_result(
    server: Peer,
) -> None:
    async with peer("") as silent, at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))
        await room.turns(Status.PASSING)

        changed = replace(line(silent), timeout=3600.0, fall=3)
        room.offer(web("a", checks=(changed,)))
        await eventually(lambda: silent.hanging, "the new one is run")
        assert room.is_(Status.PASSING)
        assert room.service.finding.output == "well"

        # The first result decides, whatever its fall.
        server.says = "critical down"
        room.offer(web("a", checks=(line(server, fall=3),)))
        await room.turns(Status.CRITICAL)


async def test_what_stays_is_run_on_when_another_check_comes_before_it(
    server: Peer,
) -> None:
    async with peer("") as silent, at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))
        await room.turns(Status.PASSING)
        [before] = room.checks.report(room.service)

        room.offer(web("a", checks=(Check(kind="odd"), line(server))))
        _, kept = room.service.results
        assert kept is not None
        assert kept.output == "well"
        assert before is not None
        assert not silent.asked


async def test_a_service_that_goes_is_checked_no_more(server: Peer) -> None:
    server.says = ""
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(replace(line(server), timeout=3600.0),)))
        await eventually(lambda: server.hanging, "it is checked")

        room.offer()
        await eventually(lambda: not server.hanging, "its check is stopped")


async def test_a_service_that_a_listing_misses_is_checked_no_more(
    server: Peer,
) -> None:
    server.says = ""
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(replace(line(server), timeout=3600.0),)))
        await eventually(lambda: server.hanging, "it is checked")

        room.snapshot.forget(CONTAINER)
        room.snapshot.listed()
        await eventually(lambda: not server.hanging, "its check is stopped")


async def test_another_container_under_the_same_id_has_to_prove_itself(
    server: Peer,
) -> None:
    async with peer("") as silent, at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))
        await room.turns(Status.PASSING)

        other = ContainerId("other")
        checked = (replace(line(silent), timeout=3600.0),)
        room.snapshot.replace(
            other, [web("a", container=other, checks=checked)], started="9", at=2.0
        )

        assert room.service.finding.output == NOT_YET
        await eventually(lambda: silent.hanging, "it is checked")
        assert room.is_(Status.CRITICAL)


async def test_a_report_says_how_a_check_stands(server: Peer) -> None:
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))
        await room.turns(Status.PASSING)
        server.says = "warning slow"
        await room.turns(Status.WARNING)

        [report] = room.checks.report(room.service)

    assert report is not None
    assert (report.kind, report.target) == ("line", server.target)
    assert (report.status, report.output) == (Status.WARNING, "slow")
    assert report.successes >= 2
    assert (report.failures, report.falls, report.held_for) == (0, 0, 0.0)
    assert report.since is not None
    assert report.last_run is not None
    assert report.since <= report.last_run < report.next_run
    assert report.duration is not None


async def test_what_flaps_is_held_and_reported_until_when(
    server: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(checks()) as room:
        room.offer(web("a", checks=(line(server),)))
        for _ in range(3):
            server.says = "passing up"
            await room.turns(Status.PASSING)
            server.says = "critical down"
            await room.turns(Status.CRITICAL)
        server.says = "passing up"

        def successes() -> int:
            [report] = room.checks.report(room.service)
            return report.successes if report else 0

        await eventually(lambda: successes() >= 3, "it is well again")
        [report] = room.checks.report(room.service)
        assert room.is_(Status.CRITICAL)

    assert report is not None
    assert report.falls == 3
    assert report.output == "up"
    assert report.held_for > 0.0
    assert "flaps: held for 30 s" in caplog.text


async def passed(server: Peer, file: Path) -> None:
    """Have a daemon that saw the check pass, and ended."""
    async with at_work(checks(file=file)) as room:
        room.offer(web("a", checks=(line(server),)))
        room.snapshot.listed()
        await room.turns(Status.PASSING)


async def test_a_restart_goes_on_with_what_was_known(
    server: Peer, tmp_path: Path
) -> None:
    await passed(server, tmp_path / "checks.json")
    server.says = "critical once"

    async with at_work(checks(file=tmp_path / "checks.json")) as room:
        asked = server.asked
        room.offer(web("a", checks=(line(server, fall=1000),)))
        room.snapshot.listed()
        assert room.is_(Status.PASSING)
        assert room.service.finding.output == "well"
        room.news.take()

        await eventually(lambda: server.asked > asked + 2, "it is checked again")
        assert room.is_(Status.PASSING)
        assert not len(room.news)


async def test_what_a_restart_finds_of_another_container_is_no_word_for_this_one(
    server: Peer, tmp_path: Path
) -> None:
    await passed(server, tmp_path / "checks.json")
    other = ContainerId("other")

    async with at_work(checks(file=tmp_path / "checks.json")) as room:
        late = line(server, delay=3600.0)
        room.offer(web("a", container=other, checks=(late,)), container=other)

        assert room.is_(Status.CRITICAL)


async def test_what_comes_after_all_was_listed_is_new(
    server: Peer, tmp_path: Path
) -> None:
    await passed(server, tmp_path / "checks.json")
    late = web("a", checks=(line(server, delay=3600.0),))

    async with at_work(checks(file=tmp_path / "checks.json")) as room:
        room.snapshot.listed()
        await eventually(
            lambda: room.checks.judge(late).status is Status.CRITICAL, "it is forgotten"
        )


async def test_one_that_ends_before_it_has_seen_anything_forgets_nothing(
    server: Peer, tmp_path: Path
) -> None:
    await passed(server, tmp_path / "checks.json")
    async with at_work(checks(file=tmp_path / "checks.json")):
        await asyncio.sleep(0)

    async with at_work(checks(file=tmp_path / "checks.json")) as room:
        room.offer(web("a", checks=(line(server, delay=3600.0),)))

        assert room.is_(Status.PASSING)


async def test_where_nothing_can_be_kept_it_is_told_and_checks_go_on(
    server: Peer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "no directory" / "checks.json"
    file.parent.write_text("")
    async with at_work(checks(file=file)) as room:
        room.offer(web("a", checks=(line(server),)))
        await room.turns(Status.PASSING)
        await eventually(lambda: "is not kept" in caplog.text, "it is told")
    assert caplog.text.count("is not kept") == 1


async def test_where_there_are_no_checks_there_is_no_file(tmp_path: Path) -> None:
    file = tmp_path / "state" / "checks.json"
    async with at_work(checks(file=file)) as room:
        room.offer(web("a"))
    assert not file.parent.exists()


async def test_what_changed_is_written_while_it_runs(
    server: Peer, tmp_path: Path
) -> None:
    file = tmp_path / "checks.json"
    async with AsyncExitStack() as opened:
        room = await opened.enter_async_context(at_work(checks(file=file)))
        room.offer(web("a", checks=(line(server),)))
        await eventually(lambda: '"well"' in file.read_text(), "it is kept")
        server.says = "critical ill"
        await eventually(lambda: '"ill"' in file.read_text(), "the change is kept")
