"""Containers that are asked to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from registrator.errors import Gone, SourceError
from registrator.health import orders as orders_module
from registrator.health.orders import Drain, Orders
from registrator.health.stops import GRACE, Stops
from registrator.model import Container, ContainerId, Service, State
from registrator.snapshot import Snapshot
from samples import CONTAINER, web
from waiting import eventually

STARTED = "2026-11-24T00:00:00.000000000Z"
START = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
LATER = (START + 10) * 10**9
HUP, USR1, TERM, URG, KILL = 1, 10, 15, 23, 9


@dataclass
class Scene:
    """Stops at work, with a clock that is moved by hand and an engine that notes."""

    drain: float = 0.0
    now: float = START + 10.0
    orders: Orders = field(default_factory=Orders)
    sent: list[tuple[str, str]] = field(default_factory=list)
    answers: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.snapshot = Snapshot(self.orders.judge)
        self.stops = self.made()

    def made(self) -> Stops:
        return Stops(self.orders, self.snapshot, self.send, lambda: self.now)

    async def send(self, container: ContainerId, name: str) -> None:
        self.sent.append((container, name))
        if self.answers:
            raise self.answers.pop()

    def look(self, **changes: Any) -> None:
        """Have the source look at the container."""
        given = {"name": "web.1", "image": "web", "started": STARTED, **changes}
        container = Container(**{"id": CONTAINER, "state": State.RUNNING, **given})
        services: list[Service] = [web(drain=self.drain)]
        if container.state is not State.RUNNING:
            services = []
        self.stops.seen(container, services)
        self.snapshot.replace(
            CONTAINER, services, started=container.started, at=self.now
        )

    def signal(self, number: int, moment: int = LATER, **changes: Any) -> None:
        self.stops.signalled(CONTAINER, number, moment)
        self.look(**changes)

    @property
    def order(self) -> Drain:
        return self.orders.drains[CONTAINER]

    @property
    def withheld(self) -> bool:
        [service] = self.snapshot.services.values()
        return service.withheld

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.stops.run())
        try:
            yield
        finally:
            assert not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("signal", "stop_signal", "drained"),
    [
        *[(TERM, TERM, True), (URG, URG, True), (TERM, URG, True), (USR1, USR1, True)],
        *[(HUP, TERM, False), (USR1, TERM, False), (URG, TERM, False)],
        *[(KILL, TERM, False), (USR1, URG, False)],
    ],
)
def test_a_container_that_is_asked_to_stop_is_drained(
    signal: int, stop_signal: int, *, drained: bool
) -> None:
    scene = Scene()
    scene.look(stop_signal=stop_signal)

    scene.signal(signal, stop_signal=stop_signal)

    assert scene.withheld is drained
    assert bool(scene.orders.drains) is drained


def test_a_drain_says_why_since_when_and_of_which_start() -> None:
    scene = Scene(drain=5.0)
    scene.signal(TERM)

    assert scene.order == Drain(
        why="docker stop",
        since=scene.now,
        container_name="web.1",
        started=STARTED,
        until=scene.now + GRACE + 5.0,
    )


@pytest.mark.parametrize(("given", "grace"), [(0, 60), (30, 60), (300, 300)])
def test_one_that_was_given_longer_to_stop_is_waited_for_longer(
    given: int, grace: int
) -> None:
    scene = Scene()
    scene.signal(TERM, stop_timeout=given)

    assert scene.order.until == scene.now + grace


def test_of_several_signals_before_a_look_any_may_stop_it() -> None:
    scene = Scene()
    scene.stops.signalled(CONTAINER, TERM, LATER)
    scene.signal(HUP, LATER + 1)

    assert scene.withheld


def test_a_signal_to_one_that_was_started_since_does_nothing() -> None:
    scene = Scene()
    scene.signal(TERM, (START - 1) * 10**9)

    assert not scene.withheld


def test_a_signal_whose_time_nobody_knows_counts() -> None:
    scene = Scene()
    scene.signal(TERM, 0)

    assert scene.withheld


def test_a_signal_that_is_heard_twice_counts_once() -> None:
    scene = Scene()
    scene.signal(TERM)
    scene.orders.undrain(CONTAINER)

    scene.signal(TERM)
    assert not scene.withheld

    scene.signal(TERM, LATER + 1)
    assert scene.withheld


def test_a_second_order_to_stop_prolongs_the_drain() -> None:
    scene = Scene()
    scene.signal(TERM)
    since = scene.now
    scene.now += 30

    scene.signal(TERM, LATER + 1)

    assert scene.order.since == since
    assert scene.order.until == scene.now + GRACE


def test_one_without_services_is_left_alone() -> None:
    scene = Scene()
    scene.stops.signalled(CONTAINER, TERM, LATER)
    container = Container(id=CONTAINER, name="x", image="x", state=State.RUNNING)

    scene.stops.seen(container, ())

    assert not scene.orders.drains


def test_the_next_start_ends_the_drain() -> None:
    scene = Scene()
    scene.signal(TERM)
    scene.look(state=State.EXITED)
    assert scene.orders.drains

    scene.look(started="2026-11-24T00:01:00.000000000Z")

    assert not scene.withheld
    assert not scene.orders.drains


def test_it_stays_drained_for_whoever_only_looks_again() -> None:
    scene = Scene()
    scene.signal(TERM)
    scene.look()

    assert scene.withheld


def test_with_the_container_its_drain_is_gone() -> None:
    scene = Scene()
    scene.signal(TERM)
    assert scene.stops.remembered() == {CONTAINER}

    scene.stops.gone(CONTAINER)

    assert not scene.stops.remembered()


async def test_what_is_kept_is_drained_no_more_unless_an_operator_says_so() -> None:
    scene = Scene()
    scene.signal(TERM)
    scene.stops.kept(CONTAINER)
    assert not scene.withheld
    assert not scene.orders.drains

    scene.orders.drain(CONTAINER, Drain(why="by hand", since=scene.now))
    scene.stops.kept(CONTAINER)
    scene.look(started="")
    assert scene.withheld


def test_more_drains_than_there_may_be_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(orders_module, "MOST", 0)
    scene = Scene()

    scene.signal(TERM)

    assert not scene.withheld
    assert "web.1 is being stopped: 0 containers are drained already" in caplog.text


async def test_one_that_does_not_stop_is_registered_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene(drain=5.0)
    async with scene.running():
        scene.signal(TERM)
        assert scene.withheld
        scene.now += GRACE + 5.0
        scene.look(stop_timeout=0)
        scene.signal(HUP)  # an event wakes nobody who sleeps for a clock
        scene.stops = scene.made()
        async with scene.running():
            await eventually(lambda: not scene.withheld, "it is back")

    assert "web.1 still runs 65 s after it was asked to stop" in caplog.text


async def test_one_that_ended_in_time_is_only_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene()
    scene.signal(TERM)
    scene.look(state=State.EXITED)
    scene.now += GRACE

    async with scene.running():
        await eventually(lambda: not scene.orders.drains, "it is over")

    assert "still runs" not in caplog.text


@pytest.mark.parametrize(
    ("signal", "stop_signal", "drain", "asked"),
    [
        (URG, URG, 5.0, True),
        (URG, URG, 0.0, False),
        (TERM, URG, 5.0, False),
        (TERM, TERM, 5.0, False),
        (2, 2, 5.0, False),
        (3, 3, 5.0, False),
    ],
)
async def test_one_whose_stop_signal_asks_for_nothing_is_sent_the_order_to_end(
    signal: int, stop_signal: int, drain: float, *, asked: bool
) -> None:
    scene = Scene(drain=drain)
    scene.signal(signal, stop_signal=stop_signal)
    assert scene.order.terminate == (scene.now + drain if asked else None)
    if not asked:
        return
    scene.now += drain

    async with scene.running():
        await eventually(lambda: scene.order.terminate is None, "it was sent")

    assert scene.sent == [(CONTAINER, "SIGTERM")]
    assert scene.withheld


async def test_the_order_to_end_that_we_sent_is_not_followed_by_another() -> None:
    scene = Scene(drain=5.0)
    scene.signal(URG, stop_signal=URG)
    scene.now += 5.0
    async with scene.running():
        await eventually(lambda: scene.sent, "it was sent")

        scene.signal(TERM, LATER + 1, stop_signal=URG)

        assert scene.order.terminate is None
    assert len(scene.sent) == 1


async def test_it_is_sent_at_once_to_one_that_was_drained_long_before() -> None:
    scene = Scene(drain=5.0)
    scene.orders.drain(
        CONTAINER, Drain(why="by hand", since=scene.now - 60, started=STARTED)
    )
    scene.signal(URG, stop_signal=URG)

    async with scene.running():
        await eventually(lambda: scene.sent, "it was sent")

    assert scene.order.why == "by hand"
    assert scene.order.until is None


async def test_what_is_due_is_done_after_a_restart_too() -> None:
    scene = Scene(drain=5.0)
    scene.signal(URG, stop_signal=URG)
    scene.now += 5.0
    scene.stops = scene.made()

    async with scene.running():
        await eventually(lambda: scene.sent, "it was sent")


@pytest.mark.parametrize("error", [Gone("it does not run"), SourceError("away")])
async def test_an_engine_that_is_away_is_asked_again_and_one_that_has_none_is_not(
    error: Exception,
) -> None:
    scene = Scene(drain=5.0, answers=[error])
    scene.signal(URG, stop_signal=URG)
    scene.now += 5.0

    async with scene.running():
        await eventually(lambda: scene.sent, "it was asked")
        scene.now += 1.0
        await eventually(lambda: scene.order.terminate is None, "it is done")

    assert len(scene.sent) == (1 if isinstance(error, Gone) else 2)


async def test_who_may_not_send_signals_only_watches() -> None:
    scene = Scene(drain=5.0)
    scene.stops = Stops(scene.orders, scene.snapshot, None, lambda: scene.now)
    scene.signal(URG, stop_signal=URG)
    scene.now += GRACE + 5.0

    async with scene.running():
        await eventually(lambda: not scene.withheld, "it is back")
    assert not scene.sent
