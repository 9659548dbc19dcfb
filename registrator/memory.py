"""A store in this process's memory: the reference that all others are held to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self

from registrator.backend import Backend, Failures, Reading, Site
from registrator.bell import Bell
from registrator.errors import BackendError, ConfigError
from registrator.fitness import Status
from registrator.model import Instance, Service, ServiceId
from registrator.planner import Change


class MemoryBackend(Backend[Service]):
    """Keeps services in a dict; tests make it fail by setting *outage*."""

    schemes: ClassVar[tuple[str, ...]] = ("memory",)
    local: ClassVar[bool] = True

    def __init__(self, node: str = "", *, keeps_unhealthy: bool = False) -> None:
        self.records: dict[ServiceId, Service] = {}
        self.writes = 0
        self._node = node
        self._keeps_unhealthy = keeps_unhealthy
        self._outage: BackendError | None = None
        self._changes = Bell()

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``memory:`` or ``memory://``; it has no options."""
        if uri.rstrip("/").lower() != "memory:":
            raise ConfigError(f"{uri}: memory takes neither address nor options")
        return cls(site.node, keeps_unhealthy=site.keeps_unhealthy)

    @property
    def outage(self) -> BackendError | None:
        """What every call raises, a watch that waits included; None: all is well."""
        return self._outage

    @outage.setter
    def outage(self, error: BackendError | None) -> None:
        self._outage = error
        self._changes.ring()

    @property
    def uri(self) -> str:
        """The store's address."""
        return "memory://"

    async def __aenter__(self) -> Self:
        """Hold nothing but the dict."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep the records: the next opening finds them, as a server's would be."""

    def record(self, service: Service) -> Service | None:
        """Keep the whole service while it is passing, or always."""
        fit = service.status is Status.PASSING or self._keeps_unhealthy
        return service if fit else None

    async def owned(self) -> Mapping[ServiceId, Service]:
        """Everything put and not dropped."""
        self._answer()
        return dict(self.records)

    async def put(self, changes: Sequence[Change[Service]]) -> Failures:
        """Write the wanted services."""
        self._answer()
        for change in changes:
            if change.wanted is not None:
                self.records[change.id] = change.wanted
                self.writes += 1
        self._changes.ring()
        return {}

    async def drop(self, changes: Sequence[Change[Service]]) -> Failures:
        """Remove services."""
        self._answer()
        for change in changes:
            if self.records.pop(change.id, None) is not None:
                self.writes += 1
        self._changes.ring()
        return {}

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what was put and not dropped, as soon as it is another."""
        before: Reading | None = None
        while True:
            self._answer()
            count = self._changes.count
            reading = Reading(
                instances={
                    key: Instance.of(service, node=self._node)
                    for key, service in self.records.items()
                    if name in {"", service.name}
                }
            )
            if reading != before:
                before = reading
                yield reading
            await self._changes.after(count)

    def _answer(self) -> None:
        if self.outage is not None:
            raise self.outage
