"""What the engine's JSON means, Docker's from API 1.24 on and Podman's.

Pure. Nothing is judged here: what cannot be a port, a state or a time in any engine is
left out, and a field of the wrong type is a `SourceError` that names the container.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from registrator.engine import shape, signals
from registrator.errors import SourceError
from registrator.fitness import Health
from registrator.model import (
    Binding,
    Container,
    ContainerId,
    Network,
    Port,
    State,
    Transport,
)

EVENTS: Final = {
    "container": frozenset(
        {"start", "restart", "die", "died", "kill", "stop", "destroy", "remove"}
        | {"pause", "unpause", "rename", "update", "health_status"}
    ),
    "network": frozenset({"connect", "disconnect"}),
}
"""What may change how a container must be shown; died and remove are Podman's words."""

_STATES: Final = {state.value: state for state in State} | {
    # Podman's own words
    "configured": State.CREATED,
    "initialized": State.CREATED,
    "stopping": State.RUNNING,
    "stopped": State.EXITED,
}
_HEALTH: Final = {health.value: health for health in Health if health != Health.PAUSED}
_MARKER: Final = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")
_PORT: Final = re.compile(r"(\d{1,5})(?:/(tcp|udp|sctp))?", re.ASCII | re.IGNORECASE)
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One container as a listing shows it."""

    id: ContainerId
    state: State
    fingerprint: int
    """Of all that can change what is registered; for comparing within one process."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Word that a container should be looked at again."""

    container: ContainerId | None
    """None: nobody knows which one, so all of them."""
    time_nano: int = 0
    """When it happened, by the engine's clock; 0 if nobody knows."""
    if_running: bool = False
    """Whether it matters only if the container runs already.

    One that is being started is connected to its networks first, and the engine keeps
    whoever inspects it then waiting until its start is over, of which it gives word.
    """
    signal: int = 0
    """The number of the signal that it was sent; 0 if none, or nobody says which."""


def listed(data: object) -> Listed:
    """Read one entry of a listing."""
    try:
        return _listed(shape.obj(data, "the entry"))
    except shape.Misshapen as error:
        raise SourceError(f"{_whose(data)} in the engine's list: {error}") from error


def container(data: object) -> Container:
    """Read one inspect answer."""
    try:
        return _container(shape.obj(data, "the answer"))
    except shape.Misshapen as error:
        raise SourceError(f"{_whose(data)} as the engine shows it: {error}") from error


def hint(line: bytes) -> Hint | None:
    """Read one line of the event stream; None for an event that changes nothing.

    A line that makes no sense is a hint at every container: it may have been any.
    """
    try:
        event = shape.obj(json.loads(line), "the event")
        return _hint(event)
    except (ValueError, RecursionError):
        return Hint(None)


def _listed(entry: Mapping[str, object]) -> Listed:
    state = _state({"Status": entry.get("State")})
    status = shape.text(entry.get("Status"), "Status")
    host = shape.obj(entry.get("HostConfig"), "HostConfig")
    settings = shape.obj(entry.get("NetworkSettings"), "NetworkSettings")
    names = shape.array(entry.get("Names"), "Names")
    matters = (
        state,
        _listed_health(entry, status),
        frozenset(shape.text(name, "Names") for name in names),
        shape.text(entry.get("Image"), "Image"),
        frozenset(_strings(entry.get("Labels"), "Labels").items()),
        frozenset(map(_listed_port, shape.array(entry.get("Ports"), "Ports"))),
        frozenset(_networks(settings)),
        shape.text(host.get("NetworkMode"), "NetworkMode"),
    )
    return Listed(_id(entry), state, hash(matters))


def _listed_health(entry: Mapping[str, object], status: str) -> Health | None:
    if (health := entry.get("Health")) is not None:  # since API 1.52
        return _health(shape.obj(health, "Health"))
    marker = _MARKER.search(status)
    return _HEALTH[marker[1]] if marker else Health.NONE


def _listed_port(value: object) -> tuple[str, int, int, str]:
    port = shape.obj(value, "Ports")
    return (
        shape.text(port.get("IP"), "IP"),
        shape.number(port.get("PrivatePort"), "PrivatePort"),
        shape.number(port.get("PublicPort"), "PublicPort"),
        shape.text(port.get("Type"), "Type"),
    )


def _container(data: Mapping[str, object]) -> Container:
    life = shape.obj(data.get("State"), "State")
    config = shape.obj(data.get("Config"), "Config")
    host = shape.obj(data.get("HostConfig"), "HostConfig")
    settings = shape.obj(data.get("NetworkSettings"), "NetworkSettings")
    state = _state(life)
    health = _health(shape.obj(life.get("Health"), "Health"))
    return Container(
        id=_id(data),
        name=shape.text(data.get("Name"), "Name").removeprefix("/"),
        image=shape.text(config.get("Image"), "Image"),
        image_id=shape.text(data.get("Image"), "Image").removeprefix("sha256:"),
        state=state,
        health=Health.PAUSED if state == State.PAUSED else health,
        exit_code=shape.number(life.get("ExitCode"), "ExitCode"),
        started=_moment(shape.text(life.get("StartedAt"), "StartedAt")),
        environment=_environment(config),
        labels=_strings(config.get("Labels"), "Labels"),
        network_mode=shape.text(host.get("NetworkMode"), "NetworkMode") or "default",
        networks=_networks(settings),
        stop_signal=signals.number(shape.text(config.get("StopSignal"), "StopSignal"))
        or signals.TERM,
        stop_timeout=shape.number(config.get("StopTimeout"), "StopTimeout"),
        exposed=_exposed(config),
        published=_published(settings),
        attributes=data,
    )


