"""What is believed of a registry that may be wrong: the last good servers stand.

Pure: who calls says what time it is. A registry that is away, was emptied, or shows
half of what it did must not take down what works. What it adds is believed at once, for
a server that does not answer does no harm; what it takes away is believed when it is
little, or has lasted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from registrator.model import Instance

Instances = Mapping[str, Instance]

AWAY: Final = "the registry is away"
"""Why a registry's last servers stand that is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """How much is believed of a service's registry; times are seconds."""

    panic: float = 0.5
    """The share of the servers that may go in one step; 1: all of them."""
    hold: float = 10.0
    """For how long a greater loss has to last until it is believed."""
    keep: float = 0.0
    """For how long the last servers stand while there are none; 0: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is believed of one service, and since when."""

    believed: Instances = field(default_factory=dict)
    """What was shown last without anything against it."""
    instances: Instances = field(default_factory=dict)
    """What is served: the same, and with it what came while something else went."""
    confirmed: float | None = None
    """When a registry last showed that; None: never, it is from an earlier life."""
    doubted: float | None = None
    """Since when the registry shows less than is believed."""
    why: str = ""
    """Why what is served is not what the registry shows; "" where it is."""
    until: float | None = None
    """When to look again, although nothing may have changed."""

    @classmethod
    def of(cls, instances: Instances, confirmed: float | None = None) -> Self:
        """Believe *instances*, and nothing else."""
        return cls(believed=instances, instances=instances, confirmed=confirmed)


def believe(
    before: Belief, shown: Instances | None, caution: Caution, now: float
) -> Belief:
    """Say what is believed now that a registry shows this; None: it is away.

    As many new ones as went are a replacement, and no loss.
    """
    if shown is None:
        return _alone(before, AWAY, caution, now)
    if not shown and before.believed:
        return _alone(before, "the registry shows no servers", caution, now)
    total = len(before.believed)
    loss = total - len(shown)
    doubted = now if before.doubted is None else before.doubted
    if loss <= caution.panic * total or now - doubted >= caution.hold:
        return Belief.of(shown, now)
    return replace(
        before,
        instances={**before.believed, **shown},
        doubted=doubted,
        why=f"{loss} of {total} servers went at once",
        until=doubted + caution.hold,
    )


def _alone(before: Belief, why: str, caution: Caution, now: float) -> Belief:
    """Stand by what was believed last, for as long as that may be."""
    doubted = now if before.doubted is None else before.doubted
    until = doubted + caution.keep if caution.keep else None
    if until is not None and now >= until:
        gone = f"{why}, for longer than what it held may stand"
        return Belief(confirmed=before.confirmed, doubted=doubted, why=gone)
    return replace(
        before, instances=before.believed, doubted=doubted, why=why, until=until
    )
