"""HAProxy's ids for servers: whoever had one gets the same again. Pure.

Sticky tables, cookies by id and whoever reads the statistics go by them.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

Ids = Mapping[str, int]
"""By the servers' names; who was asked for last stands at the end."""

REMEMBERED: Final = 1000
"""Of how many servers that are gone a backend keeps the ids."""


class Numbers:
    """The ids in all backends, those of servers that are gone among them."""

    def __init__(self, known: Mapping[str, Ids] = MappingProxyType({})) -> None:
        self.known = known
        """By backend; a new value with every change, never one that changes."""

    def give(
        self, backend: str, names: Iterable[str], taken: Iterable[int], most: int
    ) -> Ids:
        """Say the id of each server; who comes too late for one gets none.

        *taken* are those of others, *most* is the greatest.
        """
        given, gone = number(self.known.get(backend, {}), names, taken, most)
        self.known = {**self.known, backend: {**gone, **given}}
        return given


def number(
    known: Ids, names: Iterable[str], taken: Iterable[int], most: int
) -> tuple[Ids, Ids]:
    """Give each server the id that it had, or the smallest that nobody had.

    The second are those of servers that are gone, and remembered.
    """
    names = tuple(names)
    used = {*taken}
    given: dict[str, int] = {}
    for name in names:
        if name in known and known[name] not in used:
            used.add(known[name])
            given[name] = known[name]
    left = [name for name in known if name not in given and known[name] not in used]
    gone = {name: known[name] for name in left[-REMEMBERED:]}
    used.update(gone.values())
    free = (each for each in range(1, most + 1) if each not in used)
    new = [name for name in names if name not in given]
    given.update(zip(new, islice(free, len(new)), strict=False))
    return given, gone
