"""A command in the container: its exit status is what it finds."""

from typing import Final

from registrator.check import Check
from registrator.errors import SourceError
from registrator.fitness import Status
from registrator.health.excerpt import excerpt
from registrator.health.probe import Failed, Outcome, Probe
from registrator.model import ContainerId

_STATUSES: Final = {0: Status.PASSING, 1: Status.WARNING}
"""As with Consul; every other one is critical."""


class CommandProbe(Probe):
    """Has the container's engine run the command; nothing runs on the host."""

    async def run(self, check: Check) -> Outcome:
        """Run it, and show the beginning of what it prints."""
        if self.means.executor is None:
            raise Failed("there is no container engine to run the command")
        try:
            status, printed = await self.means.executor.execute(
                ContainerId(check.target), check.command
            )
        except SourceError as error:
            raise Failed(excerpt(str(error))) from error
        said = excerpt(printed)
        line = f"exit status {status}"
        found = _STATUSES.get(status, Status.CRITICAL)
        return Outcome(found, f"{line}: {said}" if said else line)
