"""An instance that comes and goes is held out, for longer the more it does. Pure.

Each time that one goes it is given a point, and in a half-life it loses half of those
that it has. With too many it is held out until few are left. Who calls says what time
it is, in seconds. Source: RFC 2439, section 4, "Route Flap Damping".
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How much coming and going is borne."""

    suppress: float = 3.0
    """The points above which an instance is held out: four goings in a row have it."""
    reuse: float = 1.0
    """Those at which it is let in again."""
    half_life: float = 60.0
    longest: float = 600.0
    """For how long one that has ceased to come and go may be held out."""

    @property
    def most(self) -> float:
        """The most points: with these it is held out for the longest time."""
        # What has more than the highest number of a float is held out for ever.
        return self.reuse * 2 ** min(self.longest / self.half_life, 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is held against one instance."""

    points: float
    at: float
    """When it had these."""
    held: bool = False
    """Whether it is to be held out."""

    def left(self, patience: Patience, now: float) -> float:
        """Say how many points it still has."""
        return self.points * 2 ** (-(now - self.at) / patience.half_life)

    def until(self, patience: Patience) -> float:
        """Say when it will be let in, if it does not go again."""
        return self.at + patience.half_life * math.log2(self.points / patience.reuse)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is held against the instances of one registry, by their keys."""

    marks: Mapping[str, Mark] = field(default_factory=dict)

    def after(self, gone: Collection[str], patience: Patience, now: float) -> Self:
        """Say what is held against them now that these are *gone*."""
        return type(self)(
            {
                key: mark
                for key in {**self.marks, **dict.fromkeys(gone)}
                if (mark := self._mark(key, key in gone, patience, now))
            }
        )

    def held(
        self, present: Collection[str], share: float, patience: Patience
    ) -> Mapping[str, float]:
        """Say which of those that are *present* are held out, and until when.

        They are never all, and no more than this *share*: where most come and go, the
        registry is in doubt rather than they.
        """
        ripe = [key for key in present if key in self.marks and self.marks[key].held]
        if not ripe:
            return {}
        most = min(math.floor(share * len(present)), len(present) - 1)
        worst = sorted(ripe, key=lambda key: (-self._until(key, patience), key))
        return {key: self._until(key, patience) for key in worst[:most]}

    def _until(self, key: str, patience: Patience) -> float:
        return self.marks[key].until(patience)

    def _mark(
        self, key: str, gone: bool, patience: Patience, now: float
    ) -> Mark | None:
        before = self.marks.get(key)
        if before is not None and not gone:
            over = now >= before.until(patience)
            # One that has few is soon forgotten, and until then not as good as new.
            if over and before.left(patience, now) < patience.reuse / 2:
                return None
            held = before.held and not over
            return Mark(points=before.points, at=before.at, held=held)
        points = 1.0 + (0.0 if before is None else before.left(patience, now))
        held = points > patience.suppress or (
            before is not None and before.held and now < before.until(patience)
        )
        return Mark(points=min(points, patience.most), at=now, held=held)
