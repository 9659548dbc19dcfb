"""What a configuration file may say. The JSON Schema is made from this.

Durations are seconds. Lines and words that the operator gives are HAProxy's own and go
into its file as they are: `haproxy -c` judges them.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from registrator_haproxy import tiers, whitelist
from registrator_haproxy.configuration.claims import Claim, Way, refuse, twice
from registrator_haproxy.configuration.damped import Damped
from registrator_haproxy.configuration.outputs import Output, refuse_clashes
from registrator_haproxy.configuration.pacing import Pacing
from registrator_haproxy.configuration.routes import Frontend, Route
from registrator_haproxy.configuration.table import (
    Line,
    Lines,
    Listen,
    Name,
    Port,
    Seconds,
    Several,
    Table,
    Text,
    of_one_or_several,
)
from registrator_haproxy.guard import Caution

OneOrSeveralTexts = Annotated[
    tuple[Text, ...],
    BeforeValidator(of_one_or_several, json_schema_input_type=Text | tuple[Text, ...]),
]
Place = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_./-]{1,100}$")]
"""A path that may stand in HAProxy's file."""


def _zone(said: object) -> object:
    parts = of_one_or_several(said)
    texts = [each for each in parts if isinstance(each, str)]
    return tiers.steps(texts) if len(texts) == len(parts) else parts


class Fixed(Table):
    """A server that stands in no registry."""

    host: Annotated[str, AfterValidator(whitelist.address)]
    port: Port
    name: Name | None = None


class Filter(Table):
    """Which instances count, by what they say of themselves."""

    label: Text
    value: str
    condition: Literal["equals", "not-equals"] = "equals"

    def lets(self, labels: Mapping[str, str]) -> bool:
        """Whether an instance with these labels counts; one without it equals none."""
        return (labels.get(self.label) == self.value) is (self.condition == "equals")


class Service(Damped):
    """One service: which registry knows its servers, and how HAProxy offers it."""

    source: OneOrSeveralTexts = Field(default=(), alias="from")
    """Addresses of registries and other sources."""
    choose: Literal["together", "first"] = "together"
    """Of several: all their instances, or those of the first that has any."""
    name: Text | None = None
    """What it is called there, if not as here."""
    backend_name: Name | None = Field(default=None, alias="backend-name")
    """What its backend is called, if not as it."""
    listen: Listen | None = None
    """Where HAProxy listens for it; nothing: there is a backend only."""
    bind_options: Line = Field(default="", alias="bind-options")
    routes: Annotated[
        tuple[Route, ...],
        BeforeValidator(
            of_one_or_several, json_schema_input_type=Route | tuple[Route, ...]
        ),
    ] = ()
    """Which requests are its own, of the frontends that several share."""
    mode: Literal["tcp", "http"] | None = "http"
    """Nothing: the lines say it, or the defaults do."""
    balance: Line | None = "roundrobin"
    """Nothing: the lines say it."""
    server: Line = "check inter 2s rise 2 fall 3"
    """The words that each of its servers has; of %{host}, %{port}, %{name} its own."""
    slow_start: Annotated[int, Field(ge=0, le=86400)] = Field(
        default=0, alias="slow-start"
    )
    """Seconds in which a server that is up comes to its whole weight; 0: at once."""
    cookies: Literal["none", "name", "hash"] = "none"
    """What a server's cookie is: nothing, its name, or the SHA-1 of that."""
    ids: bool = False
    """Whether its servers have ids in HAProxy, which each keeps for life."""
    order: Literal["host", "name", "name-descending", "registry"] = "host"
    """How the servers are ordered: another way on each host, or the same on all."""
    frontend: Lines = ()
    backend: Lines = ()
    servers: Several[Fixed] = ()
    """Those that are used while no registry shows any."""
    keep_servers: bool = Field(default=False, alias="keep-servers")
    """Whether they are used beside what a registry shows, too."""
    port: Port | None = None
    """Which port all its servers have, whatever a registry says."""
    filters: Several[Filter] = ()
    only: Literal["passing", "warning"] = "passing"
    """Which instances serve: those that pass, or those in a warning too."""
    weights: bool = True
    """Whether servers have the weights that the registry shows."""
    at_most: Annotated[int, Field(ge=0)] = Field(default=0, alias="at-most")
    """With how many of them this host makes do, other hosts with others; 0: all."""
    far: Literal["alike", "backup", "weight", "none"] = "alike"
    """What instances in other zones are for."""
    near_at_least: Annotated[int, Field(ge=1)] = Field(default=1, alias="near-at-least")
    """While the nearest are fewer, those that are next nearest serve with them."""
    far_weight: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, alias="far-weight"
    )
    """What a far one weighs, in percent of what it would if it were near."""
    slots: Annotated[int, Field(ge=0, le=4096)] = 0
    """How many places its backend has prepared for servers; 0: none is."""
    panic: Annotated[float, Field(ge=0, le=1)] = 0.5
    hold: Seconds = 10.0
    keep: Seconds = 0.0

    @model_validator(mode="after")
    def _a_slot_is_nobodys(self) -> Self:
        owned = self.cookies != "none" or self.ids or "%{" in self.server
        if self.slots and owned:
            raise ValueError(
                "`slots` are prepared for any server: take `cookies`, `ids`, and"
                " %{host} and the like in `server`, away"
            )
        return self

    @property
    def caution(self) -> Caution:
        """How much is believed of its registries."""
        return Caution(panic=self.panic, hold=self.hold, keep=self.keep)


