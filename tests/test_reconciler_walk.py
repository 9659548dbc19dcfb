"""Random walks: containers come and go while the store has all of its bad days."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from flaky import AWAY, BUSY, LOST, NO, FlakyStore, Host, ids
from registrator.fitness import Health
from registrator.model import ContainerId, ServiceId
from registrator.reconciler import Patience
from samples import web
from waiting import eventually

NAMES = tuple("abcdefghijkl")
STEPS = 120
WALKS = 30
"""At a time: they wait for their retries together."""


class Walk(Host):
    """A host to which anything may happen; what is random follows from *seed*."""

    def __init__(self, seed: int, *, peaceful: bool = False) -> None:
        self.dice = random.Random(seed)
        share = self.dice.choice([0.0, 0.5, 1.0])
        super().__init__(FlakyStore(), Patience(max_removals=share))
        self.store.refresh_every = self.dice.choice([None, 0.01])
        self.starts_ever = 0
        self.path: list[str] = []
        self.actions = [
            *[self.change] * 6,
            *[self.end] * 3,
            *[self.well] * 2,
            self.replaced,
            self.outage,
            self.fault,
            self.fault,
            self.break_soon,
            self.fill,
            self.slow,
        ]
        if not peaceful:
            self.store.records = {ServiceId("ghost"): web("ghost")}
            self.actions += [
                self.vanish,
                self.lists_all_but,
                self.refuse,
                self.lose_records,
                self.meddle,
                self.somebody_else,
            ]

    async def go(self) -> None:
        for _ in range(STEPS):
            action = self.dice.choice(self.actions)
            self.path.append(action.__name__)
            action()
            await asyncio.sleep(self.dice.choice([0, 0, 0, 0.001, 0.005]))
        self.well()

    def change(self) -> None:
        self.starts(
            self.dice.choice(NAMES),
            port=self.dice.randint(1, 3),
            health=self.dice.choice([Health.HEALTHY] * 4 + [Health.UNHEALTHY]),
        )

    def end(self) -> None:
        self.ends(self.dice.choice(NAMES))

    def replaced(self) -> None:
        """Another container takes an id over, and sometimes ends."""
        name = self.dice.choice(NAMES)
        heir = ContainerId(f"{name} of {self.dice.randint(1, 2)}")
        self.starts_ever += 1
        claims = [web(name, name=name, container=heir, port=self.starts_ever)]
        now = asyncio.get_running_loop().time()
        self.snapshot.replace(
            heir,
            claims if self.dice.random() < 0.5 else (),
            started=f"{self.starts_ever:09}",
            at=now,
        )

    def vanish(self) -> None:
        """Containers end without an event; one of them may be back in time."""
        present = sorted(self.snapshot.containers)
        for name in self.dice.sample(present, self.dice.randint(0, len(present))):
            self.snapshot.forget(name)
        self.change()
        self.snapshot.listed()

    def outage(self) -> None:
        self.store.outage = AWAY

    def fault(self) -> None:
        name = ServiceId(self.dice.choice(NAMES))
        self.store.faults[name] = self.dice.choice([BUSY, LOST])

    def fill(self) -> None:
        self.store.full = True

    def refuse(self) -> None:
        self.store.faults[ServiceId(self.dice.choice(NAMES))] = NO

    def break_soon(self) -> None:
        self.store.breaks_after = self.dice.randint(0, 4)

    def lose_records(self) -> None:
        self.store.records.clear()

    def meddle(self) -> None:
        """Somebody changes, removes or adds a record of ours."""
        name = ServiceId(self.dice.choice([*NAMES, "stranger"]))
        if self.dice.random() < 0.5:
            self.store.records.pop(name, None)
        elif name not in self.store.foreign:
            self.store.records[name] = web(name, port=99)

    def somebody_else(self) -> None:
        name = ServiceId(self.dice.choice(NAMES))
        if name not in self.store.records:
            self.store.foreign[name] = web(name, port=77)

    def slow(self) -> None:
        self.store.hold()

    def well(self) -> None:
        self.store.outage = self.store.breaks_after = None
        self.store.full = False
        self.store.faults.clear()
        self.store.foreign.clear()
        self.store.release()

    @property
    def at_rest(self) -> bool:
        """Whether there is nothing to do before the next listing."""
        report = self.reconciler.report()
        busy = self.store.busy or report.waiting or report.held
        return report.reachable and not busy

    @property
    def all_well(self) -> bool:
        """Whether all is right, and said to be."""
        return self.right and self.at_rest and not self.reconciler.report().error

    def _ask_for_listing(self) -> None:
        super()._ask_for_listing()
        asyncio.get_running_loop().call_later(0.001, self.snapshot.listed)


@asynccontextmanager
async def walked(host: Walk) -> AsyncIterator[None]:
    """Walk beside the reconciler, and leave it at work when it has come to rest."""
    work = asyncio.ensure_future(host.reconciler.run())
    try:
        await host.go()
        await eventually(lambda: host.at_rest, "rest")
        yield
        assert not work.done()
    except AssertionError:
        sys.stderr.write(f"--- the walk ---\n{' '.join(host.path)}\n")
        raise
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def walk(seed: int) -> None:
    host = Walk(seed)
    async with walked(host):
        host.lists_all_but()
        await eventually(lambda: host.all_well, "all is right")
        synced = {host.reconciler.sync(key) for key in host.store.records}
        assert synced <= {("in-sync", "")}

        writes = host.store.writes
        before = host.reconciler.report().round_at
        host.lists_all_but()
        await eventually(
            lambda: host.reconciler.report().round_at != before, "one more round"
        )
        assert host.store.writes == writes


async def walk_in_peace(seed: int) -> None:
    host = Walk(seed, peaceful=True)
    async with walked(host):
        assert host.right


@pytest.mark.parametrize("first", range(0, 5 * WALKS, WALKS))
async def test_the_store_is_right_once_the_bad_days_are_over(first: int) -> None:
    async with asyncio.TaskGroup() as walks:
        for seed in range(first, first + WALKS):
            walks.create_task(walk(seed), name=f"walk {seed}")


async def test_no_listing_is_needed_where_nobody_else_writes() -> None:
    async with asyncio.TaskGroup() as walks:
        for seed in range(WALKS):
            walks.create_task(walk_in_peace(seed), name=f"walk {seed}")


async def test_records_of_others_survive_a_walk() -> None:
    host = Walk(seed=1)
    theirs = {key: web(key, port=77) for key in ids(*NAMES)}
    host.store.foreign = dict(theirs)
    work = asyncio.ensure_future(host.reconciler.run())
    for _ in range(50):
        host.change()
        host.end()
        host.vanish()
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)

    assert host.store.foreign == theirs
    assert host.store.records.keys() <= ids("ghost")
