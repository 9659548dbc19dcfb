"""Which znodes are ours, and which steps change them.

Pure. Every record has a mark: a znode in our own index, made and removed in the same
transaction as the record, which says where that is. So what is ours is found without
looking at what is not, and formats that others read stay as they are.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from registrator.model import ServiceId
from registrator_backends.zookeeper.paths import (
    child,
    escaped,
    leaf,
    parent,
)
from registrator_backends.zookeeper.znode import Create, Delete, Step, Write

ROOT: Final = "registrator.owners"
"""The name of the index, below the root of what we may see."""

_NUMBERED: Final = re.compile(r"(.*)[0-9]{10}", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooKeeperRecord:
    """What ZooKeeper keeps of one service."""

    directory: str
    """The znode of the service's name."""
    name: str
    """The znode below it; without the number that the server adds, where it does."""
    data: bytes

    @property
    def path(self) -> str:
        """Where it is, but for that number."""
        return child(self.directory, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One entry of the index."""

    id: ServiceId
    path: str
    """Where the record is."""
    held: bool
    """Whether it lives as long as it should: with our session, or for ever."""
    pending: bool = False
    """Whether the record's number is still to be written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record that is there."""

    data: bytes
    held: bool


class Index:
    """What we know to be ours.

    Planning a change counts it as done: whoever learns that it failed, or does not
    learn what came of it, must have the entries read anew.
    """

    def __init__(self, root: str, *, owner: int, sequential: bool) -> None:
        self.root = root
        self.owner = owner
        """The session that our records should end with; 0 where they should stay."""
        self._sequential = sequential
        self._marks: dict[ServiceId, Mark] = {}
        self._kept: dict[str, Kept] = {}

    @property
    def records(self) -> Mapping[ServiceId, ZooKeeperRecord]:
        """All records that are there."""
        return {
            key: self._record(mark.path, self._kept[mark.path].data)
            for key, mark in self._marks.items()
            if mark.path in self._kept
        }

    @property
    def unheld(self) -> Mapping[ServiceId, ZooKeeperRecord]:
        """Those of them that would go with a session that is not ours."""
        return {
            key: record
            for key, record in self.records.items()
            if not (self._marks[key].held and self._kept[self._marks[key].path].held)
        }

    def mark_path(self, key: ServiceId) -> str:
        """Say where the mark of a service is."""
        return child(self.root, escaped(key))

    def find(self, key: ServiceId) -> Mark | None:
        """Look a service's mark up."""
        return self._marks.get(key)

    def names(self, path: str) -> bool:
        """Whether a mark of ours says that a record is at *path*."""
        return any(mark.path == path for mark in self._marks.values())

    def forget(self, key: ServiceId) -> None:
        """Know nothing of a service any more."""
        mark = self._marks.pop(key, None)
        if mark is not None and not self.names(mark.path):
            self._kept.pop(mark.path, None)

    def note(self, mark: Mark, record: Kept | None) -> None:
        """Take in what the store holds of one service."""
        self.forget(mark.id)
        self._marks[mark.id] = mark
        if record is not None:
            self._kept[mark.path] = record

    def adopt(self, path: str, data: bytes) -> None:
        """Count a znode of another's as ours, to be put anew."""
        self._kept[path] = Kept(data=data, held=False)

    def put(self, key: ServiceId, record: ZooKeeperRecord) -> tuple[Step, ...]:
        """Plan what makes a record as wanted; nothing where it is."""
        mark = self._marks.get(key)
        target, pending = record.path, self._sequential
        if pending and mark is not None and self._fits(mark, record):
            target, pending = mark.path, False
        # What has no number yet is kept where nothing can be.
        place = child(target, key) if pending else target
        steps = [
            *self._steps_of_mark(key, mark, target),
            *self._steps_of_record(place, target, record.data),
        ]
        self._marks[key] = Mark(id=key, path=place, held=True, pending=pending)
        self._kept[place] = Kept(data=record.data, held=True)
        if mark is not None and mark.path != place:
            steps += self._remove(mark.path)
        return tuple(steps)

    def numbered(self, key: ServiceId, path: str) -> Step | None:
        """Take in which path a new record got; the step that writes down its number."""
        mark = self._marks.get(key)
        if mark is None or not mark.pending:
            return None
        self._kept[path] = self._kept.pop(mark.path)
        self._marks[key] = replace(mark, path=path, pending=False)
        return Write(path=self.mark_path(key), data=written_mark(key, path))

    def drop(self, key: ServiceId) -> tuple[Step, ...]:
        """Plan the removal of what is ours of a service; nothing where that is none."""
        mark = self._marks.pop(key, None)
        if mark is None:
            return ()
        return Delete(path=self.mark_path(key)), *self._remove(mark.path)

    def _fits(self, mark: Mark, record: ZooKeeperRecord) -> bool:
        """Whether a numbered record can stay where it is."""
        kept = self._kept.get(mark.path)
        return (
            kept is not None
            and kept.held
            and self._record(mark.path, b"").path == record.path
        )

    def _steps_of_mark(
        self, key: ServiceId, mark: Mark | None, target: str
    ) -> Iterator[Step]:
        path, data = self.mark_path(key), written_mark(key, target)
        if mark is not None and mark.held:
            if mark.path != target:
                yield Write(path=path, data=data)
            return
        if mark is not None:
            yield Delete(path=path)
        yield Create(path=path, data=data, ephemeral=self.owner != 0)

    def _steps_of_record(self, place: str, target: str, data: bytes) -> Iterator[Step]:
        kept = self._kept.get(place)
        if kept is not None and kept.held:
            if kept.data != data:
                yield Write(path=target, data=data)
            return
        if kept is not None:
            yield Delete(path=target)
        yield Create(
            path=target,
            data=data,
            ephemeral=self.owner != 0,
            sequential=self._sequential,
        )

    def _remove(self, path: str) -> Iterator[Step]:
        """Remove a record unless another service of ours is at the same place."""
        if not self.names(path) and self._kept.pop(path, None) is not None:
            yield Delete(path=path)

    def _record(self, path: str, data: bytes) -> ZooKeeperRecord:
        name = leaf(path)
        numbered = _NUMBERED.fullmatch(name) if self._sequential else None
        return ZooKeeperRecord(
            directory=parent(path), name=numbered[1] if numbered else name, data=data
        )


def written_mark(key: ServiceId, path: str) -> bytes:
    """Write a mark."""
    return json.dumps({"id": key, "path": path}, separators=(",", ":")).encode()


def read_mark(data: bytes) -> tuple[ServiceId, str] | None:
    """Read a mark: whose it is, and where; None where it is none."""
    try:
        found: dict[str, Any] = json.loads(data)
        key, path = found["id"], found["path"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (isinstance(key, str) and isinstance(path, str) and path.startswith("/")):
        return None
    return ServiceId(key), path


def is_numbered(path: str) -> bool:
    """Whether the server has given a number to what is at *path*."""
    return _NUMBERED.fullmatch(path) is not None
