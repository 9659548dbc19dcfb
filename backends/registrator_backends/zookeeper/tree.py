"""Reads services and hears of their changes: a copy of what stands below one znode."""

import asyncio
from typing import Final

from registrator.backend import Reading
from registrator.errors import Unavailable
from registrator.model import Instance
from registrator_backends.zookeeper.formats import read, said_by_name
from registrator_backends.zookeeper.index import ROOT
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.paths import child, leaf, parent
from registrator_backends.zookeeper.znode import Fault, Znode

HIDDEN: Final = frozenset({"zookeeper", ROOT})
"""Names below the root that are no services."""

_PASSES: Final = 20


class Tree:
    """What is below *base*: names, and below each its instances; or those of one.

    What has changed is looked at again, and nothing else. A watch is ZooKeeper's: it
    tells once, and is set anew with each look.
    """

    def __init__(self, uri: str, link: Link, base: str, name: str = "") -> None:
        self._uri, self._link = uri, link
        self._base, self._only = base or "/", name
        self._found: dict[str, dict[str, Instance | None]] = {}
        self._bell = asyncio.Event()
        self._watcher = link.watcher(self._heard)
        link.when_ended(self._bell.set)
        self._base_is_due = not name
        self._names_due = {name} if name else set()
        self._leaves_due: set[str] = set()

    async def look(self) -> Reading:
        """Look at what has changed since the last time; what there is now.

        ZooKeeper tells of a change before it answers by it. So what was read is all
        of one moment, if nothing was told meanwhile; else it is looked at again. A
        registry that never rests is shown as it comes.
        """
        self._bell.clear()
        for _ in range(_PASSES):
            await self._pass()
            if not (self._base_is_due or self._names_due or self._leaves_due):
                break
        every = [
            (child(child(self._base, name), each), instance)
            for name, instances in self._found.items()
            for each, instance in instances.items()
        ]
        return Reading(
            instances={path: found for path, found in every if found is not None},
            skipped=sum(found is None for _, found in every),
        )

    async def changed(self) -> None:
        """Wait until something may have changed; raise `Unavailable` at the end."""
        await self._bell.wait()
        if self._link.ended.is_set():
            raise Unavailable(f"{self._uri}: the connection broke off")

    async def _pass(self) -> None:
        if self._base_is_due:
            self._base_is_due = False
            await self._look_at_base()
        names, self._names_due = self._names_due, set()
        await self._look_at_names(sorted(names))
        leaves, self._leaves_due = self._leaves_due, set()
        await self._look_at_leaves(sorted(leaves))

    def _heard(self, path: str) -> None:
        if path == self._base and not self._only:
            self._base_is_due = True
        elif parent(path) == self._base:
            self._names_due.add(leaf(path))
        else:
            self._leaves_due.add(path)
        self._bell.set()

    async def _look_at_base(self) -> None:
        listed = await self._children(self._base)
        hidden = HIDDEN if self._base == "/" else frozenset()
        names = set(listed) - hidden
        for name in self._found.keys() - names:
            del self._found[name]
        for name in names - self._found.keys():
            self._found[name] = {}
            self._names_due.add(name)

    async def _children(self, path: str) -> tuple[str, ...]:
        """List the names below a znode that need not be there (yet)."""
        while True:
            (listed,) = await self._link.children([path], self._watcher)
            if not isinstance(listed, Fault):
                return listed
            if listed is not Fault.MISSING:
                raise Unavailable(f"{self._uri}: {path}: {listed.value}")
            if not await self._link.exists(path, self._watcher):
                return ()

    async def _look_at_names(self, names: list[str]) -> None:
        if self._only and names:
            self._list(self._only, await self._children(child(self._base, self._only)))
            return
        known = [name for name in names if name in self._found]
        directories = [child(self._base, name) for name in known]
        answers = await self._link.children(directories, self._watcher)
        for name, listed in zip(known, answers, strict=True):
            if listed is Fault.MISSING:
                # The base is due as well. By then it may be there again: as a new one.
                self._found.pop(name, None)
            else:
                self._list(name, () if isinstance(listed, Fault) else listed)

    def _list(self, name: str, leaves: tuple[str, ...]) -> None:
        before = self._found.get(name, {})
        self._found[name] = {each: before.get(each) for each in leaves}
        for each in leaves:
            if each in before:
                continue
            if (instance := said_by_name(name, each)) is not None:
                self._found[name][each] = instance
            else:
                self._leaves_due.add(child(child(self._base, name), each))

    async def _look_at_leaves(self, paths: list[str]) -> None:
        known = [path for path in paths if leaf(path) in self._beside(path)]
        answers = await self._link.get(known, self._watcher)
        for path, answer in zip(known, answers, strict=True):
            if answer is Fault.MISSING:
                self._beside(path).pop(leaf(path), None)
                continue
            self._beside(path)[leaf(path)] = (
                read(leaf(parent(path)), leaf(path), answer.data)
                if isinstance(answer, Znode)
                else None
            )

    def _beside(self, path: str) -> dict[str, Instance | None]:
        """Find the instances of the name that *path* is below."""
        return self._found.get(leaf(parent(path)), {})
