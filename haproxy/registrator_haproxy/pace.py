"""When a change is made: once it is quiet, and when this host's turn has come. Pure.

Who calls says what time it is, in seconds, and gives what is left to chance.
"""

import hashlib
import math
import re
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_SETTLE: Final = re.compile(r"(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?", re.ASCII)
_LONGEST: Final = 3600.0
_LONGER: Final = 4
"""How many times as long as the shortest wait the longest is, if that is not said."""
_BY_CHANCE: Final = 0.25
"""The share of a host's turn that is another one each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """How long changes are awaited, so that several are made together; in seconds."""

    quiet: float = 0.0
    """For how long nothing else has to change."""
    longest: float = 0.0
    """After how long a change is made, although others go on."""

    def __str__(self) -> str:
        return f"{self.quiet:g}:{self.longest:g}"


def read_settle(said: object) -> Settle:
    """Read `MIN:MAX`, or `MIN` alone; raise ValueError.

    A number is none: YAML takes 2:10 without quotes for 130.
    """
    found = _SETTLE.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise ValueError(f'{said!r:.40} is no wait: give "MIN:MAX" in seconds, quoted')
    quiet = float(found[1])
    longest = float(found[2]) if found[2] else quiet * _LONGER
    if not quiet <= longest <= _LONGEST:
        raise ValueError(
            f"a wait of at least {quiet:g} and at most {longest:g} s: the first is not"
            f" above the second, and that not above {_LONGEST:g}"
        )
    return Settle(quiet=quiet, longest=longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Generic[T]):
    """What is in effect while what is wanted goes on changing."""

    value: T
    wanted: T
    first: float = math.inf
    """When something else was first wanted than what is in effect."""
    last: float = math.inf
    """When what is wanted changed last."""
    until: float | None = None
    """When what is wanted will be in effect; None: it is."""


def settle(
    before: Settled[T] | None, wanted: T, wait: Settle, now: float
) -> Settled[T]:
    """Say what is in effect now that this is wanted; the first is so at once."""
    if before is None or wanted == before.value:
        return Settled(value=wanted, wanted=wanted)
    last = before.last if wanted == before.wanted else now
    first = min(before.first, now)
    until = min(last + wait.quiet, first + wait.longest)
    if now >= until:
        return Settled(value=wanted, wanted=wanted)
    return replace(before, wanted=wanted, first=first, last=last, until=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloads:
    """How far reloads are apart, on one host and in a fleet."""

    interval: float = 2.0
    """Seconds from one to the next."""
    jitter: float = 0.0
    """Over which share of that the hosts of a fleet are spread."""
    host: str = ""

    def due(self, wanted: float, last: float | None, chance: float) -> float:
        """Say when the one that is *wanted* since then is made.

        *last*: when the last was; the first of all is made at once. *chance*, from 0
        to 1, is drawn anew for each: each host keeps its turn, by and large, and two
        that have the same one do not always meet.
        """
        if last is None:
            return wanted
        place = (1 - _BY_CHANCE) * _turn(self.host) + _BY_CHANCE * chance
        return max(last + self.interval, wanted + self.interval * self.jitter * place)


def _turn(host: str) -> float:
    """Spread hosts from 0 to 1."""
    digest = hashlib.blake2b(host.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
