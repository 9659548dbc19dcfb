"""Which ports of an engine's containers are wanted from here, and reached. Pure."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace

from registrator.engine_source.images import Image
from registrator.labels import Decision, Rules, decide
from registrator.model import Container, Port


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Decides as the daemon does, and leaves out what is not meant."""

    image: Image | None
    """Whose containers are meant; None: everybody's."""
    port: int
    """Which of their ports is; 0: each."""
    far: Callable[[], bool]
    """Whether the engine's loopback addresses are not reached from here."""

    def __call__(
        self, container: Container, rules: Rules, joined: Container | None
    ) -> tuple[Decision, ...]:
        """Say for every port that is meant whether it is a service."""
        if self.image is not None and not self.image.runs_in(container):
            return ()
        return tuple(
            self._reached(decision)
            for decision in decide(container, rules, joined)
            if self._meant(decision.port)
        )

    def _meant(self, port: Port | None) -> bool:
        return not self.port or port is None or port == Port(self.port)

    def _reached(self, decision: Decision) -> Decision:
        service = decision.service
        if service is None or not self.far():
            return decision
        if not ipaddress.ip_address(service.address).is_loopback:
            return decision
        return replace(
            decision,
            service=None,
            rule="no-address",
            reason=f"{service.address} is reached from the engine's host only",
            notes=(),
        )
