"""Changes the servers of a running HAProxy: they come, are weighed, and leave."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from registrator.errors import BackendError
from registrator_haproxy.difference import LEAVING, Act, Step
from registrator_haproxy.layout import Backend, Layout
from registrator_haproxy.leaving import leave
from registrator_haproxy.runtime import (
    Capabilities,
    Console,
    NoBackend,
    Reason,
    Refusal,
    RunningBackend,
    RunningPlaces,
    discover,
)
from registrator_haproxy.whitelist import Unfit

log = logging.getLogger(__name__)

Did = Callable[[Act, str, Sequence[str]], None]
"""Hears of an act, the backend, and the names of its servers."""


class Servers:
    """Those of one HAProxy, for as long as one worker has them."""

    def __init__(
        self, console: Console, *, drain: float, did: Did = lambda *_: None
    ) -> None:
        """*drain*: the seconds that one which leaves has to end what it is at.

        *did* hears of what was done.
        """
        self._console = console
        self._drain = drain
        self._did = did
        self._capabilities: Capabilities | None = None
        self._leaving: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._some_left = False

    def some_left(self) -> bool:
        """Whether servers have left, or failed to, since this was asked last."""
        asked, self._some_left = self._some_left, False
        return asked

    def forget(self) -> None:
        """Leave all as it is: the next worker never knew who leaves here."""
        for task in self._leaving.values():
            task.cancel()
        self._leaving.clear()
        self._capabilities = None

    async def let_stay(self, wanted: Layout) -> None:
        """Have nobody taken away who is wanted again, whatever was done to it so far.

        To be called before one looks at what there is: else a server that is on its
        way out, and not yet marked so, would be found as it is to be.
        """
        back = [
            self._leaving.pop((name, server.name))
            for name in {backend for backend, _ in self._leaving}
            if name in wanted.backends
            for server in wanted.backends[name].servers
            if (name, server.name) in self._leaving and not server.unused
        ]
        for task in back:
            task.cancel()
        if back:
            await asyncio.wait(back)

    async def do(
        self, steps: Iterable[Step], wanted: Layout, rooms: asyncio.TaskGroup
    ) -> list[str]:
        """Take the steps; say what takes a reload all the same.

        Raise `Unavailable` where HAProxy does not answer. Whatever leaves does so in
        a task of *rooms*.
        """
        reasons: list[str] = []
        by_backend: dict[str, list[Step]] = {}
        for step in steps:
            if self._is_leaving(step):
                continue
            by_backend.setdefault(step.backend, []).append(step)
        for name, some in by_backend.items():
            try:
                refused = await self._change(self._running(wanted.backends[name]), some)
            except (NoBackend, Unfit) as error:
                # The operator's own words may be more than a socket is to be told.
                reasons.append(str(error))
                continue
            reasons += (
                f"server {name}/{server}: {refusal.says}"
                for server, refusal in refused.items()
                if refusal.reason is not Reason.BUSY
            )
            gone = [each.name for each in some if each.act in LEAVING]
            self._take_away(wanted.backends[name], gone, rooms)
        return reasons

    async def _change(
        self, backend: RunningBackend, steps: Sequence[Step]
    ) -> Mapping[str, Refusal]:
        servers = {
            act: [each.server for each in steps if each.act is act and each.server]
            for act in Act
        }
        refused: dict[str, Refusal] = {}
        if added := servers[Act.ADD]:
            refused |= await backend.add(added)
        if filled := servers[Act.FILL]:
            refused |= await backend.fill(filled)
        if weights := {s.name: s.weight_in_force for s in servers[Act.WEIGH]}:
            refused |= await backend.weigh(weights)
        if ready := [s.name for s in servers[Act.READY]]:
            refused |= await backend.ready(ready)
        changed = ", ".join(f"{each.act} {each.name}" for each in steps)
        log.info("%s: %s", backend, changed)
        for act in (Act.ADD, Act.FILL, Act.WEIGH, Act.READY):
            names = [each.name for each in servers[act] if each.name not in refused]
            self._did(act, steps[0].backend, names)
        return refused

    def _take_away(
        self, backend: Backend, names: Iterable[str], rooms: asyncio.TaskGroup
    ) -> None:
        for name in names:
            key = backend.name, name
            if key not in self._leaving:
                self._leaving[key] = rooms.create_task(
                    self._leave(backend, name), name=f"remove {backend.name}/{name}"
                )

    async def _leave(self, backend: Backend, name: str) -> None:
        running = self._running(backend)
        staying = frozenset(each.name for each in backend.servers if not each.unused)
        try:
            await leave(running, name, staying, self._can, drain=self._drain)
            act = Act.REMOVE if backend.spare is None else Act.CLEAR
            self._did(act, backend.name, [name])
        except (BackendError, Unfit) as error:
            # Another's server in a backend of ours may have any name.
            log.warning("%s/%s is not removed: %s", backend.name, name, error)
        finally:
            self._some_left = True  # what became of it is to be seen
            self._leaving.pop((backend.name, name), None)

    def _running(self, backend: Backend) -> RunningBackend:
        kind = RunningBackend if backend.spare is None else RunningPlaces
        return kind(self._console, backend.name)

    async def _can(self) -> Capabilities:
        if self._capabilities is None:
            self._capabilities = await discover(self._console)
        return self._capabilities

    def _is_leaving(self, step: Step) -> bool:
        return step.act in LEAVING and (step.backend, step.name) in self._leaving
