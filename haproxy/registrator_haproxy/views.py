"""What the HAProxy side shows of itself, made of its own values. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from registrator.haproxy_views import (
    HaproxyDampedView,
    HaproxyEntryView,
    HaproxyMetricView,
    HaproxyProblemsView,
    HaproxyServerView,
    HaproxySourceView,
    HaproxyStepView,
)
from registrator.watcher import Sighting
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.difference import Step
from registrator_haproxy.guard import Belief
from registrator_haproxy.journal import Entry, Journal, Kind
from registrator_haproxy.layout import Backend, Layout
from registrator_haproxy.registries import Origin
from registrator_haproxy.runtime import Figures, Key, LiveServer

_CONFIGURATION = "configuration"
_PREFIX = "registrator_haproxy_"
_COUNTED: Mapping[Kind, tuple[str, str]] = {
    Kind.RUNTIME: ("runtime_changes_total", "act"),
    Kind.RELOAD: ("reloads_total", "reason"),
    Kind.FAILURE: ("failures_total", "reason"),
    Kind.REFUSAL: ("refusals_total", "reason"),
    Kind.HELD: ("held_losses_total", "reason"),
}
"""How each kind is called by who counts it, and what its cause is."""


def servers(
    configuration: Configuration,
    layout: Layout,
    beliefs: Mapping[Origin, Belief],
    lives: Mapping[Key, LiveServer],
    figures: Mapping[Key, Figures],
) -> list[HaproxyServerView]:
    """Show the servers of all backends of ours, in their order; then what leaves."""
    services = {
        service.backend_name or name: name
        for name, service in configuration.services.items()
    }
    shown = _sources(configuration, beliefs)
    found: list[HaproxyServerView] = []
    for name, backend in layout.backends.items():
        service = services.get(name, name)
        for server, place, wanted in _servers(backend, lives):
            figure = figures.get((name, server))
            sources = shown.get((service, place), ())
            found.append(
                HaproxyServerView(
                    service=service,
                    backend=name,
                    server=server,
                    address=place,
                    state=figure.status.lower() if figure else "not there",
                    weight=figure.weight if figure else 0,
                    sessions=figure.sessions if figure else 0,
                    queued=figure.queued if figure else 0,
                    since=figure.since if figure else None,
                    wanted=wanted,
                    sources=list(sources or ([_CONFIGURATION] if wanted else [])),
                )
            )
    return found


def sources(
    beliefs: Mapping[Origin, Belief], sightings: Mapping[Origin, Sighting], now: float
) -> list[HaproxySourceView]:
    """Show what each registry says, and what is believed; *now* is the loop's time."""
    return [
        HaproxySourceView(
            service=origin[0],
            registry=origin[1],
            known=sighting.known,
            current=sighting.current,
            age=sighting.age(now),
            shown=len(sighting.instances),
            served=len(beliefs.get(origin, Belief()).instances),
            held=beliefs.get(origin, Belief()).why,
            error=sighting.error,
        )
        for origin, sighting in sightings.items()
    ]


def damped(
    held: Mapping[Origin, Mapping[str, float]], now: float
) -> list[HaproxyDampedView]:
    """Show who comes and goes too often; *now* is the loop's time."""
    return [
        HaproxyDampedView(
            service=service,
            registry=registry,
            instance=instance,
            seconds=max(until - now, 0.0),
        )
        for (service, registry), instances in held.items()
        for instance, until in instances.items()
    ]


def problems(
    by_service: Mapping[str, Sequence[str]],
) -> list[HaproxyProblemsView]:
    """Show what was left out."""
    return [
        HaproxyProblemsView(service=name, problems=list(sentences))
        for name, sentences in by_service.items()
    ]


def entries(some: Iterable[Entry]) -> list[HaproxyEntryView]:
    """Show a journal whose clock tells the seconds since 1970."""
    return [
        HaproxyEntryView(
            at=datetime.fromtimestamp(each.at, UTC).isoformat(timespec="milliseconds"),
            kind=each.kind,
            what=each.what,
            why=each.why,
        )
        for each in some
    ]


def steps(some: Iterable[Step]) -> list[HaproxyStepView]:
    """Show what would be done while HAProxy runs."""
    return [
        HaproxyStepView(
            act=each.act,
            backend=each.backend,
            server=each.name,
            address=each.server.place if each.server else "",
        )
        for each in some
    ]


def metrics(
    journal: Journal,
    found: Sequence[HaproxySourceView],
    damped: Sequence[HaproxyDampedView],
) -> list[HaproxyMetricView]:
    """Show all figures, in the names and units of Prometheus."""
    counters = [
        _metric("counter", name, {label: cause}, count)
        for (kind, cause), count in sorted(journal.counts.items())
        if kind in _COUNTED
        for name, label in [_COUNTED[kind]]
    ]
    held = sum(bool(each["held"]) for each in found)
    ages = [
        _metric(
            "gauge",
            "snapshot_age_seconds",
            {"service": each["service"], "registry": each["registry"]},
            each["age"],
        )
        for each in found
    ]
    return [
        *counters,
        _metric("gauge", "held_losses", {}, held),
        _metric("gauge", "damped_instances", {}, len(damped)),
        *ages,
    ]


def _metric(
    kind: str, name: str, labels: dict[str, str], value: float
) -> HaproxyMetricView:
    return HaproxyMetricView(
        name=f"{_PREFIX}{name}",
        kind="counter" if kind == "counter" else "gauge",
        labels=labels,
        value=value,
    )


def _servers(
    backend: Backend, lives: Mapping[Key, LiveServer]
) -> Iterator[tuple[str, str, bool]]:
    """Yield names and places, and whether they are wanted."""
    wanted = {each.name for each in backend.servers}
    for server in backend.servers:
        yield server.name, server.place, True
    for (name, _), live in lives.items():
        if name == backend.name and live.name not in wanted:
            yield live.name, f"{live.address or live.host}:{live.port}", False


def _sources(
    configuration: Configuration, beliefs: Mapping[Origin, Belief]
) -> Mapping[tuple[str, str], Sequence[str]]:
    """Say which registries show what is at a place, by service and place."""
    found: dict[tuple[str, str], list[str]] = {}
    for (name, registry), belief in beliefs.items():
        service = configuration.services.get(name)
        for instance in belief.instances.values() if service else ():
            port = service.port if service and service.port else instance.port
            shown = found.setdefault((name, f"{instance.address}:{port}"), [])
            if registry not in shown:
                shown.append(registry)
    return found
