"""Random walks on real servers: two hosts, whatever happens, and then the truth.

Nothing is missing at the end, nothing is left behind, and what was nobody's to touch
was never touched, nor unseen by who reads.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from contract.grounds import Ground, ground
from contract.stores import Row, parameters
from contract.walking import SHARED, Node, Reader, shown, truth
from registrator.model import ServiceId
from waiting import eventually

STEPS: Final = 50
DEADLINE: Final = 60.0
SEEDS: Final = (1, 2, 3)
"""Walked side by side, each on a server of its own."""

Step = Callable[[], Awaitable[None]]
Trace = Mapping[str, object]


class Walk:
    """All that may happen; what is random follows from *seed*."""

    def __init__(self, seed: int, row: Row, server: Any, tmp: Path) -> None:
        self.dice = random.Random(seed)
        self.row = row
        self.ground: Ground = ground(server, row)
        self.rock = Node("rock", row, server, tmp, self.dice)
        self.pair = [Node(each, row, server, tmp, self.dice) for each in _PAIR]
        self.nodes = [self.rock, *self.pair]
        self.reader = Reader(self.rock.fresh())
        self.path: list[str] = []
        self.seed = seed
        self._faults: dict[Node, asyncio.Task[None]] = {}
        self.traces: list[tuple[Trace, Trace]] = []
        self._trace: Trace | None = None
        self._downs = 2
        self._steps: list[Step] = [
            *[self.change] * 8,
            *[self.shared] * 4,
            *[self.end] * 3,
            *[self.burst] * 2,
            *[self.vanish] * 2,
            *[self.round] * 2,
            *[self.fault] * 5,
            *[self.die] * 3,
            self.revoke,
            self.down,
        ]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Have all hosts at work, and the reader."""
        async with AsyncExitStack() as opened:
            for node in self.nodes:
                await opened.enter_async_context(node)
            await opened.enter_async_context(self.reader.backend)
            watching = asyncio.ensure_future(self.reader.watcher.run())
            try:
                yield
                for task in (watching, *(node.work for node in self.nodes)):
                    assert not task.done(), task
            finally:
                await self.heal()
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def go(self) -> None:
        for node in self.nodes:
            self.reader.expect(node.keep)
        await self.all_stand()
        for _ in range(STEPS):
            step = self.dice.choice(self._steps)
            self.path.append(step.__name__)
            await step()
            await asyncio.sleep(self.dice.choice([0, 0, 0.001, 0.01, 0.05, 0.1]))
        await self.heal()

    async def change(self) -> None:
        node = self.dice.choice(self.pair)
        node.starts(node.changed(f"{node.name}:{self.dice.randint(1, 4)}:80"))

    async def shared(self) -> None:
        node, key = self.dice.choice(self.pair), self.dice.choice(SHARED)
        node.starts(node.changed(key))

    async def end(self) -> None:
        node = self.dice.choice(self.pair)
        if keys := self._keys(node):
            node.ends(self.dice.choice(keys))

    async def burst(self) -> None:
        for _ in range(self.dice.randint(3, 8)):
            await self.dice.choice([self.change, self.shared, self.end])()

    async def vanish(self) -> None:
        node = self.dice.choice(self.pair)
        if keys := self._keys(node):
            node.vanishes(self.dice.choice(keys))
        node.lists()

    async def round(self) -> None:
        self.dice.choice(self.pair).lists()

    async def fault(self) -> None:
        """Have a link fail for a moment."""
        node = self.dice.choice(self.pair)
        if node in self._faults:
            return
        proxy, after = node.proxy, self.dice.randint(0, 3000)
        fault = self.dice.choice(
            [
                lambda: proxy.cut(after),
                lambda: proxy.cut(after),
                proxy.refuse,
                proxy.reset,
                proxy.mute,
                proxy.freeze,
            ]
        )
        fault()
        self._faults[node] = asyncio.ensure_future(self._mend(node))

    async def _mend(self, node: Node) -> None:
        await asyncio.sleep(self.dice.choice([0.01, 0.1, 0.4]))
        node.proxy.heal()
        node.proxy.refuse()
        node.proxy.listen()
        del self._faults[node]

    async def die(self) -> None:
        """End a daemon in the middle of whatever it is at, and start another."""
        node = self.dice.choice(self.pair)
        await self.dice.choice([self.burst, self.change])()
        await asyncio.sleep(self.dice.choice([0, 0.001, 0.003, 0.01]))
        if node in self._faults:
            return
        if self.dice.random() < 0.3:
            node.forget()
        await node.end()
        await node.begin()

    async def revoke(self) -> None:
        """End what all records of a host live with."""
        node = self.dice.choice(self.pair)
        self.reader.standing.pop(node.keep.name, None)
        self.reader.coming.pop(node.keep.name, None)
        await asyncio.to_thread(self.ground.revoke, node.keep.name)
        node.another_keep()
        self.reader.expect(node.keep)

    async def down(self) -> None:
        """Kill the server; it may come back without its data."""
        if not self._downs:
            return
        self._downs -= 1
        await self.look_at_rock()
        empty = self.dice.random() < 0.5
        if empty or not self.ground.keeps:
            self.reader.standing.clear()
            self.reader.coming.clear()
            self._trace = None
        await asyncio.to_thread(self.ground.kill)
        if empty:
            await asyncio.to_thread(self.ground.forget)
        await self.dice.choice([self.burst, self.change])()
        await asyncio.to_thread(self.ground.start)
        if empty or not self.ground.keeps:
            for node in self.nodes:
                node.another_keep()
                node.lists()
            for node in self.nodes:
                self.reader.expect(node.keep)

    async def heal(self) -> None:
        await asyncio.gather(*self._faults.values())

    async def all_stand(self) -> None:
        await eventually(
            lambda: len(self.reader.standing) == len(self.nodes), "all stand", DEADLINE
        )
        await self.look_at_rock()

    async def look_at_rock(self) -> None:
        """Note how the record of the host that nobody disturbs has fared."""
        if self.rock.keep.name not in self.reader.standing:
            return
        found = await asyncio.to_thread(self.ground.trace, self.rock.keep.name)
        if self._trace is not None:
            self.traces.append((self._trace, found))
        self._trace = found

    async def rounds(self) -> None:
        """Have every host compare everything once, and come to rest."""
        for node in self.nodes:
            await eventually(
                node.after_lists(), f"{node.name} has had a full round", DEADLINE
            )

    async def settle_disputes(self) -> None:
        """Have but one host want each id, whoever of them has it now."""
        for key in map(ServiceId, SHARED):
            if all(key in node.services for node in self.pair):
                self.dice.choice(self.pair).ends(key)

    async def agrees(self) -> bool:
        """Whether everybody agrees with what the hosts want."""
        await self.rounds()
        held = {node.name: node.held() for node in self.nodes}
        wanted = await asyncio.to_thread(self.ground.wanted, held)
        found = await asyncio.to_thread(self.ground.found)
        owned = {node.name: await _owned(node) for node in self.nodes}
        records = {n: {k: r for k, (_, r) in each.items()} for n, each in held.items()}
        latest = self.reader.watcher.latest
        self.verdicts = {
            "store": (found, wanted),
            "owned": (owned, records),
            "read": (shown(latest.instances, self.row), truth(held, self.row)),
            "current": (latest.current, True),
        }
        return all(one == other for one, other in self.verdicts.values())

    def _keys(self, node: Node) -> list[ServiceId]:
        return sorted(node.services.keys() - {node.keep.id})

    def told(self) -> str:
        lines = [f"seed {self.seed}: {' '.join(self.path)}"]
        lines += [f"{node.name}: {node.report} {node.doing}" for node in self.nodes]
        for what, (found, wanted) in getattr(self, "verdicts", {}).items():
            if found != wanted:
                lines += [f"{what}:", f"  {found}", "and not", f"  {wanted}"]
        return "\n".join(lines)


_PAIR: Final = ("here", "there")


async def _owned(node: Node) -> object:
    async with node.fresh() as backend:
        return await backend.owned()


async def walk(seed: int, row: Row, server: Any, tmp: Path) -> None:
    this = Walk(seed, row, server, tmp)
    try:
        async with this.opened():
            await this.go()
            await this.rounds()
            await this.settle_disputes()
            await eventually(this.agrees, "all agree", DEADLINE)
            await this.all_stand()
            assert this.reader.missed == []
            for before, after in this.traces:
                assert before.items() <= after.items()
    except Exception as error:
        raise AssertionError(f"{error!r}\n{this.told()}") from error


@pytest.mark.parametrize(
    "row", parameters(lambda row: row.outlives and row.server), indirect=True
)
async def test_a_registry_holds_the_truth_after_a_walk(
    row: Row, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    start = request.getfixturevalue(f"start_{row.server}")
    servers = [start({}) for _ in SEEDS]
    async with asyncio.TaskGroup() as walks:
        for seed, server in zip(SEEDS, servers, strict=True):
            states = tmp_path / str(seed)
            states.mkdir()
            walks.create_task(walk(seed, row, server, states), name=f"walk {seed}")
