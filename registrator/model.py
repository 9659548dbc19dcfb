"""The values everything else speaks in: containers and the services they offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, NewType, Self

from registrator.check import Check
from registrator.fitness import Cause, Finding, Health, Status, worst

ContainerId = NewType("ContainerId", str)
ServiceId = NewType("ServiceId", str)

Transport = Literal["tcp", "udp", "sctp"]


def is_container(claimant: ContainerId) -> bool:
    """Whether an engine lists it; what a file describes has a colon in its id."""
    return ":" not in claimant


class Port(NamedTuple):
    """One exposed port of a container, 1 to 65535."""

    number: int
    transport: Transport = "tcp"

    def __str__(self) -> str:
        return f"{self.number}/{self.transport}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where the engine publishes a port on the host; "" means every address."""

    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network a container is attached to; "" where it has no such address."""

    name: str
    ipv4: str = ""
    ipv6: str = ""


class State(StrEnum):
    """A container's life as the engine tells it."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container as the engine describes it, parsed and without judgement."""

    id: ContainerId
    name: str
    image: str
    """As it was given: a name, or an id or the beginning of one."""
    image_id: str = ""
    """Without `sha256:`; "" where the engine does not say."""
    state: State
    health: Health = Health.NONE
    exit_code: int = 0
    started: str = ""
    """When it last started, RFC 3339 in UTC as the engine gives it; sorts as text."""
    environment: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    network_mode: str = "default"
    """bridge, default, host, none, a network's name, or container:<id>."""
    networks: tuple[Network, ...] = ()
    stop_signal: int = 15
    """The number of the signal that asks it to end: SIGTERM unless it was given one."""
    stop_timeout: int = 0
    """Seconds after which it is killed that was asked to end; 0: the engine's own."""
    exposed: tuple[Port, ...] = ()
    published: Mapping[Port, tuple[Binding, ...]] = field(default_factory=dict)
    """Ports the engine lists; one without bindings is exposed but not published."""
    attributes: Mapping[str, object] = field(default_factory=dict)
    """The engine's whole inspect answer, for templates only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One reachable port of one container, as every store should show it."""

    id: ServiceId
    name: str
    address: str
    """An IP address literal, never a wildcard."""
    port: int
    transport: Transport = "tcp"
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    results: tuple[Finding | None, ...] = ()
    """What each of the checks says that runs here; None for one that does not, or has
    not said anything yet. () where none does."""
    health: Health = Health.NONE
    health_required: bool = False
    """Whether it is shown nowhere, not even as unfit, while it is critical."""
    maintenance: str | None = None
    """An operator's reason, which may be "", for having taken it out of use."""
    drain: float = 0.0
    """Seconds for which it serves on when it has been taken out of the registries."""
    draining: str = ""
    """Why it is taken out of all registries although it serves; "": it is not."""
    priority: int = 1
    weight: int = 1
    """How much of the traffic a passing instance takes, against its peers."""
    weight_warning: int = 1
    tagged_addresses: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    enable_tag_override: bool = False
    container: ContainerId = ContainerId("")
    container_name: str = ""
    image: str = ""
    """The last word of the image's name; "" where the image was given by its id."""
    registry: str = ""
    """The URI of the only registry that is to have it; "": all of the operator's."""
    path: str = ""
    """Where it is in a registry of paths; "": where its name says."""

    @property
    def status(self) -> Status:
        """What readers may do with this service."""
        return self.finding.status

    @property
    def finding(self) -> Finding:
        """What decides about its status: the worst, and first of all an operator."""
        return worst(self.findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is said of its fitness, whoever says it."""
        own = (self.operators_finding, self.engines_finding, *self.results)
        return tuple(each for each in own if each is not None)

    @property
    def operators_finding(self) -> Finding | None:
        """What an operator says; None where nothing."""
        if self.maintenance is None:
            return None
        why = f": {self.maintenance}" if self.maintenance else ""
        return Finding(
            cause=Cause.MAINTENANCE,
            status=Status.CRITICAL,
            output=f"in maintenance{why}",
        )

    @property
    def engines_finding(self) -> Finding | None:
        """What the container engine says; None where nothing."""
        if self.health is Health.NONE:
            return None
        return Finding(
            cause=Cause.ENGINE,
            status=self.health.status,
            output=f"container is {self.health.value}",
        )

    @property
    def withheld(self) -> bool:
        """Whether no registry is to have it at all."""
        unfit = self.health_required and self.status is Status.CRITICAL
        return unfit or bool(self.draining)

    def weight_when(self, status: Status) -> int:
        """How much of the traffic it takes while it has *status*."""
        return self.weight_warning if status is Status.WARNING else self.weight


Table = Mapping[ServiceId, Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One entry of a registry as its readers see it, whoever wrote it."""

    id: str
    name: str
    address: str
    """An IP address literal, or a host name where the registry holds one."""
    port: int
    """0 where the registry names none."""
    transport: Transport = "tcp"
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    status: Status = Status.PASSING
    priority: int = 1
    weight: int = 1
    """That which goes with the status."""
    node: str = ""
    """The host that offers it; "" where the registry does not say."""
    node_address: str = ""
    """That host's own address; "" where the registry does not say."""
    container: str = ""
    """The name of its container; "" where the registry does not say."""
    image: str = ""
    """The last word of that container's image, as a service has it."""

    @classmethod
    def of(cls, service: Service, *, node: str = "", node_address: str = "") -> Self:
        """Show *service* as the readers of a store see it that keeps all of it."""
        return cls(
            id=service.id,
            name=service.name,
            address=service.address,
            port=service.port,
            transport=service.transport,
            tags=service.tags,
            metadata=service.metadata,
            status=service.status,
            priority=service.priority,
            weight=service.weight_when(service.status),
            node=node,
            node_address=node_address,
            container=service.container_name,
            image=service.image,
        )


def endpoint(address: str, port: int) -> str:
    """Join address and port, with the brackets that IPv6 needs (RFC 3986)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
