"""The JSON of what an operator orders; ages count from now, in seconds."""

from typing import Literal, TypedDict


class MaintenanceView(TypedDict):
    """One target that is in maintenance."""

    scope: Literal["host", "service", "container"]
    name: str
    """The service's or the container's; "" for the host."""
    container: str
    """The container's id; "" where the target is none."""
    reason: str
    since: str
    """RFC 3339, in UTC."""
    services: list[str]
    """The ids of those that it concerns now."""


class HolderView(TypedDict):
    """A registry that has not let go of a service yet."""

    registry: str
    service: str
    """Its id."""
    error: str


class DrainView(TypedDict):
    """One container that is drained, or was."""

    container: str
    name: str
    draining: bool
    why: str
    since: str
    """RFC 3339, in UTC; "" where it is not drained."""
    left: float
    """Seconds for which it is to serve on."""
    services: list[str]
    holders: list[HolderView]
    notes: list[str]


class OrdersView(TypedDict):
    """All that is out of use by order."""

    maintenance: list[MaintenanceView]
    drains: list[DrainView]


class MaintainedView(TypedDict):
    """What became of an order."""

    maintenance: MaintenanceView
    on: bool
    changed: bool
    notes: list[str]
