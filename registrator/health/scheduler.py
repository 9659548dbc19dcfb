"""Runs checks when they are due: one task for all of them, and one for each at work.

A check that hangs, or raises what it likes, keeps no other waiting: see `Scheduler`.
"""

import asyncio
import heapq
import itertools
import logging
import math
import resource
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.foreign import Broken, foreign
from registrator.health.probe import Failed, Outcome, Probe

log = logging.getLogger(__name__)

INTERVAL: Final = 10.0
"""Seconds between two runs of a check that does not say."""
SHORTEST: Final = 0.1
"""Seconds that an interval has at least."""
LONGEST_WAIT: Final = 10.0
"""Seconds for which an answer is waited for at most, where the check does not say."""
SPACING: Final = 0.002
"""Seconds between the first runs of checks that come at once: they make no burst."""
MOST_PLACES: Final = 2048
OVERDUE: Final = 1.0
"""Seconds after which a check that was told to stop, and does not, is told of."""

# Multiples of it, less their whole parts, fill the line from 0 to 1 evenly, however
# many they are. Source: Knuth, TAOCP 3, section 6.4, on Fibonacci hashing.
_GOLDEN: Final = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What running a check once came to; times are the loop's."""

    outcome: Outcome
    at: float
    """When it ended."""
    duration: float


