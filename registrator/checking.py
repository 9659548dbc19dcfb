"""The health checks of one daemon, put together from its settings and registries."""

from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from registrator import hostaddress
from registrator.backend import Backend
from registrator.check import Check
from registrator.engine import NOWHERE, Execution
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


async def open_checking(
    prepared: Prepared,
    opened: AsyncExitStack,
    backends: Sequence[Backend[Any]],
    state: Path | None,
) -> "Checking":
    """Make it, with what runs commands in containers where there is an engine."""
    executor = None
    if prepared.endpoint is not NOWHERE:
        executor = await opened.enter_async_context(Execution(prepared.endpoint))
    return Checking(prepared, backends, state, executor)


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
                own=means.own(
                    prepared.endpoint,
                    listening,
                    (prepared.settings.ip, *hostaddress.by_routes()),
                ),
            )
        )
        self._backends = backends
        self._checks = Checks(
            self._kinds.probe,
            self._run_elsewhere,
            None if state is None else state / FILE,
        )

    def judge(self, service: Service) -> Service:
        """Say of *service* what its checks say that run here."""
        return self._checks.judge(service)

    def report(self, service: Service) -> tuple[CheckReport | None, ...]:
        """Say how each of its checks stands; None for one that is not run here."""
        return self._checks.report(service)

    def heard(self, snapshot: Snapshot) -> bool:
        """Say whether each check that runs here was run since this daemon began."""
        return all(
            report is not None and report.last_run is not None
            for service in snapshot.services.values()
            for check, report in zip(service.checks, self.report(service), strict=True)
            if self._checks.runs(service, check)
        )

    def tasks(self, snapshot: Snapshot) -> dict[str, Coroutine[None, None, None]]:
        """Everything that must run, by name, for as long as the daemon does."""
        return {"kinds of checks": self._kinds.run(), **self._checks.tasks(snapshot)}

    def _run_elsewhere(self, service: Service, check: Check) -> bool:
        """Whether every registry that is to have *service* runs *check* itself."""
        # What nerve's reporters write to has no checks. Whether a service that must be
        # healthy is to be in any registry at all, none of them can say.
        if service.registry or service.health_required or not self._backends:
            return False
        return all(each.runs(check) for each in self._backends)
