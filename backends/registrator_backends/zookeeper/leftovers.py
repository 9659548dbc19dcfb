"""The znodes of names that records of ours may have left empty."""

from collections.abc import Iterable

from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.znode import Delete, Znode


class Leftovers:
    """Knows which names had a record of ours, and removes those that hold nothing.

    A record may also go by itself, with its session. What could not be tidied, for a
    connection that broke, is tidied the next time.
    """

    def __init__(self) -> None:
        self._ours: set[str] = set()
        self._emptied: set[str] = set()

    def wrote(self, directories: Iterable[str]) -> None:
        """Note where records of ours are now."""
        self._ours.update(directories)

    def dropped(self, directories: Iterable[str]) -> None:
        """Note where records of ours were."""
        self._emptied.update(directories)

    def found(self, directories: Iterable[str]) -> None:
        """Note that records of ours are in these, and nowhere else."""
        there = set(directories)
        self._emptied |= self._ours - there
        self._ours = there

    async def tidy(self, link: Link) -> set[str]:
        """Remove those that hold nothing, no child and no data; say which."""
        if not self._emptied:
            return set()
        asked = tuple(self._emptied)
        found = await link.get(asked)
        empty = {
            path
            for path, znode in zip(asked, found, strict=True)
            if isinstance(znode, Znode) and not znode.children and not znode.data
        }
        await link.commit([[Delete(path=path)] for path in sorted(empty)])
        self._emptied.difference_update(asked)
        return empty
