"""The checks that run here: which they are, what they say, and word of each change.

A change is another status, or the first result. That only the output is another is
none: registries are not written each time that a response takes longer.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from registrator.check import Check
from registrator.fitness import Cause, Finding, Status
from registrator.health import remembered
from registrator.health.course import Course
from registrator.health.probe import Probe
from registrator.health.remembered import Key, Remembered
from registrator.health.scheduler import Attempt, Scheduler, Watch
from registrator.model import ContainerId, Service, ServiceId
from registrator.snapshot import Snapshot
from registrator.visible import visible

log = logging.getLogger(__name__)

NOT_YET: Final = "no result yet"
LONGEST_OUTPUT: Final = 300
"""Characters of a check's output that are kept."""
SAVED_EVERY: Final = 3600.0
"""Seconds after which what is known is written down again without a change."""
BETWEEN_SAVES: Final = 1.0
"""Seconds that what is known may be newer than what is written down of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """How one check stands; times are the loop's."""

    kind: str
    target: str
    status: Status
    """What counts: with what was remembered, rise, fall and the hold-down."""
    output: str
    """What the last run said, which may be another than what decided."""
    since: float | None
    """When it came to pass, or to be critical; None: it was not seen."""
    successes: int
    """In a row, up to the last run."""
    failures: int
    falls: int
    """How often it has become critical since it last was quiet."""
    held_for: float
    """Seconds for which it may not pass, because it flaps; 0: it may."""
    next_run: float
    last_run: float | None
    duration: float | None
    """How long the last run took."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Run:
    """One check at its work."""

    check: Check
    container: ContainerId
    finding: Finding
    course: Course
    output: str = ""
    last: Attempt | None = None
    watch: Watch = field(init=False)


class Checks:
    """Runs those checks of the snapshot's services that no registry runs for all.

    *elsewhere* says of a service's check whether all of them do. A ttl check waits to
    be told, and is not run. What was said last is kept in *file*, if there is one.
    """

    def __init__(
        self,
        probe: Callable[[str], Awaitable[Probe]],
        elsewhere: Callable[[Service, Check], bool] = lambda _service, _check: False,
        file: Path | None = None,
    ) -> None:
        self._elsewhere = elsewhere
        self._scheduler = Scheduler(probe)
        self._runs: dict[ServiceId, tuple[_Run | None, ...]] = {}
        self._file = file
        self._before = dict(remembered.load(file)) if file else {}
        """What was said before this daemon began, of services not seen yet."""
        self._unkept = False
        """Whether the log says that nothing can be kept."""
        self._changed = asyncio.Event()

    def judge(self, service: Service) -> Service:
        """Say of *service* what its checks say that run here."""
        if not service.checks:
            return service
        results = tuple(
            self._finding(service, number) if self.runs(service, check) else None
            for number, check in enumerate(service.checks)
        )
        return replace(service, results=results if any(results) else ())

    def tasks(self, snapshot: Snapshot) -> dict[str, Coroutine[None, None, None]]:
        """Everything that must run, by name, for as long as the daemon does."""
        work = {
            "checks": self._scheduler.run(),
            "checked services": self._follow(snapshot),
        }
        if self._file is not None:
            work["remembered checks"] = self._remember(self._file)
        return work

    def report(self, service: Service) -> tuple[CheckReport | None, ...]:
        """Say how each of its checks stands; None for one that is not run here."""
        return tuple(
            None if (run := self._found(service, number)) is None else _report(run)
            for number in range(len(service.checks))
        )

    def runs(self, service: Service, check: Check) -> bool:
        """Say whether a check of *service* runs here."""
        return check.kind != "ttl" and not self._elsewhere(service, check)

    def _finding(self, service: Service, number: int) -> Finding:
        run = self._found(service, number)
        return run.finding if run else self._first_finding(service, number)

    def _found(self, service: Service, number: int) -> _Run | None:
        """Find what runs for a check: just this, or what it was before it changed."""
        check = service.checks[number]
        runs = self._runs.get(service.id, ())
        own = [run for run in runs if run and run.container == service.container]
        same = next((run for run in own if run.check == check), None)
        if same is not None or number >= len(runs):
            return same
        there = runs[number]
        return there if there in own and there.check.kind == check.kind else None

    def _first_finding(self, service: Service, number: int) -> Finding:
        """Say what counts of a check that was never run since this daemon began."""
        before = self._before.get(_key(service, number))
        status = service.checks[number].initial_status or Status.CRITICAL
        return before or Finding(cause=Cause.CHECK, status=status, output=NOT_YET)

    async def _follow(self, snapshot: Snapshot) -> None:
        """Start and stop checks as their services come, change and go."""
        inbox = snapshot.subscribe()
        while True:
            await inbox.wait()
            changed, listing = inbox.take()
            for key in changed:
                self._look_at(key, snapshot)
            if listing:
                for key in self._runs.keys() - snapshot.services.keys():
                    self._look_at(key, snapshot)
                # All that was there has been seen: what comes from now on is new.
                self._before.clear()

    def _look_at(self, key: ServiceId, snapshot: Snapshot) -> None:
        service = snapshot.services.get(key)
        before = self._runs.get(key, ())
        runs = tuple(self._continued(service, snapshot)) if service else ()
        for run in before:
            if run is not None and run not in runs:
                self._scheduler.remove(run.watch)
        if any(runs):
            self._runs[key] = runs
        else:
            self._runs.pop(key, None)
        if runs != before:
            self._changed.set()

    def _continued(self, service: Service, snapshot: Snapshot) -> Iterator[_Run | None]:
        """Yield what is to run for each check, and start what does not run yet."""
        for number, check in enumerate(service.checks):
            found = self._found(service, number)
            if not self.runs(service, check):
                yield None
            elif found is not None and found.check == check:
                yield found
            else:
                yield self._started(service, number, found, snapshot)

    def _started(
        self,
        service: Service,
        number: int,
        earlier: _Run | None,
        snapshot: Snapshot,
    ) -> _Run:
        """Start a check: *earlier* is what it was before its service changed it."""
        check = service.checks[number]
        finding = self._finding(service, number)
        before = self._before.pop(_key(service, number), None)
        known = earlier is not None or before is not None
        run = _Run(
            check=check,
            container=service.container,
            finding=finding,
            course=Course(status=before.status) if before else Course(),
        )
        run.watch = self._scheduler.add(
            check,
            partial(self._told, service.id, run, snapshot),
            delay=0.0 if known else check.delay,
        )
        return run

    def _told(
        self, service: ServiceId, run: _Run, snapshot: Snapshot, attempt: Attempt
    ) -> None:
        """Note what one run came to, and spread the word if that changes anything."""
        check, before = run.check, run.course
        run.last = attempt
        run.output = visible(attempt.outcome.output[:LONGEST_OUTPUT])
        run.course = before.after(
            attempt.outcome.status, rise=check.rise, fall=check.fall, now=attempt.at
        )
        status = run.course.status
        if status is None or (before.status and status is run.finding.status):
            return
        if before.status or status is Status.CRITICAL is not run.finding.status:
            _log(service, run, attempt.at)
        run.finding = Finding(cause=Cause.CHECK, status=status, output=run.output)
        self._changed.set()
        snapshot.judge_anew([service], at=attempt.at)

    async def _remember(self, file: Path) -> None:
        """Keep on disk what is known, until cancelled; then once more."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(SAVED_EVERY):
                        await self._changed.wait()
                self._changed.clear()
                await asyncio.to_thread(self._save, file, self._known())
                await asyncio.sleep(BETWEEN_SAVES)
        finally:
            self._save(file, self._known())

    def _save(self, file: Path, known: Remembered) -> None:
        try:
            if known or file.exists():
                remembered.save(file, known)
            self._unkept = False
        except OSError as error:
            if not self._unkept:
                log.warning(
                    "%s: what checks said is not kept: %s", file, error.strerror
                )
            self._unkept = True

    def _known(self) -> Remembered:
        known = dict(self._before)
        for service, runs in self._runs.items():
            for number, run in enumerate(runs):
                if run is not None and run.finding.output != NOT_YET:
                    key = Key(service, run.container, number, run.check.kind)
                    known[key] = run.finding
        return known


def _key(service: Service, number: int) -> Key:
    return Key(service.id, service.container, number, service.checks[number].kind)


def _log(service: ServiceId, run: _Run, now: float) -> None:
    kind, status = run.check.kind, run.course.status
    log.info("%s: %s check is %s: %s", service, kind, status, run.output)
    if run.course.held(now):
        seconds = run.course.held_until - now
        log.warning("%s: %s check flaps: held for %g s", service, kind, seconds)


def _report(run: _Run) -> CheckReport:
    course, last = run.course, run.last
    now = asyncio.get_running_loop().time()
    return CheckReport(
        kind=run.check.kind,
        target=run.check.target,
        status=run.finding.status,
        output=run.output or run.finding.output,
        since=None if course.since == -math.inf else course.since,
        successes=course.successes,
        failures=course.failures,
        falls=course.falls,
        held_for=course.held_until - now if course.held(now) else 0.0,
        next_run=run.watch.due,
        last_run=last.at if last else None,
        duration=last.duration if last else None,
    )
