"""Has nerve's services in the snapshot, and each of its reporters at work."""

import asyncio
import logging
from collections.abc import Callable, MutableSequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from registrator.backend import Backend
from registrator.errors import Unavailable
from registrator.labels import Decision
from registrator.model import Container, ContainerId, Port, Service, ServiceId, State
from registrator.nerve.translate import Nerve
from registrator.reading import Followed
from registrator.reconciler import Reconciler
from registrator.snapshot import Snapshot

log = logging.getLogger(__name__)

GOODBYE: Final = 5.0
"""Seconds in which a reporter may take back what it reported."""
BEAT: Final = 10.0
"""Seconds between two touches of the heartbeat file."""
_AGAIN: Final = 1.0
"""Seconds until everything is listed again, for whoever asks for that."""

Make = Callable[[str, Callable[[], None]], tuple[Backend[Any], Reconciler[Any]]]
"""Makes the backend of a URI and its reconciler, with what asks for a listing."""


class NerveServices:
    """Keeps *snapshot* and the reporters as the configuration wants them.

    A service goes to its own reporter alone. *reconcilers* are those of the whole
    daemon: the reporters' come and go there.
    """

    def __init__(
        self,
        files: Followed[Nerve],
        snapshot: Snapshot,
        *,
        node: str,
        make: Make,
        reconcilers: MutableSequence[Reconciler[Any]],
        resync: float = 60.0,
        deregisters: bool = False,
    ) -> None:
        """*deregisters*: whether what is reported is taken back at the end."""
        self._files, self._snapshot, self._node = files, snapshot, node
        self._make, self._reconcilers = make, reconcilers
        self._resync, self._deregisters = resync, deregisters
        self._ended: dict[str, asyncio.Event] = {}
        self._shown: set[ContainerId] = set()
        self._notes: tuple[str, ...] = ()
        self._touched = self._listed = 0.0
        self._trouble = ""
        self._show()

    async def run(self) -> None:
        """Report, and follow the configuration, until cancelled.

        Raise `GaveUp` if a registry was never there and patience has an end.
        """
        async with asyncio.TaskGroup() as rooms:
            while True:
                self._begin_and_end(rooms)
                await self._beat()
                changed = await self._files.look()
                due = self._resync and _now() >= self._listed + self._resync
                if changed or due:
                    self._show()

    def explain(self, name: str) -> tuple[Container, tuple[Decision, ...]] | None:
        """Say what was decided about one, such as `nerve:web`; None: not here."""
        for service in self._files.said.services.values():
            if service.container == name:
                return _explained(self._named(service))
        return None

    def _show(self) -> None:
        """Have all that is said in the snapshot, and nothing else."""
        nerve = self._files.said
        for note in nerve.notes:
            if note not in self._notes:
                log.warning("%s", note)
        self._notes, self._listed = nerve.notes, _now()
        services = [self._named(each) for each in nerve.services.values()]
        for each in services:
            self._snapshot.replace(each.container, [each], at=self._listed)
        shown = {each.container for each in services}
        for gone in self._shown - shown:
            self._snapshot.replace(gone, (), at=self._listed)
        self._shown = shown
        for registry in {*nerve.registries, *self._ended}:
            self._snapshot.completed(registry)

    def _named(self, service: Service) -> Service:
        return replace(service, id=ServiceId(f"{self._node}:{service.id}"))

    def _begin_and_end(self, rooms: asyncio.TaskGroup) -> None:
        """Have one reporter for each registry that is named; the new ones first."""
        named = self._files.said.registries
        for registry in named:
            if registry not in self._ended:
                ended = self._ended[registry] = asyncio.Event()
                rooms.create_task(self._report(registry, ended), name=registry)
        for registry in self._ended.keys() - {*named}:
            self._ended[registry].set()

    async def _report(self, registry: str, ended: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def ask_for_listing() -> None:
            loop.call_later(_AGAIN, self._snapshot.completed, registry)

        backend, reconciler = self._make(registry, ask_for_listing)
        async with backend:
            self._reconcilers.append(reconciler)
            try:
                async with asyncio.TaskGroup() as rooms:
                    works = [
                        rooms.create_task(backend.run(), name=f"{backend.uri} itself"),
                        rooms.create_task(reconciler.run(), name=backend.uri),
                    ]
                    await ended.wait()
                    for work in works:
                        work.cancel()
            finally:
                self._reconcilers.remove(reconciler)
                if ended.is_set() or self._deregisters:
                    await _take_back(reconciler)
                del self._ended[registry]

    async def _beat(self) -> None:
        """Touch the file by which others see that we are alive."""
        path = self._files.said.heartbeat
        if not path or _now() < self._touched + BEAT:
            return
        self._touched = _now()
        try:
            await asyncio.to_thread(Path(path).touch)
        except OSError as error:
            if (trouble := f"{path}: {error.strerror}") != self._trouble:
                log.warning("heartbeat_path: %s", trouble)
            self._trouble = trouble


def _explained(service: Service) -> tuple[Container, tuple[Decision, ...]]:
    port = Port(service.port, service.transport)
    container = Container(
        id=service.container,
        name=service.container_name,
        image="",
        state=State.RUNNING,
        network_mode="host",
        exposed=(port,),
    )
    reason = "nerve's configuration says its address"
    decision = Decision(port=port, service=service, rule="file", reason=reason)
    return container, (decision,)


async def _take_back(reconciler: Reconciler[Any]) -> None:
    try:
        async with asyncio.timeout(GOODBYE):
            await reconciler.withdraw()
    except (Unavailable, TimeoutError) as error:
        # The sentence says it all, without a traceback.
        log.error("%s: records are left behind: %s", reconciler.uri, error)  # noqa: TRY400


def _now() -> float:
    return asyncio.get_running_loop().time()
