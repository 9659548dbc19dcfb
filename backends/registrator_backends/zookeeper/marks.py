"""Reads which records are ours: our index, and what it names."""

from collections.abc import Awaitable, Callable, Iterable

from registrator.errors import Unavailable
from registrator.model import ServiceId
from registrator_backends.zookeeper.cache import ZnodeCache
from registrator_backends.zookeeper.index import (
    Index,
    Kept,
    Mark,
    is_numbered,
    read_mark,
)
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.paths import child, leaf, parent
from registrator_backends.zookeeper.znode import Fault, Znode

Get = Callable[[Iterable[str]], Awaitable[list[Znode | Fault]]]


class MarkReader:
    """Fills an index from the store; only records below *base* are ever ours.

    They are right below a name there, or, if it is *deep*, anywhere.
    """

    def __init__(
        self, uri: str, link: Link, base: str, *, sequential: bool, deep: bool = False
    ) -> None:
        self._uri, self._link, self._base = uri, link, base
        self._sequential, self._deep = sequential, deep

    async def read_all(self, index: Index, cache: ZnodeCache) -> None:
        """Read everything, from *cache* what is known there; never a part."""
        await cache.catch_up()
        (names,) = await cache.children([index.root])
        if names is Fault.MISSING:
            return
        if isinstance(names, Fault):
            raise Unavailable(f"{self._uri}: {index.root}: {names.value}")
        marks = [child(index.root, name) for name in names]
        records = await self._read(index, marks, cache.get)
        cache.keep([*marks, *records])

    async def read_some(self, index: Index, keys: Iterable[ServiceId]) -> None:
        """Read anew what the store holds of some services."""
        wanted = tuple(keys)
        for key in wanted:
            index.forget(key)
        paths = [index.mark_path(key) for key in wanted]
        await self._read(index, paths, self._link.get)

    async def _read(self, index: Index, paths: Iterable[str], get: Get) -> set[str]:
        """Take in what marks say, and the records that they name; where those are."""
        marks: dict[Mark, Znode] = {}
        for path, found in await self._each(paths, get):
            read = read_mark(found.data)
            if read is None or not self._is_ours(index, path, *read):
                continue
            key, place = read
            pending = self._sequential and not is_numbered(place)
            held = found.owner == index.owner
            marks[Mark(id=key, path=place, held=held, pending=pending)] = found
        settled = {
            await self._settled(mark, found) if mark.pending else mark: None
            for mark, found in marks.items()
        }
        named = {mark.path for mark in settled}
        records = dict(await self._each(named, get))
        for mark in settled:
            record = records.get(mark.path)
            index.note(
                mark,
                Kept(data=record.data, held=record.owner == index.owner)
                if record is not None
                else None,
            )
        return named

    async def _settled(self, mark: Mark, found: Znode) -> Mark:
        """Find a record whose number nobody wrote down: made with its mark."""
        (names,) = await self._link.children([parent(mark.path)])
        prefix = leaf(mark.path)
        paths = [
            child(parent(mark.path), name)
            for name in (() if isinstance(names, Fault) else names)
            if name.startswith(prefix)
        ]
        for path, record in await self._each(paths, self._link.get):
            if record.created == found.changed:
                return Mark(id=mark.id, path=path, held=False)
        return mark

    async def _each(self, paths: Iterable[str], get: Get) -> list[tuple[str, Znode]]:
        """Read those that are there; raise `Unavailable` where one may not be read."""
        asked = tuple(paths)
        found: list[tuple[str, Znode]] = []
        answers = await get(asked)
        for path, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Znode):
                found.append((path, answer))
            elif answer is not Fault.MISSING:
                raise Unavailable(f"{self._uri}: {path}: {answer.value}")
        return found

    def _is_ours(self, index: Index, path: str, key: ServiceId, place: str) -> bool:
        """Whether a mark stands where its id says, and names what could be ours."""
        below = place.startswith(f"{self._base}/")
        depth = place[len(self._base) :].count("/")
        fits = depth == 2 or (self._deep and depth > 1)
        return below and fits and index.mark_path(key) == path
