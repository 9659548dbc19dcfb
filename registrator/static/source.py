"""Has the services of a file in the snapshot, beside those of containers."""

import asyncio
from collections.abc import Callable

from registrator.complaints import Complaints
from registrator.labels import Decision, Rules
from registrator.model import Container, ContainerId
from registrator.reading import Followed
from registrator.snapshot import Snapshot
from registrator.static.entries import Filed


class StaticServices:
    """Keeps what the file says in *snapshot*; its claimants are no containers.

    *rules* is asked at each look, so that a host which changes its address registers
    them anew.
    """

    def __init__(
        self,
        file: Followed[tuple[Filed, ...]],
        snapshot: Snapshot,
        rules: Callable[[], Rules],
    ) -> None:
        self._file, self._snapshot, self._ask_rules = file, snapshot, rules
        self._rules = rules()
        self._shown: dict[ContainerId, tuple[Container, Decision]] = {}
        self._complaints = Complaints()
        self._show()

    async def run(self) -> None:
        """Follow the file until cancelled."""
        while True:
            changed = await self._file.look()
            if (rules := self._ask_rules()) != self._rules or changed:
                self._rules = rules
                self._show()

    def explain(self, name: str) -> tuple[Container, tuple[Decision, ...]] | None:
        """Say what was decided about one, such as `services:web`; None: not here."""
        found = self._shown.get(ContainerId(name))
        return None if found is None else (found[0], (found[1],))

    def _show(self) -> None:
        now = asyncio.get_running_loop().time()
        before = self._shown
        self._shown = {
            each.container.id: (each.container, each.decide(self._rules))
            for each in self._file.said
        }
        for key, (container, decision) in self._shown.items():
            self._complaints.tell(container, [decision])
            services = [decision.service] if decision.service else []
            self._snapshot.replace(key, services, at=now)
        for key in before.keys() - self._shown.keys():
            self._complaints.forget(key)
            self._snapshot.replace(key, (), at=now)