_LONGEST_SOCKET: Final = 97
"""The kernel's 107, less what HAProxy adds while it takes a socket over."""


class Process(Table):
    """Which HAProxy it is, and where; paths that are not given are in *directory*."""

    manage: Literal["start", "attach", "command", "nothing"] = "start"
    """Start one; go on with one by its master socket; reload it by a command; or have
    none at all, and keep the outputs only."""
    program: Text = "haproxy"
    directory: Place = "/run/registrator-haproxy"
    file: Place | None = None
    socket: Place | None = None
    """HAProxy's runtime socket."""
    master: Place | None = None
    """HAProxy's master socket."""
    reload: Several[Text] = ()
    """The command that reloads it, word by word: there is no shell."""
    deadline: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds that a start, a check or a reload may take."""
    soft_stop: Seconds = Field(default=0.0, alias="soft-stop")
    """Seconds that connections have to end when HAProxy ends with us."""

    @property
    def paths(self) -> tuple[str, str, str]:
        """Its file, its runtime socket, and its master socket."""
        return (
            self.file or f"{self.directory}/haproxy.cfg",
            self.socket or f"{self.directory}/runtime.sock",
            self.master or f"{self.directory}/master.sock",
        )

    @model_validator(mode="after")
    def _command_is_there(self) -> Self:
        if (self.manage == "command") != bool(self.reload):
            raise ValueError("`reload` and `manage: command` belong together")
        return self

    @model_validator(mode="after")
    def _names_of_sockets_are_short(self) -> Self:
        for socket in () if self.manage == "nothing" else self.paths[1:]:
            if len(socket.encode()) > _LONGEST_SOCKET:
                raise ValueError(
                    f"{socket} is too long: HAProxy takes {_LONGEST_SOCKET} octets for"
                    " a socket; give a shorter `directory`"
                )
        return self


class Configuration(Pacing):
    """The whole file."""

    haproxy: Process = Process()

    global_: Lines = Field(default=(), alias="global")
    defaults: Lines = (
        "timeout connect 1s",
        "timeout client 1m",
        "timeout server 1m",
        "option redispatch",
        "retries 3",
    )
    extra: Mapping[Line, Lines] = Field(default_factory=dict)
    """Whole sections of the operator's own, by their titles."""
    zone: Annotated[
        tuple[str, ...],
        BeforeValidator(_zone, json_schema_input_type=Text | tuple[Text, ...]),
    ] = ()
    """Where this host is, from what is wide to what is narrow: `eu-west-1/a`."""
    zone_label: OneOrSeveralTexts = Field(default=("zone",), alias="zone-label")
    """Which metadata of an instance say where that is."""
    drain: Seconds = 30.0
    """For how long a server that goes may end what it is at before it is closed off."""
    max_server_id: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        default=65_535, alias="max-server-id"
    )
    """The greatest id that a server gets; who comes after that has none."""
    frontends: Mapping[Name, Frontend] = Field(default_factory=dict)
    """Where HAProxy listens for several services at once, by name."""
    services: Mapping[Name, Service] = Field(default_factory=dict)
    outputs: Several[Output] = ()
    """Other files that say what the services have."""

    @model_validator(mode="after")
    def _nothing_stands_twice(self) -> Self:
        """Refuse what HAProxy, or a file, would take from one and give to another."""
        refuse([*twice(self._claims()), *self._lost(), *self._unchecked()])
        own = () if self.haproxy.manage == "nothing" else self.haproxy.paths
        refuse_clashes(self.outputs, self.services, own)
        return self

    def _claims(self) -> Iterator[Claim]:
        for name, frontend in self.frontends.items():
            way, who = ("frontends", name), f"frontend {name}"
            yield Claim(way, who, "are called the same", name)
            for place in frontend.listen:
                yield Claim((*way, "listen"), who, "listen on one place", place)
        for name, service in self.services.items():
            way, who = ("services", name), f"service {name}"
            backend = service.backend_name or name
            yield Claim(way, who, "have one backend", backend)
            if service.listen is not None:
                yield Claim(way, who, "are called the same", name)
                place = service.listen
                yield Claim((*way, "listen"), who, "listen on one place", place)
            for number, route in enumerate(service.routes):
                yield Claim((*way, "routes", number), who, "have one route", route)

    def _lost(self) -> Iterator[tuple[Way, str]]:
        """Find routes that lead to nothing."""
        for name, service in self.services.items():
            way = "services", name, "routes"
            if service.routes and service.mode == "tcp":
                yield way, "a service with routes has mode: http"
            for number, route in enumerate(service.routes):
                if route.frontend not in self.frontends:
                    yield (*way, number), f"there is no frontend {route.frontend}"

    def _unchecked(self) -> Iterator[tuple[Way, str]]:
        """Find servers of which HAProxy would not know that they are up anew."""
        for name, service in self.services.items():
            if service.slow_start and "check" not in service.server.split():
                way = "services", name, "slow-start"
                yield way, "takes health checks: put `check` into `server`"


def schema() -> dict[str, object]:
    """Make the JSON Schema of a configuration file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Configuration.model_json_schema(by_alias=True),
        "title": "Configuration of registrator-haproxy",
    }
