"""Znodes as they were read, each for as long as it is known not to have changed.

Every reading sets a watch. A server tells of a change before it gives any answer by
which it could be seen, on the same connection (Programmer's Guide, "What ZooKeeper
Guarantees about Watches"). So one answer proves that all up to it was heard, and what
nothing was heard of is as it was.
"""

from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Final, TypeVar

from registrator_backends.zookeeper.link import Link, Watcher
from registrator_backends.zookeeper.znode import Fault, Znode

_AGAIN: Final = 4  # znodes read anew each time, though nothing was heard of them

T = TypeVar("T")


class ZnodeCache:
    """What was read over one link, whose end takes the watches away.

    One reading at a time. A watch is ZooKeeper's: it tells once, and goes with its
    znode.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._watcher = link.watcher(self._heard)
        self._znodes: dict[str, Znode] = {}  # what was read the longest ago comes first
        self._names: dict[str, tuple[str, ...]] = {}
        self._untold: set[str] = set()

    async def catch_up(self) -> None:
        """Hear of all that was changed before this; what is kept is true then.

        But for what is told to nobody: an ACL that changes, and from 3.8.4 on also
        what becomes of a znode that we may not read any more (CVE-2024-23944). So a
        few znodes are forgotten each time, to be read anew, all of them in turn.
        """
        await self.link.sync()
        for path in tuple(islice(self._znodes, _AGAIN)):
            del self._znodes[path]

    async def get(self, paths: Iterable[str]) -> list[Znode | Fault]:
        """Say what znodes are, reading those that may have changed."""
        return await self._look(self.link.get, self._znodes, tuple(paths))

    async def children(self, paths: Iterable[str]) -> list[tuple[str, ...] | Fault]:
        """Say which names are below znodes, listing what may have changed."""
        return await self._look(self.link.children, self._names, tuple(paths))

    def keep(self, paths: Iterable[str]) -> None:
        """Forget all znodes but these."""
        for path in self._znodes.keys() - set(paths):
            del self._znodes[path]

    async def _look(
        self,
        ask: Callable[[Iterable[str], Watcher], Awaitable[list[T | Fault]]],
        kept: dict[str, T],
        paths: tuple[str, ...],
    ) -> list[T | Fault]:
        found: dict[str, T | Fault] = {p: kept[p] for p in paths if p in kept}
        due = [path for path in paths if path not in found]
        self._untold = set(due)
        answers = await ask(due, self._watcher)
        for path, answer in zip(due, answers, strict=True):
            found[path] = answer
            # What is not there has no watch; what changed meanwhile has none left.
            if not isinstance(answer, Fault) and path in self._untold:
                kept[path] = answer
        return [found[path] for path in paths]

    def _heard(self, path: str) -> None:
        self._untold.discard(path)
        self._znodes.pop(path, None)
        self._names.pop(path, None)
