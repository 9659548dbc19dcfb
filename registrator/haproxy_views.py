"""The JSON that is shown of the HAProxy side; times are seconds."""

from typing import Literal, TypedDict


class HaproxyServerView(TypedDict):
    """One server of a backend of ours, as the running HAProxy has it."""

    service: str
    backend: str
    server: str
    address: str
    state: str
    """HAProxy's own word in lower case, such as `up`, `down`, `drain`, `maint`."""
    weight: int
    sessions: int
    queued: int
    since: float | None
    """For how long it has been in this state; None: HAProxy does not tell."""
    wanted: bool
    """Whether it is to be there; one that is not is leaving."""
    sources: list[str]
    """The registries that show it; `configuration` for one that stands there."""


class HaproxySourceView(TypedDict):
    """What one registry says of one service, and what is believed of that."""

    service: str
    registry: str
    known: bool
    """Whether it was ever read."""
    current: bool
    age: float
    """Since when what it showed last is not confirmed; 0: it is current."""
    shown: int
    served: int
    held: str
    """Why what is served is not what it shows; "" where it is."""
    error: str


class HaproxyProblemsView(TypedDict):
    """Something of a service that was left out, and why."""

    service: str
    problems: list[str]


class HaproxyDampedView(TypedDict):
    """An instance that comes and goes too often to serve."""

    service: str
    registry: str
    instance: str
    """What the registry knows it by."""
    seconds: float
    """For how long it is held out if it stays."""


class HaproxyEntryView(TypedDict):
    """One thing that was done, or was not."""

    at: str
    """RFC 3339 in UTC."""
    kind: str
    what: str
    why: str


class HaproxyMetricView(TypedDict):
    """One figure, named as Prometheus has it."""

    name: str
    kind: Literal["counter", "gauge"]
    labels: dict[str, str]
    value: float


class HaproxyView(TypedDict):
    """The HAProxy side at a glance."""

    version: str
    configuration: str
    """The file that it was told to read."""
    file: str
    """HAProxy's own."""
    well: bool
    trouble: str
    """Why HAProxy is not as it is to be, or cannot be asked; "" where all is right."""
    servers: list[HaproxyServerView]
    sources: list[HaproxySourceView]
    quarantined: list[HaproxyProblemsView]
    """Services that HAProxy does not take."""
    refused: list[HaproxyProblemsView]
    """Entries of registries that may stand in no file."""
    damped: list[HaproxyDampedView]
    journal: list[HaproxyEntryView]
    """The last of it, oldest first."""
    metrics: list[HaproxyMetricView]


class HaproxyStepView(TypedDict):
    """What would be done to one server while HAProxy runs."""

    act: str
    backend: str
    server: str
    address: str
    """"" for one that goes."""


class HaproxyPlanView(TypedDict):
    """What would be done now."""

    reasons: list[str]
    """Why it would take a reload; none: it takes none."""
    steps: list[HaproxyStepView]
    quarantined: list[HaproxyProblemsView]
    refused: list[HaproxyProblemsView]
    held: list[HaproxySourceView]
    """The registries that are not believed, or not yet."""


class HaproxyFileView(TypedDict):
    """HAProxy's file as it is, and as it would be."""

    file: str
    now: str
    """"" where there is none."""
    then: str
