"""Tells the log what is wrong with containers' wishes: once, until it changes."""

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from registrator.labels import Decision
from registrator.model import Container, ContainerId

log = logging.getLogger(__name__)

_WRONG: Final = frozenset({"refused", "no-address"})
"""The rules by which a port is left out although it was asked for."""

_MOST: Final = 5
"""Complaints about one container that the log repeats."""


class Complaints:
    """Remembers what it has told of each container."""

    def __init__(self) -> None:
        self._told: dict[ContainerId, tuple[str, ...]] = {}

    def tell(self, container: Container, decisions: Iterable[Decision]) -> None:
        """Warn of what *decisions* complain about, unless that is known already."""
        wrong = tuple(
            f"port {decision.port}: {complaint}" if decision.port else complaint
            for decision in decisions
            for complaint in _complaints(decision)
        )
        if not wrong:
            self.forget(container.id)
        elif wrong != self._told.get(container.id):
            self._told[container.id] = wrong
            said = "; ".join(wrong[:_MOST])
            more = len(wrong) - _MOST
            rest = f"; and {more} more, see registrator-ctl explain" if more > 0 else ""
            log.warning("container %s: %s%s", container.name, said, rest)

    def forget(self, container: ContainerId) -> None:
        """Tell everything again if this container comes back."""
        self._told.pop(container, None)


def _complaints(decision: Decision) -> Sequence[str]:
    refused = [decision.reason] if decision.rule in _WRONG else []
    return [*refused, *decision.notes]
