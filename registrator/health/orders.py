"""What is out of use by order: an operator's, or because a container is being stopped.

Nothing here looks at a clock or waits: times are seconds since 1970, and are given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from registrator.bell import Bell
from registrator.errors import Rejected
from registrator.model import ContainerId, Service

MOST: Final = 10_000
"""Orders of each kind that there can be at a time."""


class Scope(StrEnum):
    """What may be put into maintenance, the most particular first."""

    CONTAINER = "container"
    SERVICE = "service"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was put into maintenance."""

    scope: Scope
    name: str = ""
    """A container's id, a service's name, or "" for the host."""


HOST: Final = Target(scope=Scope.HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """An operator's word that something is not to be used."""

    reason: str
    since: float
    container_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """That a container is out of every registry while it serves on."""

    why: str
    since: float
    container_name: str = ""
    started: str = ""
    """The start of it that is meant, as the engine says: the next one ends this."""
    until: float | None = None
    """When it is registered again, should it still run then; None: never by itself."""
    terminate: float | None = None
    """When it is to be sent SIGTERM; None: that is not for us to do."""


class Orders:
    """Everything that was ordered, and what follows from it for any service.

    A container's orders are forgotten with it; the others stay until they are lifted.
    """

    def __init__(
        self,
        maintained: Mapping[Target, Maintenance] | None = None,
        drains: Mapping[ContainerId, Drain] | None = None,
    ) -> None:
        self._maintained = dict(maintained or {})
        self._drains = dict(drains or {})
        self.changes = Bell()
        """Rings whenever something was ordered or lifted."""

    @property
    def maintained(self) -> Mapping[Target, Maintenance]:
        """What is in maintenance; a view, not a copy."""
        return MappingProxyType(self._maintained)

    @property
    def drains(self) -> Mapping[ContainerId, Drain]:
        """Which containers are drained; a view, not a copy."""
        return MappingProxyType(self._drains)

    def judge(self, service: Service) -> Service:
        """Add to a service what was ordered of it.

        Any order suffices; the reason is that of the most particular one that has one.
        """
        drain = self._drains.get(service.container)
        reason = self._reason(service) if self._maintained else None
        if drain is None and reason is None:
            return service
        why = "" if drain is None else drain.why
        return replace(service, maintenance=reason, draining=why)

    def maintain(self, target: Target, order: Maintenance) -> bool:
        """Put *target* into maintenance; whether that is news. Raise `Rejected`.

        One that is in maintenance already stays so since then, for the new reason.
        """
        before = self._maintained.get(target)
        if before is not None:
            order = replace(order, since=before.since)
        elif len(self._maintained) >= MOST:
            raise Rejected(
                f"{MOST} targets are in maintenance already: put the host into it"
            )
        self._maintained[target] = order
        self.changes.ring()
        return before is None

    def relieve(self, target: Target) -> bool:
        """Take *target* out of maintenance; whether it was in it."""
        if self._maintained.pop(target, None) is None:
            return False
        self.changes.ring()
        return True

    def drain(self, container: ContainerId, order: Drain) -> None:
        """Drain *container*, whatever was ordered before; raise `Rejected`."""
        if container not in self._drains and len(self._drains) >= MOST:
            raise Rejected(f"{MOST} containers are drained already")
        self._drains[container] = order
        self.changes.ring()

    def undrain(self, container: ContainerId) -> bool:
        """Drain *container* no more; whether it was drained."""
        if self._drains.pop(container, None) is None:
            return False
        self.changes.ring()
        return True

    def forget(self, container: ContainerId) -> None:
        """Let go of all that was ordered of *container*, which is gone."""
        self.relieve(Target(scope=Scope.CONTAINER, name=container))
        self.undrain(container)

    def containers(self) -> frozenset[ContainerId]:
        """Name the containers of which something was ordered."""
        maintained = {
            ContainerId(target.name)
            for target in self._maintained
            if target.scope is Scope.CONTAINER
        }
        return frozenset(maintained | self._drains.keys())

    def _reason(self, service: Service) -> str | None:
        targets = (
            Target(scope=Scope.CONTAINER, name=service.container),
            Target(scope=Scope.SERVICE, name=service.name),
            HOST,
        )
        orders = [
            self._maintained[each] for each in targets if each in self._maintained
        ]
        if not orders:
            return None
        return next((order.reason for order in orders if order.reason), "")
