"""The decision about a whole container: which of its ports become services, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registrator.labels.addresses import NoAddress, Way, home_of, locate, places, way
from registrator.labels.metadata import Settings, Wishes
from registrator.labels.naming import service_ids, service_name
from registrator.labels.ports import MAX_SERVICES, ports_of
from registrator.labels.rules import Rules
from registrator.labels.services import Draft, build
from registrator.labels.tags import TemplateError
from registrator.labels.whitelist import Refused, is_on, shown
from registrator.model import Container, Port, Service, ServiceId, State

MAX_WORK = 500_000
"""Ports times settings: a tenth of a second, and far beyond what anybody means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one port, or of the whole container where *port* is None."""

    port: Port | None = None
    service: Service | None = None
    rule: str
    """One stable word for what decided.

    Registered: published, host-network, own-address, internal. Left out: not-running,
    no-ports, not-published, ignored, explicit. Left out although it was asked for:
    no-address, refused.
    """
    reason: str
    """The rule applied to this port: one sentence for people."""
    notes: tuple[str, ...] = ()
    """What was wrong and did no harm."""


def decide(
    container: Container, rules: Rules, joined: Container | None = None
) -> tuple[Decision, ...]:
    """Say for every port of *container* whether it is a service, in order of ports.

    *joined* is the container whose network it shares (network mode container:<id>).
    Never raises, whatever the container says of itself.
    """
    if container.state not in {State.RUNNING, State.PAUSED}:
        return (_whole("not-running", f"the container is {container.state}"),)
    try:
        settings = Settings.of(container)
        ports = ports_of(container, settings.general.get("ports", ""))
        if not ports:
            return (_whole("no-ports", "no port is exposed, published or declared"),)
        return _decisions(ports, settings, container, rules, joined)
    except Refused as refused:
        return (_whole("refused", str(refused)),)


def _whole(rule: str, reason: str) -> Decision:
    return Decision(rule=rule, reason=reason)


def _decisions(
    ports: Sequence[Port],
    settings: Settings,
    container: Container,
    rules: Rules,
    joined: Container | None,
) -> tuple[Decision, ...]:
    """Decide about every port; raise `Refused` where there are too many."""
    home = home_of(container, joined)
    ways: dict[Port, Way] = {port: way(port, container, home, rules) for port in ports}
    reached = [port for port in ports if ways[port] != "not-published"]
    wishes, decisions = _sifted(reached, settings, rules)
    tags, notes = _operator_tags(container, rules) if wishes else ((), ())
    case = _Case(
        container=container,
        home=home,
        rules=rules,
        grouped=len(reached) > 1,
        ids=service_ids(container, wishes, rules.node),
        tags=tags,
        notes=notes,
    )
    taken: dict[ServiceId, Port] = {}
    for port, wish in wishes.items():
        decisions[port] = _settled(port, ways[port], wish, case, taken)
    return tuple(decisions.get(port) or _not_published(port) for port in ports)


def _not_published(port: Port) -> Decision:
    reason = "exposed, but not published on the host"
    return Decision(port=port, rule="not-published", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What holds for every port of the container."""

    container: Container
    home: Container
    rules: Rules
    grouped: bool
    ids: Mapping[Port, str]
    tags: tuple[str, ...]
    notes: tuple[str, ...]


def _sifted(
    reached: Sequence[Port], settings: Settings, rules: Rules
) -> tuple[dict[Port, Wishes], dict[Port, Decision]]:
    """The wishes for ports that are wanted, and decisions about the others."""
    if len(reached) * len(settings.specific) > MAX_WORK:
        raise Refused(
            f"{len(reached)} ports with {len(settings.specific)} settings for single "
            "ports are too many"
        )
    wishes, decisions = {}, {}
    for port in reached:
        wish = settings.wishes(port)
        if is_on(wish.get("ignore")):
            reason = "SERVICE_IGNORE says so"
            decisions[port] = Decision(port=port, rule="ignored", reason=reason)
        elif rules.explicit and not wish.get("name"):
            reason = "-explicit, and no SERVICE_NAME for it"
            decisions[port] = Decision(port=port, rule="explicit", reason=reason)
        else:
            wishes[port] = wish
    if len(wishes) > MAX_SERVICES:
        raise Refused(
            f"{len(wishes)} services of one container are more than {MAX_SERVICES}"
        )
    return wishes, decisions


def _operator_tags(
    container: Container, rules: Rules
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if rules.tags is None:
        return (), ()
    try:
        return rules.tags.render(container), ()
    except TemplateError as error:
        return (), (f"-tags adds no tags here: {error}",)


def _settled(
    port: Port, how: Way, wishes: Wishes, case: _Case, taken: dict[ServiceId, Port]
) -> Decision:
    """The decision about a port that is wanted; a service's id is then *taken*."""
    try:
        location = locate(port, case.container, case.home, case.rules, wishes)
        name = service_name(port, case.container, wishes, grouped=case.grouped)
        draft = Draft(
            id=case.ids[port],
            name=name,
            port=port,
            location=location,
            places=places(port, case.home, case.rules, wishes),
            check_kinds=case.rules.check_kinds,
            tags=case.tags,
        )
        service, notes = build(draft, case.container, wishes)
    except NoAddress as refused:
        return Decision(port=port, rule="no-address", reason=str(refused))
    except Refused as refused:
        return Decision(port=port, rule="refused", reason=str(refused))
    if service.id in taken:
        reason = f"the id {shown(service.id)} is taken by port {taken[service.id]}"
        return Decision(port=port, rule="refused", reason=reason)
    taken[service.id] = port
    return Decision(
        port=port,
        service=service,
        rule=how,
        reason=location.reason,
        notes=(*notes, *case.notes),
    )