Tell = Callable[[Attempt], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Watch:
    """A check that is run again and again; for its scheduler to change."""

    check: Check
    tell: Tell
    interval: float
    deadline: float
    share: float
    """When in the interval after its first run it has its place among the rest."""
    due: float
    """When it is to run next."""
    runs: bool = False
    """Whether one run has begun, or waits for a place."""
    missed: bool = False
    """Whether another is due since."""
    ends: float = math.inf
    """When the run that has begun is told to stop."""
    hung: bool = False
    """Whether the last run had to be told to stop."""
    complained: bool = False
    stopped: bool = False
    task: asyncio.Task[None] | None = None


class Scheduler:
    """Runs every check at its interval, and never one of them twice at a time.

    So many are at work at once as there are *places*. Those that hung the last time
    get no more than half of them: however many hang, the rest do not wait for them.
    """

    def __init__(
        self, probe: Callable[[str], Awaitable[Probe]], places: int | None = None
    ) -> None:
        """*probe* opens what runs checks of a kind, as `Kinds.probe` does."""
        self._probe = probe
        self._places = _places() if places is None else places
        self._dues: list[tuple[float, int, Watch]] = []
        self._stale = 0
        self._lanes: dict[bool, deque[Watch]] = {False: deque(), True: deque()}
        """What waits for a place, those that hung apart."""
        self._at_work = {False: 0, True: 0}
        self._added = 0
        self._numbers = itertools.count()
        self._slot = -math.inf
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Run what is due, until cancelled."""
        async with asyncio.TaskGroup() as rooms:
            while True:
                self._woken.clear()
                self._line_up()
                self._fill(rooms)
                await self._until_due()

    def add(self, check: Check, tell: Tell, *, delay: float = 0.0) -> Watch:
        """Run *check* from *delay* seconds on, and *tell* of each run.

        Where it comes alone it is then run at once. Its second run is at a time of
        its own within the interval, so that any number are spread evenly over it.
        """
        now = asyncio.get_running_loop().time()
        self._slot = max(now, self._slot + SPACING)
        self._added += 1
        interval = INTERVAL if check.interval is None else check.interval
        interval = max(interval, SHORTEST)
        watch = Watch(
            check=check,
            tell=tell,
            interval=interval,
            deadline=check.timeout or min(interval, LONGEST_WAIT),
            share=1.0 - self._added * _GOLDEN % 1.0,
            due=self._slot + delay,
        )
        self._note(watch)
        if self._dues[0][2] is watch:
            self._woken.set()
        return watch

    def remove(self, watch: Watch) -> None:
        """Run it no more, and tell of it no more."""
        if watch.stopped:
            return
        watch.stopped = True
        if watch.task is not None:
            watch.task.cancel()
        self._stale += 1
        if self._stale * 2 > len(self._dues):
            self._dues = [each for each in self._dues if not each[2].stopped]
            heapq.heapify(self._dues)
            self._stale = 0

    def _note(self, watch: Watch) -> None:
        # Two that are due at the same time are told apart by their numbers.
        heapq.heappush(self._dues, (watch.due, next(self._numbers), watch))

    def _line_up(self) -> None:
        """Have all that is due wait for a place, and note when it is due again."""
        now = asyncio.get_running_loop().time()
        while self._dues and self._dues[0][0] <= now:
            watch = heapq.heappop(self._dues)[2]
            if watch.stopped:
                self._stale -= 1
                continue
            if watch.runs:
                watch.missed = True
                self._tell_overdue(watch, now)
            else:
                watch.runs = True
                self._lanes[watch.hung].append(watch)
            self._next(watch, now)

    def _next(self, watch: Watch, now: float) -> None:
        step = watch.interval * watch.share
        watch.share = 1.0
        watch.due += step
        if watch.due <= now:
            # After a pause of the machine each still has its place among the rest.
            late = math.ceil((now - watch.due) / watch.interval)
            watch.due += late * watch.interval
        self._note(watch)

    def _tell_overdue(self, watch: Watch, now: float) -> None:
        if now < watch.ends + OVERDUE:
            return
        outcome = _critical("the last run goes on, though its time is over")
        watch.tell(Attempt(outcome=outcome, at=now, duration=watch.deadline))

    def _fill(self, rooms: asyncio.TaskGroup) -> None:
        """Begin what waits, as far as there are places for it."""
        for hung, most in ((False, self._places), (True, self._places // 2)):
            lane = self._lanes[hung]
            while (
                lane
                and self._at_work[hung] < most
                and sum(self._at_work.values()) < self._places
            ):
                watch = lane.popleft()
                if not watch.stopped:
                    self._begin(watch, rooms)

    def _begin(self, watch: Watch, rooms: asyncio.TaskGroup) -> None:
        hung = watch.hung
        self._at_work[hung] += 1
        watch.task = rooms.create_task(
            self._run(watch), name=f"{watch.check.kind} check"
        )
        watch.task.add_done_callback(lambda _: self._ended(watch, hung))

    def _ended(self, watch: Watch, hung: bool) -> None:
        # Also where the task was cancelled before it could begin.
        self._at_work[hung] -= 1
        watch.task, watch.ends = None, math.inf
        watch.runs = watch.missed
        if watch.missed:
            watch.missed = False
            self._lanes[watch.hung].append(watch)
        if self._lanes[False] or self._lanes[True]:
            self._woken.set()

    async def _run(self, watch: Watch) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        watch.ends = began + watch.deadline
        outcome = await self._try(watch)
        ended = loop.time()
        if not watch.stopped:
            watch.tell(Attempt(outcome=outcome, at=ended, duration=ended - began))

    async def _try(self, watch: Watch) -> Outcome:
        limit = asyncio.timeout(watch.deadline)
        try:
            async with limit:
                outcome = await foreign(self._once(watch.check))
        except TimeoutError:
            return _critical(f"no answer within {watch.deadline:g} s")
        except Failed as error:
            self._complain(watch, error)
            return _critical(str(error))
        finally:
            watch.hung = limit.expired()
        watch.complained = False
        return outcome

    async def _once(self, check: Check) -> Outcome:
        probe = await self._probe(check.kind)
        # A plug-in may return anything, whatever its types say.
        outcome: object = await probe.run(check)
        if not isinstance(outcome, Outcome):
            raise Broken(f"{outcome!r} is no outcome of a check")
        return outcome

    def _complain(self, watch: Watch, error: Failed) -> None:
        """Show once where the code of a check breaks."""
        if isinstance(error, Broken) and not watch.complained:
            watch.complained = True
            log.warning("a %s check is broken", watch.check.kind, exc_info=error)

    async def _until_due(self) -> None:
        """Wait until something is due, or has come, or a place is free."""
        loop = asyncio.get_running_loop()
        due = self._dues[0][0] if self._dues else None
        handle = None if due is None else loop.call_at(due, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            if handle is not None:
                handle.cancel()


def _critical(why: str) -> Outcome:
    return Outcome(Status.CRITICAL, why)


def _places() -> int:
    """Say how many checks may be at work at once.

    Each may hold a connection. A quarter of the files that the daemon may open is for
    everything else.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_PLACES if soft < 0 else max(2, min(MOST_PLACES, soft // 4 * 3))
