"""Which server has which prepared place of a backend. Pure.

Some backends take no servers at work: they have places from the start, which are given
an address when a server comes and lose it when it has left. Whoever has a place keeps
it; one that was left is free when nobody is at it any more. The file has them all, so
that the next start finds everybody where they are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from registrator_haproxy.layout import NOWHERE, UNUSED, Backend, Layout, Server

_LINE: Final = re.compile(r"\tserver (slot\d{1,6}) (\S+)(.*)", re.ASCII)
_NAME: Final = re.compile(r"slot\d{1,6}", re.ASCII)
_MOST: Final = 4096
"""As many places as a backend may grow to have."""


class Live(Protocol):
    """What has to be known of a place that HAProxy has."""

    @property
    def place(self) -> str:
        """Where it leads to, as the file says it."""

    @property
    def ready(self) -> bool:
        """Whether it is neither drained nor in maintenance."""

    @property
    def unused(self) -> bool:
        """Whether it leads nowhere, and nobody is let in."""


@dataclass(slots=True)
class _Places:
    count: int = 0
    taken: dict[str, str] = field(default_factory=dict)
    """Who has which, by address and port."""
    left: dict[str, str] = field(default_factory=dict)
    """Who had which, and may still be talked to."""


class Slots:
    """The places of all backends that have any."""

    def __init__(self, text: str = "") -> None:
        """Go on from what HAProxy's file says."""
        self._places = dict(_read(text))
        self._filled: dict[str, tuple[Backend, Backend]] = {}

    def fill(self, layout: Layout) -> Layout:
        """Give every server its place; backends without places are as they were."""
        backends = {
            name: each if each.spare is None else self._fill(each, each.spare)
            for name, each in layout.backends.items()
        }
        return replace(layout, backends=backends)

    def find(self, lives: Mapping[str, Mapping[str, Live]]) -> None:
        """Go on from what runs: the file may lag behind that; by backend, name."""
        for backend, found in lives.items():
            places = {n: each for n, each in found.items() if _NAME.fullmatch(n)}
            taken = {
                slot: live.place
                for slot, live in places.items()
                if live.ready and not live.unused
            }
            if places:
                self._places[backend] = _Places(len(places), taken)
        self._filled.clear()
        self.see(lives)

    def see(self, lives: Mapping[str, Mapping[str, Live]]) -> None:
        """Take note of places that have become free, or are not; by backend, name."""
        for backend, found in lives.items():
            places = self._places.get(backend)
            if places is None:
                continue
            places.left = {
                slot: live.place
                for slot, live in found.items()
                if slot not in places.taken
                and not live.unused
                and _NAME.fullmatch(slot)
            }

    def begin_anew(self) -> None:
        """Take note that another worker has the file's places: nobody has left one."""
        for places in self._places.values():
            places.left.clear()

    def _fill(self, backend: Backend, spare: Server) -> Backend:
        before = self._filled.get(backend.name)
        if before is None or before[0] is not backend:
            before = backend, self._laid_out(backend, spare)
            self._filled[backend.name] = before
        return before[1]

    def _laid_out(self, backend: Backend, spare: Server) -> Backend:
        places = self._places.setdefault(backend.name, _Places())
        wanted = {each.place: each for each in backend.servers[:_MOST]}
        known = {place: slot for slot, place in (places.left | places.taken).items()}
        kept = {known[place]: place for place in wanted if place in known}
        left = {
            slot: place
            for slot, place in (places.left | places.taken).items()
            if slot not in kept
        }
        count = max(backend.slots, places.count)
        while count < len(wanted) + len(left):
            count *= 2
        names = [f"slot{number}" for number in range(1, count + 1)]
        free = (name for name in names if name not in kept and name not in left)
        new = (place for place in wanted if place not in known)
        taken = kept | {next(free): place for place in new}
        self._places[backend.name] = _Places(count, taken, left)
        empty = replace(spare, options=(*spare.options, UNUSED))
        servers = (
            replace(wanted[taken[name]] if name in taken else empty, name=name)
            for name in names
        )
        return replace(backend, servers=tuple(servers))


def _read(text: str) -> Iterator[tuple[str, _Places]]:
    """Find who has which place in a file of ours."""
    for section in text.split("\n\n"):
        title, *lines = section.split("\n")
        kind, _, name = title.partition(" ")
        found = [match for line in lines if (match := _LINE.fullmatch(line))]
        if kind != "backend" or not found:
            continue
        taken = {
            slot: place
            for slot, place, words in (match.groups() for match in found)
            if UNUSED not in words.split() or place != f"{NOWHERE[0]}:{NOWHERE[1]}"
        }
        yield name, _Places(len(found), taken)
