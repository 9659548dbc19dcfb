"""Takes orders and notes them, for what speaks to the control API."""

from registrator.errors import Gone, Rejected, SourceError
from registrator.orders_views import (
    DrainView,
    HolderView,
    MaintainedView,
    MaintenanceView,
    OrdersView,
)

SINCE = "2026-11-25T00:00:00Z"
HOLDER = HolderView(registry="etcd://e:2379", service="here:web.1:80", error="")
_WRONG = {"gone": Gone, "refused": Rejected, "away": SourceError}


def maintenance(
    scope: str = "service", name: str = "web", reason: str = ""
) -> MaintenanceView:
    return MaintenanceView(
        scope=scope,  # type: ignore[typeddict-item]  # told by the caller
        name=name,
        container="",
        reason=reason,
        since=SINCE,
        services=["here:web.1:80"],
    )


def drain(
    name: str = "web.1",
    *,
    draining: bool = True,
    left: float = 0.0,
    holders: tuple[HolderView, ...] = (),
) -> DrainView:
    return DrainView(
        container="4fa6e0f0c678" * 5,
        name=name,
        draining=draining,
        why="registrator-ctl drain" if draining else "",
        since=SINCE if draining else "",
        left=left,
        services=["here:web.1:80"],
        holders=list(holders),
        notes=[],
    )


class Desk:
    """Says of every order that it is done; *steps* are the answers about drains."""

    def __init__(self, *steps: DrainView, changes: bool = True) -> None:
        self.maintained: list[tuple[str, str, str, bool]] = []
        self.drained: list[tuple[str, bool | None]] = []
        self.found = OrdersView(maintenance=[maintenance()], drains=[drain()])
        self._steps = list(steps)
        self._changes = changes

    def listing(self) -> OrdersView:
        return self.found

    async def maintain(
        self, scope: str, name: str, reason: str, *, on: bool
    ) -> MaintainedView:
        self.maintained.append((scope, name, reason, on))
        return MaintainedView(
            maintenance=maintenance(scope, name, reason),
            on=on,
            changed=self._changes,
            notes=["something is odd"] if name == "nobody" else [],
        )

    async def drain(self, container: str, *, on: bool | None) -> DrainView:
        if container in _WRONG:
            raise _WRONG[container](f"{container}: as it was told")
        self.drained.append((container, on))
        if len(self._steps) > 1:
            return self._steps.pop(0)
        return self._steps[0] if self._steps else drain(draining=on is not False)
