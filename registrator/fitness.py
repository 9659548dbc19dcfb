"""How fit a service is to be used, who says so, and who decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """What a registry's readers may do with a service, in Consul's words."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


class Health(StrEnum):
    """What the engine says about a container's fitness to serve."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    PAUSED = "paused"

    @property
    def status(self) -> Status:
        """Passing, unless the engine says that the container cannot answer."""
        fit = self in {Health.NONE, Health.HEALTHY}
        return Status.PASSING if fit else Status.CRITICAL


class Cause(StrEnum):
    """What may say how fit a service is; of two that say the same the first counts."""

    MAINTENANCE = "maintenance"
    """An operator has taken it out of use: nothing else counts then."""
    ENGINE = "engine"
    """The container engine: its health check, or that the container is paused."""
    CHECK = "check"
    """A check that runs here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one of them says."""

    cause: Cause
    status: Status
    output: str = ""
    """Why, a text for people."""


FIT: Final = Finding(cause=Cause.ENGINE, status=Status.PASSING)
"""What is said of a service of which nobody says anything."""


def worst(findings: Iterable[Finding]) -> Finding:
    """Choose what decides: maintenance, else the worst status; of equals the first."""
    return max(findings, key=_weight, default=FIT)


def _weight(finding: Finding) -> tuple[bool, int]:
    badness = (Status.PASSING, Status.WARNING, Status.CRITICAL).index(finding.status)
    return finding.cause is Cause.MAINTENANCE, badness
