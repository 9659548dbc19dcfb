"""Takes a container out of use as soon as it is asked to stop, before it has ended."""

import asyncio
import heapq
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from registrator.errors import Gone, Rejected, SourceError
from registrator.health.orders import Drain, Orders
from registrator.model import (
    Container,
    ContainerId,
    Service,
    State,
    is_container,
)
from registrator.snapshot import Snapshot

log = logging.getLogger(__name__)

STOPPED: Final = "docker stop"
"""Why a container is drained that was asked to end."""
GRACE: Final = 60.0
"""Seconds that one may take to end, beside those that it serves on, before it is
believed to have stayed."""
_AGAIN: Final = 1.0
"""Seconds until an engine that was away is asked once more."""
_ENDING: Final = frozenset(
    {signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGQUIT}
)
"""Signals that applications take for an order to end; all others ask for nothing."""

Send = Callable[[ContainerId, str], Awaitable[None]]
"""Sends a container a signal; raises `SourceError`, and `Gone` where none runs."""


class Stops:
    """Begins a drain with the signal that a container is stopped by, and ends it.

    Where the application does not take that signal for an order to end, it is sent
    SIGTERM when it has served on for as long as it asked for: by *send*, if any.
    """

    def __init__(
        self,
        orders: Orders,
        snapshot: Snapshot,
        send: Send | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._orders = orders
        self._snapshot = snapshot
        self._send = send
        self._clock = clock
        self._signals: dict[ContainerId, dict[int, int]] = {}
        self._heeded: dict[ContainerId, int] = {}
        self._due: list[tuple[float, ContainerId]] = []
        self._more = asyncio.Event()
        for container, drain in orders.drains.items():
            self._expect(container, drain)

    def signalled(self, container: ContainerId, signal: int, moment: int) -> None:
        """Note that one was sent a signal: what follows is decided when it is seen."""
        self._signals.setdefault(container, {})[signal] = moment

    def seen(self, container: Container, services: Collection[Service]) -> None:
        """Begin a drain if it is being stopped, and end one if it was started anew."""
        sent = self._signals.pop(container.id, {})
        if container.state not in {State.RUNNING, State.PAUSED}:
            self._heeded.pop(container.id, None)
            return
        drain = self._orders.drains.get(container.id)
        if drain is not None and drain.started != container.started:
            self._orders.undrain(container.id)
            log.info("container %s was started anew: drained no more", container.name)
        stopping = {container.stop_signal, int(signal.SIGTERM)}
        for number, moment in sent.items():
            if number in stopping and services and self._is_news(container, moment):
                self._begin(container, number, max(each.drain for each in services))

    def kept(self, container: ContainerId) -> None:
        """End the drain of one that has stopped, and whose records stay."""
        drain = self._orders.drains.get(container)
        if drain is not None and drain.until is not None:
            self._orders.undrain(container)
            self._judge(container)

    def gone(self, container: ContainerId) -> None:
        """Forget what was ordered of one that is no more."""
        self._signals.pop(container, None)
        self._heeded.pop(container, None)
        self._orders.forget(container)

    def remembered(self) -> Collection[ContainerId]:
        """Name those of which something was ordered, but not what a file describes."""
        return frozenset(filter(is_container, self._orders.containers()))

    async def run(self) -> None:
        """Do what is due of the drains, until cancelled."""
        async with asyncio.TaskGroup() as rooms:
            while True:
                self._more.clear()
                wait = self._due[0][0] - self._clock() if self._due else None
                if wait is not None and wait <= 0:
                    _, container = heapq.heappop(self._due)
                    # Each by itself: an engine may be slow with one of them.
                    rooms.create_task(self._act(container), name=f"stop {container}")
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._more.wait()

    def _is_news(self, container: Container, moment: int) -> bool:
        """Whether a signal was meant for what runs now, and was not heard before."""
        if moment and (
            _written(moment) < container.started
            or moment <= self._heeded.get(container.id, 0)
        ):
            return False
        self._heeded[container.id] = moment
        return True

    def _begin(self, container: Container, number: int, seconds: float) -> None:
        now = self._clock()
        before = self._orders.drains.get(container.id)
        drain = before or Drain(
            why=STOPPED,
            since=now,
            container_name=container.name,
            started=container.started,
        )
        if before is None or before.until is not None:
            grace = max(GRACE, container.stop_timeout)
            drain = replace(drain, until=now + grace + seconds)
        if number == signal.SIGTERM:
            drain = replace(drain, terminate=None)
        elif seconds and number == container.stop_signal and number not in _ENDING:
            drain = replace(drain, terminate=max(now, drain.since + seconds))
        try:
            self._orders.drain(container.id, drain)
        except Rejected as error:
            log.warning("container %s is being stopped: %s", container.name, error)
            return
        self._expect(container.id, drain)
        if before is None:
            log.info(
                "container %s is being stopped: it is taken out of every registry",
                container.name,
            )

    def _expect(self, container: ContainerId, drain: Drain) -> None:
        for due in (drain.terminate, drain.until):
            if due is not None:
                heapq.heappush(self._due, (due, container))
        self._more.set()

    async def _act(self, container: ContainerId) -> None:
        """Do what is due of one drain, if it is still on."""
        now = self._clock()
        drain = self._orders.drains.get(container)
        if drain is None:
            return
        if drain.until is not None and drain.until <= now:
            self._end(container, drain)
        elif drain.terminate is not None and drain.terminate <= now and self._send:
            await self._terminate(container, drain, self._send)

    async def _terminate(
        self, container: ContainerId, drain: Drain, send: Send
    ) -> None:
        try:
            await send(container, "SIGTERM")
        except Gone:
            log.debug("container %s has ended by itself", drain.container_name)
        except SourceError as error:
            log.warning("%s; sending SIGTERM again", error)
            heapq.heappush(self._due, (self._clock() + _AGAIN, container))
            self._more.set()
            return
        else:
            log.info(
                "container %s has served on for %.0f s: sent SIGTERM",
                drain.container_name,
                self._clock() - drain.since,
            )
        # Meanwhile the signal may have been heard of.
        now = self._orders.drains.get(container)
        if now is not None and now.terminate == drain.terminate:
            self._orders.drain(container, replace(now, terminate=None))

    def _end(self, container: ContainerId, drain: Drain) -> None:
        self._orders.undrain(container)
        if not self._snapshot.claimed(container):
            return
        log.warning(
            "container %s still runs %.0f s after it was asked to stop: it is"
            " registered again",
            drain.container_name,
            self._clock() - drain.since,
        )
        self._judge(container)

    def _judge(self, container: ContainerId) -> None:
        now = asyncio.get_running_loop().time()
        self._snapshot.judge_anew(self._snapshot.claimed(container), at=now)


def _written(moment: int) -> str:
    """Write a time as `Container.started` has it."""
    seconds, nano = divmod(moment, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nano:09}Z"
