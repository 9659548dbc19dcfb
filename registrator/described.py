"""Puts together what keeps the services of files in the snapshot, where there are any.

Most daemons have none: what takes long to load is loaded for those that do.
"""

from collections.abc import Callable, Coroutine, MutableSequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registrator import stores
from registrator.backend import Backend, Site
from registrator.labels import Decision, Rules
from registrator.model import Container
from registrator.nerve.source import NerveServices
from registrator.prepared import Prepared
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot

if TYPE_CHECKING:
    from registrator.static.source import StaticServices


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The services of -services and of -nerve."""

    static: "StaticServices | None" = None
    nerve: NerveServices | None = None

    def tasks(self) -> dict[str, Coroutine[None, None, None]]:
        """Everything that must run, by name, for as long as the daemon does."""
        found = {"services file": self.static, "nerve": self.nerve}
        return {name: each.run() for name, each in found.items() if each is not None}

    def explain(self, name: str) -> tuple[Container, tuple[Decision, ...]] | None:
        """Say what was decided on `services:NAME` or `nerve:NAME`; None: nowhere."""
        for each in (self.static, self.nerve):
            if each is not None and (found := each.explain(name)) is not None:
                return found
        return None


def describe(
    prepared: Prepared,
    snapshot: Snapshot,
    rules: Callable[[], Rules],
    *,
    site: Site,
    patience: Patience,
    reconcilers: MutableSequence[Reconciler[Any]],
) -> Described:
    """Have in *snapshot* what the files say now, and make what follows them."""
    static = nerve = None
    if prepared.static is not None:
        from registrator.static.source import (  # noqa: PLC0415  its pydantic: 0.1 s
            StaticServices,
        )

        static = StaticServices(prepared.static, snapshot, rules)
    if prepared.nerve is not None:

        def make(
            uri: str, ask_for_listing: Callable[[], None]
        ) -> tuple[Backend[Any], Reconciler[Any]]:
            (backend,) = stores.make([uri], site)
            found = Reconciler(backend, snapshot, ask_for_listing, patience, uri)
            return backend, found

        nerve = NerveServices(
            prepared.nerve,
            snapshot,
            node=site.node,
            make=make,
            reconcilers=reconcilers,
            resync=prepared.settings.resync,
            deregisters=prepared.settings.on_exit == "deregister",
        )
    return Described(static=static, nerve=nerve)
