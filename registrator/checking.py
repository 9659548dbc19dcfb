"""The health checks of one daemon, put together from its settings and registries."""

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from registrator.backend import Backend
from registrator.health import means
from registrator.health.checks import CheckReport, Checks
from registrator.health.kinds import Kinds
from registrator.health.probe import Executor
from registrator.model import Service
from registrator.nameserver import NameServer
from registrator.prepared import Prepared
from registrator.snapshot import Snapshot

FILE: Final = "checks.json"
"""What checks said last, in the directory of what outlives the daemon."""


class Checking:
    """Runs the checks that not every one of the *backends* runs itself."""

    def __init__(
        self,
        prepared: Prepared,
        backends: Sequence[Backend[Any]],
        state: Path | None,
        executor: Executor | None = None,
    ) -> None:
        """The *backends* are open: where they listen is not to be checked."""
        listening = [
            endpoint
            for each in backends
            if isinstance(each, NameServer)
            for endpoint in each.endpoints
        ]
        self._kinds = Kinds(
            replace(
                prepared.means,
                executor=executor,
                own=means.own(prepared.endpoint, listening),
            )
        )
        self._checks = Checks(
            self._kinds.probe,
            lambda check: bool(backends) and all(each.runs(check) for each in backends),
            None if state is None else state / FILE,
        )

    def judge(self, service: Service) -> Service:
        """Say of *service* what its checks say that run here."""
        return self._checks.judge(service)

    def report(self, service: Service) -> tuple[CheckReport | None, ...]:
        """Say how each of its checks stands; None for one that is not run here."""
        return self._checks.report(service)

    def tasks(self, snapshot: Snapshot) -> dict[str, Coroutine[None, None, None]]:
        """Everything that must run, by name, for as long as the daemon does."""
        return {"kinds of checks": self._kinds.run(), **self._checks.tasks(snapshot)}
