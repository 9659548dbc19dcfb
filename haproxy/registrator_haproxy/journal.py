"""What was done to HAProxy, and what was not, and why: the last of it, and counts.

Pure: who makes one gives it the clock. It holds a bounded number of entries, and of
something that stays as it is it tells once.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

from registrator_haproxy import causes
from registrator_haproxy.difference import Act
from registrator_haproxy.guard import Belief

MOST: Final = 200
"""Entries that are kept."""
_NAMED: Final = 10
"""Servers that one entry names."""


class Kind(StrEnum):
    """What an entry tells of."""

    RUNTIME = auto()
    """Servers were changed while HAProxy runs."""
    RELOAD = auto()
    FAILURE = auto()
    """HAProxy could not be made as it is to be; it is tried again."""
    REFUSAL = auto()
    """Something was left out: an entry, a service, or a whole configuration."""
    HELD = auto()
    """A registry is not believed, and the servers stand."""
    BELIEVED = auto()
    """It is believed again."""
    CONFIGURATION = auto()
    """Another one is in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    at: float
    """By the clock of the journal."""
    kind: Kind
    what: str
    why: str


class Journal:
    """The last entries, and how often each kind came for each cause."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=MOST)
        self._counts: Counter[tuple[Kind, str]] = Counter()
        self._doubts: Mapping[tuple[str, str], str] = {}
        self._refused: Mapping[str, Sequence[str]] = {}
        self._trouble = ""
        self._unconfigured = ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The last of them, oldest first."""
        return tuple(self._entries)

    @property
    def counts(self) -> Mapping[tuple[Kind, str], int]:
        """How often something happened, by kind and cause, since the start."""
        return dict(self._counts)

    @property
    def trouble(self) -> str:
        """Why HAProxy is not as it is to be; "" where it is."""
        return self._trouble or self._unconfigured

    @property
    def refused(self) -> Mapping[str, Sequence[str]]:
        """By service: the entries that are left out by now, and why."""
        return self._refused

    def did(self, act: Act, backend: str, servers: Sequence[str]) -> None:
        """Some servers of a backend were changed while HAProxy runs."""
        if not servers:
            return
        more = len(servers) - _NAMED
        names = ", ".join(servers[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        self._note(Kind.RUNTIME, act, f"{act} {backend}: {names}", "", len(servers))

    def reloaded(self, reasons: Sequence[str]) -> None:
        """HAProxy was reloaded; it is counted for the first of the reasons."""
        cause = causes.of_reload(reasons[0]) if reasons else causes.OTHER
        self._note(Kind.RELOAD, cause, "reloaded", "; ".join(reasons))

    def failed(self, trouble: str, cause: str = causes.OTHER) -> None:
        """HAProxy could not be made as it is to be; with "" it could."""
        if trouble and trouble != self._trouble:
            self._note(Kind.FAILURE, cause, "what runs goes on", trouble)
        self._trouble = trouble

    def left_out(self, refused: Mapping[str, Sequence[str]]) -> None:
        """Of these services entries are left out: all that are by now."""
        for service, sentences in refused.items():
            known = self._refused.get(service, ())
            for each in sentences:
                if each not in known:
                    self._note(Kind.REFUSAL, "entry", service, each)
        self._refused = refused

    def quarantined(self, services: Mapping[str, Sequence[str]]) -> None:
        """HAProxy takes a configuration but for these services."""
        for service, sentences in services.items():
            self._note(Kind.REFUSAL, "service", service, "; ".join(sentences))

    def configured(self, file: str) -> None:
        """Another configuration is in use."""
        self._unconfigured = ""
        self._note(Kind.CONFIGURATION, "changed", file, "")

    def unconfigured(self, file: str, why: str) -> None:
        """Another configuration was refused as a whole."""
        self._unconfigured = f"the configuration stays as it was: {why}"
        self._note(Kind.REFUSAL, "configuration", file, why)

    def doubted(self, beliefs: Mapping[tuple[str, str], Belief]) -> None:
        """Of these services and registries this is believed by now."""
        doubts = {
            origin: each.why for origin, each in beliefs.items() if _is_held(each)
        }
        for origin, why in doubts.items():
            if _is_another(self._doubts.get(origin, ""), why):
                self._note(Kind.HELD, causes.of_doubt(why), " from ".join(origin), why)
        for origin in self._doubts:
            if origin in doubts or origin not in beliefs:
                continue
            self._note(Kind.BELIEVED, "again", " from ".join(origin), "")
        self._doubts = doubts

    def _note(
        self, kind: Kind, cause: str, what: str, why: str, count: int = 1
    ) -> None:
        self._entries.append(Entry(at=self._clock(), kind=kind, what=what, why=why))
        self._counts[kind, cause] += count


def _is_held(belief: Belief) -> bool:
    """Whether a doubt matters: what never showed anything has nothing to hold."""
    return bool(belief.why and belief.believed) or (
        causes.of_doubt(belief.why) == "expired"
    )


def _is_another(before: str, why: str) -> bool:
    """Whether it is doubted for something else: of a loss the numbers change."""
    return not before or causes.of_doubt(before) != causes.of_doubt(why)
