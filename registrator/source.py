"""Turns the engine's hints into the snapshot: look again, decide, replace."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Literal

from registrator.backoff import delays
from registrator.bell import Bell
from registrator.complaints import Complaints
from registrator.engine import Engine, Hint
from registrator.errors import Gone, SourceError
from registrator.hints import Hints, Look
from registrator.labels import Decision, Rules, decide
from registrator.lives import Lives, Untold
from registrator.model import Container, ContainerId, State
from registrator.report import SourceReport
from registrator.snapshot import Snapshot

log = logging.getLogger(__name__)

Deregister = Literal["always", "on-success", "never"]
Decide = Callable[[Container, Rules, Container | None], tuple[Decision, ...]]
"""Says what each port of a container is, as `registrator.labels.decide` does."""

LOOKERS = 16
"""Containers inspected at a time: enough to hide the engine's latency."""

SECOND_LOOK = 1.0
"""Seconds until a listing that asks for confirmation is repeated."""


class Source:
    """Keeps *snapshot* equal to what runs on the engine; survives its absence.

    *rules* is asked at each listing, so that a host which changes its address
    registers everything anew. *endpoint* is the engine's address for people.
    """

    def __init__(  # noqa: PLR0913  it has many parts
        self,
        engine: Engine,
        snapshot: Snapshot,
        rules: Callable[[], Rules],
        *,
        endpoint: str,
        resync: float = 60.0,
        deregister: Deregister = "always",
        decide: Decide = decide,
        lives: Lives | None = None,
    ) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self._snapshot = snapshot
        self._ask_rules = rules
        self._rules = rules()
        self._resync = resync or None
        self._deregister = deregister
        self._decided = decide
        self._lives: Lives = lives or Untold()
        self.lost = Bell()
        """Rings when the engine does not do what was asked."""
        self._hints = Hints()
        self._running: set[ContainerId] = set()
        self._seen: dict[ContainerId, int] = {}
        self._unseen: set[ContainerId] | None = None
        self._heard: set[ContainerId] | None = None
        self._joined: dict[ContainerId, set[ContainerId]] = {}
        self._complaints = Complaints()
        self._retries: dict[ContainerId, Iterator[float]] = {}
        self._listing_due = asyncio.Event()
        self._connected = False
        self._streams = self._trusted_streams = self._whole_streams = 0
        self._listed_at: float | None = None
        self._error = ""

    def tasks(self) -> dict[str, Coroutine[None, None, None]]:
        """Everything that must run, by name, for as long as the daemon does."""
        lookers = {f"look-{number}": self._look() for number in range(LOOKERS)}
        return {"listen": self._listen(), "list": self._list(), **lookers}

    def request_listing(self) -> None:
        """List everything once more, soon."""
        asyncio.get_running_loop().call_later(SECOND_LOOK, self._listing_due.set)

    async def explain(self, container: str) -> tuple[Container, tuple[Decision, ...]]:
        """Look at one container, by name or id, and decide without acting.

        Raise `Gone` if the engine does not know it, `SourceError` if it is away.
        """
        return await self._decide(ContainerId(container))

    def report(self) -> SourceReport:
        """Say how things stand."""
        return SourceReport(
            endpoint=self._endpoint,
            connected=self._connected,
            current=self._connected
            and not self._error
            and self._whole_streams == self._streams,
            containers=len(self._running),
            waiting=len(self._hints),
            listings=self._snapshot.listings,
            listed_at=self._listed_at,
            error=self._error,
        )

    async def _listen(self) -> None:
        """Follow the event stream; every new stream begins with a listing."""
        since: int | None = None
        waits = delays(first=0.2, cap=5.0)
        while True:
            try:
                async with self._engine.events(since) as hints:
                    self._connected, self._error = True, ""
                    self._streams += 1
                    self._listing_due.set()
                    async for hint in hints:
                        waits = delays(first=0.2, cap=5.0)
                        since = max(since or 0, hint.time_nano)
                        self._hear(hint)
                self._fail(f"{self._endpoint}: the event stream ended")
            except SourceError as error:
                self._fail(str(error))
            self._connected = False
            await asyncio.sleep(next(waits))

    def _fail(self, error: str) -> None:
        if error != self._error:
            log.warning("%s; the records stay, trying again", error)
        self._error = error
        self.lost.ring()

    def _hear(self, hint: Hint) -> None:
        if hint.container is None:
            self._listing_due.set()
            return
        known = hint.container in self._running or hint.container in self._hints
        if hint.if_running and not known:
            return
        if hint.signal and self._deregister != "never":
            self._lives.signalled(hint.container, hint.signal, hint.time_nano)
        now = asyncio.get_running_loop().time()
        for name in (hint.container, *self._joined.get(hint.container, ())):
            self._seen.pop(name, None)
            self._hints.add(name, now)
            if self._heard is not None:
                self._heard.add(name)

    async def _list(self) -> None:
        """List everything whenever that is due, and at every resync."""
        waits = delays(first=0.2, cap=5.0)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._resync):
                    await self._listing_due.wait()
            self._listing_due.clear()
            try:
                await self._compare()
            except SourceError as error:
                self._fail(str(error))
                await asyncio.sleep(next(waits))
                self._listing_due.set()
            else:
                self._recall()
                waits = delays(first=0.2, cap=5.0)
                self._error = "" if self._connected else self._error

    async def _compare(self) -> None:
        """Find what a listing shows new, changed or gone, and have it looked at."""
        if (rules := self._ask_rules()) != self._rules:
            log.info("this host's addresses changed; every container is looked at anew")
            self._rules = rules
            self._seen.clear()
        heard = self._heard = set()
        streams = self._streams
        try:
            entries = await self._engine.list()
        finally:
            self._heard = None
        if streams != self._trusted_streams:
            # Between two streams a container may have changed, been looked at, and
            # changed back: it then looks as it did in the listing before.
            self._seen.clear()
            self._trusted_streams = streams
        listed = {entry.id: entry.fingerprint for entry in entries}
        now = asyncio.get_running_loop().time()
        for container in self._seen.keys() - listed.keys():
            del self._seen[container]
        self._running -= self._running - listed.keys() - heard
        missing = set(self._snapshot.containers) - listed.keys() - heard
        changed = {
            container: fingerprint
            for container, fingerprint in listed.items()
            if self._seen.get(container) != fingerprint
        }
        self._unseen = set(changed)
        if self._snapshot.listings:
            # One that cannot be inspected although all can be listed keeps its own
            # records, and not for ever those of all that went unheard.
            self._unseen -= self._retries.keys()
        for container in missing:
            if self._deregister == "always":
                self._snapshot.forget(container)
            else:
                self._unseen.add(container)
                self._hints.add(container, now)
        self._listed_at = now
        self._hints.listed(changed, now)
        self._finish_listing()

    def _recall(self) -> None:
        """Have those looked at that do not run, and that somebody remembers."""
        now = asyncio.get_running_loop().time()
        for container in self._lives.remembered():
            if container not in self._running:
                self._hints.add(container, now)

    def _finish_listing(self) -> None:
        if self._unseen is not None and not self._unseen:
            self._unseen = None
            self._whole_streams = self._trusted_streams
            self._snapshot.listed()

    async def _look(self) -> None:
        """Look at one hinted container after the other; one of several alike."""
        while True:
            look = await self._hints.take()
            try:
                await self._look_at(look)
            except SourceError as error:
                self._look_later(look, error)
                continue
            self._retries.pop(look.container, None)
            if self._hints.done(look):
                # A listing that was too late to know of the end must not hide a return.
                if look.fingerprint is not None and look.container in self._running:
                    self._seen[look.container] = look.fingerprint
                if self._unseen is not None:
                    self._unseen.discard(look.container)
            self._finish_listing()

    def _look_later(self, look: Look, error: SourceError) -> None:
        self._hints.done(look)
        if (waits := self._retries.get(look.container)) is None:
            waits = self._retries[look.container] = delays(first=0.2, cap=5.0)
            if self._connected:
                log.warning("%s; its records stay as they are, looking again", error)
        asyncio.get_running_loop().call_later(
            next(waits), self._hints.add, look.container, look.at
        )

    async def _look_at(self, look: Look) -> None:
        try:
            container, decisions = await self._decide(look.container)
        except Gone:
            self._running.discard(look.container)
            self._complaints.forget(look.container)
            self._joined.pop(look.container, None)
            self._lives.gone(look.container)
            if self._deregister != "never":
                self._snapshot.replace(look.container, (), at=look.at)
            return
        if container.state in {State.RUNNING, State.PAUSED}:
            self._running.add(look.container)
        else:
            self._running.discard(look.container)
        self._complaints.tell(container, decisions)
        services = [each.service for each in decisions if each.service is not None]
        self._lives.seen(container, services)
        if self._keeps(container):
            self._lives.kept(container.id)
            return
        self._snapshot.replace(
            look.container, services, started=container.started, at=look.at
        )

    async def _decide(
        self, name: ContainerId
    ) -> tuple[Container, tuple[Decision, ...]]:
        container = await self._engine.inspect(name)
        joined = None
        mode, _, target = container.network_mode.partition(":")
        if mode == "container" and target:
            self._joined.setdefault(ContainerId(target), set()).add(container.id)
            with suppress(Gone):
                joined = await self._engine.inspect(ContainerId(target))
        return container, self._decided(container, self._rules, joined)

    def _keeps(self, container: Container) -> bool:
        """Whether -deregister keeps the records of a container that has ended."""
        if container.state in {State.RUNNING, State.PAUSED}:
            return False
        if self._deregister == "on-success":
            return container.exit_code != 0 and not container.exit_code & 128
        return self._deregister == "never"