def _id(data: Mapping[str, object]) -> ContainerId:
    text = shape.text(data.get("Id"), "Id")
    if not text:
        raise shape.Misshapen("Id is missing")
    return ContainerId(text)


def _state(life: Mapping[str, object]) -> State:
    told = _STATES.get(shape.text(life.get("Status"), "State").lower())
    if told is not None:
        return told
    # A word that we do not know: the flags are older than the words, and plainer.
    flags = (State.DEAD, State.PAUSED, State.RESTARTING, State.RUNNING)
    return next((flag for flag in flags if life.get(flag.title())), State.EXITED)


def _health(health: Mapping[str, object]) -> Health:
    status = shape.text(health.get("Status"), "Health.Status").lower()
    return _HEALTH.get(status, Health.NONE)


def _moment(text: str) -> str:
    """Write a time so that it sorts as text; "" for one that is none.

    Go leaves out the zeros at the end of a fraction, and with that the order.
    """
    found = _MOMENT.fullmatch(text)
    if not found or text.startswith("0001-"):  # Go's zero: it never started
        return ""
    second, fraction, zone = found.groups(default="")
    if zone != "Z":
        try:
            moment = datetime.fromisoformat(second + zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return ""
        second = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{second}.{fraction:0<9}Z"


def _environment(config: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    entries = (
        shape.text(entry, "Env").partition("=")
        for entry in shape.array(config.get("Env"), "Env")
    )
    return tuple((name, value) for name, mark, value in entries if mark)


def _strings(value: object, field: str) -> dict[str, str]:
    members = shape.obj(value, field)
    return {name: shape.text(member, field) for name, member in members.items()}


def _networks(settings: Mapping[str, object]) -> tuple[Network, ...]:
    networks = shape.obj(settings.get("Networks"), "Networks")
    return tuple(_network(name, networks[name]) for name in sorted(networks))


def _network(name: str, value: object) -> Network:
    network = shape.obj(value, "Networks")
    return Network(
        name=name,
        ipv4=shape.text(network.get("IPAddress"), "IPAddress"),
        ipv6=shape.text(network.get("GlobalIPv6Address"), "GlobalIPv6Address"),
    )


def _exposed(config: Mapping[str, object]) -> tuple[Port, ...]:
    ports = map(_port, shape.obj(config.get("ExposedPorts"), "ExposedPorts"))
    return tuple(sorted({port for port in ports if port is not None}))


def _published(settings: Mapping[str, object]) -> dict[Port, tuple[Binding, ...]]:
    published = {}
    for key, value in shape.obj(settings.get("Ports"), "Ports").items():
        if (port := _port(key)) is not None:
            bindings = map(_binding, shape.array(value, "Ports"))
            published[port] = tuple(bound for bound in bindings if bound is not None)
    return {port: published[port] for port in sorted(published)}


def _port(text: str) -> Port | None:
    # Docker takes --expose 0 and --expose 80/foo; neither is a port one can reach.
    found = _PORT.fullmatch(text)
    if not found or not 1 <= (number := int(found[1])) <= 65535:
        return None
    return Port(number, cast("Transport", (found[2] or "tcp").lower()))


def _binding(value: object) -> Binding | None:
    binding = shape.obj(value, "Ports")
    port = _port(shape.text(binding.get("HostPort"), "HostPort"))
    if port is None:
        return None
    address = shape.text(binding.get("HostIp"), "HostIp")
    return Binding(address=address, port=port.number)


def _hint(event: Mapping[str, object]) -> Hint | None:
    kind = shape.text(event.get("Type"), "Type")
    # health_status may come bare or, from Docker, as "health_status: healthy".
    action = shape.text(event.get("Action"), "Action").partition(":")[0]
    if action not in EVENTS.get(kind, ()):
        return None
    actor = shape.obj(event.get("Actor"), "Actor")
    attributes = shape.obj(actor.get("Attributes"), "Attributes")
    # A network's event has the container as an attribute, but Podman's as the actor.
    text = (kind == "network" and attributes.get("container")) or actor.get("ID")
    container = ContainerId(shape.text(text, "ID")) or None
    moment = shape.number(event.get("timeNano"), "timeNano")
    # Podman's has none (4.3).
    sent = shape.text(attributes.get("signal"), "signal") if action == "kill" else ""
    return Hint(
        container,
        moment,
        if_running=kind == "network",
        signal=signals.number(sent),
    )


def _whose(data: object) -> str:
    name = data.get("Id") if isinstance(data, dict) else None
    return f"container {name:.12}" if isinstance(name, str) else "a container"
