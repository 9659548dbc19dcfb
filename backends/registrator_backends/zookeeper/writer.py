"""Brings planned changes into the store: many in one transaction, else one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from registrator.model import ServiceId
from registrator_backends.zookeeper.index import Index
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.marks import MarkReader
from registrator_backends.zookeeper.paths import above, parent
from registrator_backends.zookeeper.znode import Create, Fault, Step

Plan = Callable[[], tuple[Step, ...]]
"""Plans one service's change against the index, which counts it as done."""
Group = tuple[ServiceId, tuple[Step, ...]]

_MOST: Final = 50  # services in one transaction
_LARGEST: Final = 256 * 1024  # octets in one; servers cut off at a megabyte
_TRIES: Final = 3
_PASSING: Final = frozenset({Fault.MISSING, Fault.EXISTS})  # as of what another did


class Writer:
    """Writes over one link; *known* are the directories that were seen there."""

    def __init__(
        self, link: Link, index: Index, reader: MarkReader, known: set[str]
    ) -> None:
        self._link, self._index, self._reader = link, index, reader
        self._known = known
        self.barred: dict[str, Fault] = {}
        """Directories that could not be made, and why."""

    async def write(self, plans: Mapping[ServiceId, Plan]) -> dict[ServiceId, Fault]:
        """Carry plans out; what came in the way of those that were not.

        Where that is a znode that is missing, `barred` may say why.
        """
        groups = [(key, plan()) for key, plan in plans.items()]
        chunks = list(_chunks(group for group in groups if group[1]))
        failed = await self._commit(chunks)
        if not failed:
            return {}
        await self._reader.read_some(self._index, failed)
        faults = {key: await self._alone(key, plans[key]) for key in failed}
        return {key: fault for key, fault in faults.items() if fault is not None}

    async def _alone(self, key: ServiceId, plan: Plan) -> Fault | None:
        fault: Fault | None = None
        for _ in range(_TRIES):
            steps = plan()
            if not steps:
                return None
            fault = (await self._commit([[(key, steps)]])).get(key)
            if fault is None:
                return None
            await self._reader.read_some(self._index, [key])
            self._known.clear()
            if fault not in _PASSING:
                return fault
        return fault

    async def _commit(
        self, chunks: Sequence[Sequence[Group]]
    ) -> dict[ServiceId, Fault]:
        """Commit each chunk as a whole; what came in the way, for all that it held."""
        await self._prepare(steps for chunk in chunks for _, steps in chunk)
        answers = await self._link.commit([_steps(chunk) for chunk in chunks])
        failed: dict[ServiceId, Fault] = {}
        numbers: list[Group] = []
        for chunk, answer in zip(chunks, answers, strict=True):
            if isinstance(answer, Fault):
                failed |= dict.fromkeys((key for key, _ in chunk), answer)
            else:
                numbers += self._numbers(chunk, answer)
        await self._link.commit([_steps(chunk) for chunk in _chunks(numbers)])
        return failed

    def _numbers(
        self, chunk: Sequence[Group], created: Sequence[str]
    ) -> Iterator[Group]:
        """Take in the numbers that new records got, and plan to write them down."""
        paths = iter(created)
        for key, steps in chunk:
            made = [next(paths) for step in steps if isinstance(step, Create)]
            step = self._index.numbered(key, made[-1]) if made else None
            if step is not None:
                yield key, (step,)

    async def _prepare(self, groups: Iterable[tuple[Step, ...]]) -> None:
        """Make the directories that are missing; the highest first, all at once."""
        needed = {
            path: None
            for steps in groups
            for step in steps
            if isinstance(step, Create)
            for path in above(parent(step.path))
            if path not in self._known
        }
        # One that cannot be made may be there: what needs it will tell.
        answers = await self._link.commit([[Create(path=path)] for path in needed])
        self._known.update(needed)
        for path, answer in zip(needed, answers, strict=True):
            if isinstance(answer, Fault) and answer is not Fault.EXISTS:
                self.barred[path] = answer


def _steps(chunk: Sequence[Group]) -> list[Step]:
    return [step for _, steps in chunk for step in steps]


def _chunks(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """Put together what fits into one transaction.

    A record that is to get a number has one of its own: as long as the number is not
    written down, the transaction tells which record belongs to a mark.
    """
    chunk: list[Group] = []
    size = 0
    for key, steps in groups:
        octets = sum(len(getattr(step, "data", b"")) + len(step.path) for step in steps)
        alone = any(isinstance(step, Create) and step.sequential for step in steps)
        full = len(chunk) == _MOST or size + octets > _LARGEST or alone
        if chunk and full:
            yield chunk
            chunk, size = [], 0
        if alone:
            yield [(key, steps)]
            continue
        chunk.append((key, steps))
        size += octets
    if chunk:
        yield chunk
