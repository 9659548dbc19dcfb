"""The JSON that is shown and spoken; times are seconds, ages count from now."""

from typing import Literal, TypedDict


class SyncView(TypedDict):
    """How one registry stands with one service."""

    registry: str
    state: Literal["in-sync", "pending", "error", "left-out", "withheld"]
    error: str


class FindingView(TypedDict):
    """What one says of a service's fitness: an operator, the engine, or a check."""

    said_by: str
    status: str
    """"" where it has said nothing here."""
    output: str
    decides: bool
    held: float
    """Seconds for which a check that flaps stays critical, whatever it says; 0: it
    does not."""
    last: str
    """What a check said last, which may be another than what counts; "" for others."""


class ServiceView(TypedDict):
    """One service that this host should show."""

    service: str
    id: str
    address: str
    port: int
    transport: str
    tags: list[str]
    metadata: dict[str, str]
    status: str
    health: str
    decided_by: str
    """Who said what the status is; "" where nobody says anything."""
    output: str
    """Why, a text for people."""
    findings: list[FindingView]
    withheld: str
    """Why no registry is to have it; "" where they are to."""
    container: str
    container_name: str
    backends: list[SyncView]


class PortView(TypedDict):
    """Why one port of a container is, or is not, registered."""

    port: str
    registered: bool
    rule: str
    reason: str
    notes: list[str]
    service: ServiceView | None


class ContainerView(TypedDict):
    """One container as the daemon sees it now."""

    container: str
    name: str
    image: str
    state: str
    health: str
    network_mode: str
    ports: list[PortView]


class EngineView(TypedDict):
    """The container engine's side."""

    endpoint: str
    connected: bool
    containers: int
    waiting: int
    listings: int
    listed_ago: float | None
    error: str


class BackendView(TypedDict):
    """One registry's side."""

    registry: str
    reachable: bool
    records: int
    waiting: int
    held: int
    error: str
    round_ago: float | None
    lag: float | None
    retries: int


class StatusView(TypedDict):
    """The whole daemon at a glance."""

    version: str
    node: str
    well: bool
    services: int
    engine: EngineView
    backends: list[BackendView]


class InstanceView(TypedDict):
    """One entry of a registry, whoever wrote it."""

    service: str
    id: str
    address: str
    port: int
    transport: str
    tags: list[str]
    metadata: dict[str, str]
    status: str
    priority: int
    weight: int
    node: str


class ChangesView(TypedDict):
    """What became of a registry's entries; at first, all of them were added."""

    at: str
    """When it was seen, RFC 3339 in UTC."""
    registry: str
    current: bool
    """Whether the registry answers; else all is as it was last seen."""
    error: str
    skipped: int
    """Entries in no format known here."""
    added: list[InstanceView]
    changed: list[InstanceView]
    removed: list[InstanceView]
