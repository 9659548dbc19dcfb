"""The answers of the daemon, and of registries, as tables for people."""

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from registrator.model import endpoint
from registrator.views import (
    BackendView,
    ContainerView,
    EngineView,
    FindingView,
    InstanceView,
    ServiceView,
    StatusView,
)
from registrator.visible import visible

_COLOURS = {
    "passing": "green",
    "warning": "yellow",
    "critical": "red",
    "in-sync": "green",
    "pending": "yellow",
    "error": "red",
    "withheld": "yellow",
}


def services(found: Sequence[ServiceView]) -> None:
    """Print one line for each service."""
    table = _table(
        "SERVICE", "ID", "ADDRESS", "TAGS", "STATUS", "CONTAINER", "REGISTRIES"
    )
    for service in found:
        table.add_row(
            _text(service["service"]),
            _text(service["id"]),
            _text(endpoint(service["address"], service["port"])),
            _text(",".join(service["tags"])),
            _coloured(service["status"]),
            _text(service["container_name"]),
            _registries(service),
        )
    _print(table)
    _troubles(found)


def instances(found: Sequence[InstanceView]) -> None:
    """Print one line for each entry of a registry."""
    table = _table("SERVICE", "ID", "ADDRESS", "TAGS", "STATUS", "NODE")
    for each in found:
        table.add_row(
            _text(each["service"]),
            _text(each["id"]),
            _text(endpoint(each["address"], each["port"])),
            _text(",".join(each["tags"])),
            _coloured(each["status"]),
            _text(each["node"]),
        )
    _print(table)


def container(found: ContainerView) -> None:
    """Print what a container is, and one line for each of its ports."""
    console = _console()
    state = found["state"]
    if found["health"] != "none":
        state += f", {found['health']}"
    console.print(
        _text(
            f"{found['name']} ({found['container'][:12]}), image {found['image']},"
            f" {state}, network {found['network_mode']}"
        )
    )
    offered = [port["service"] for port in found["ports"] if port["service"]]
    table = _table("PORT", "REGISTERED", "RULE", "WHY")
    for port in found["ports"]:
        why = "; ".join([port["reason"], *port["notes"]])
        service = port["service"]
        shown = (
            f"{service['service']} as {service['id']}"
            f" at {endpoint(service['address'], service['port'])}"
            if service
            else "no"
        )
        table.add_row(
            _text(port["port"]), _text(shown), _text(port["rule"]), _text(why)
        )
    console.print(table)
    _findings(offered)
    _troubles(offered)


def _findings(found: Sequence[ServiceView]) -> None:
    """Print who says what of these services' fitness, and who decides."""
    table = _table("ID", "SAID BY", "STATUS", "WHY", "DECIDES")
    for service in found:
        for each in service["findings"]:
            table.add_row(
                _text(service["id"]),
                _text(each["said_by"]),
                _coloured(each["status"]),
                _text(_why(each)),
                _text("yes" if each["decides"] else ""),
            )
    if table.row_count:
        _print(table)


def _why(finding: FindingView) -> str:
    """Say why, and of a check that flaps until when, and what it says meanwhile."""
    if not finding["held"]:
        return finding["output"]
    held = f"it flaps: critical for {finding['held']:.0f} s more"
    return f"{finding['output']}; {held}; last: {finding['last']}"


def status(found: StatusView) -> None:
    """Print how the engine and every registry stand."""
    console = _console()
    # Without -node-name the engine has yet to say it.
    on = f" on {found['node']}" if found["node"] else ""
    console.print(
        _text(
            f"registrator {found['version']}{on}: services: {found['services']},"
            f" containers: {found['engine']['containers']};"
            f" {'all is well' if found['well'] else 'not all is well'}"
        )
    )
    console.print(_engine(found["engine"]))
    table = _table(
        "REGISTRY",
        "STATE",
        "RECORDS",
        "WAITING",
        "LAST ROUND",
        "LAG",
        "RETRIES",
        "ERROR",
    )
    for backend in found["backends"]:
        lag = backend["lag"]
        table.add_row(
            _text(backend["registry"]),
            _coloured(_state(backend)),
            _text(str(backend["records"])),
            _text(str(backend["waiting"] + backend["held"])),
            _text(_ago(backend["round_ago"])),
            _text("-" if lag is None else f"{lag * 1000:.1f} ms"),
            _text(str(backend["retries"])),
            _text(backend["error"] or "-"),
        )
    console.print(table)


def _engine(found: EngineView) -> Text:
    away = f"away: {found['error']}" if found["error"] else "not reached yet"
    return _text(
        f"engine {found['endpoint']}: {'connected' if found['connected'] else away},"
        f" last listed {_ago(found['listed_ago'])},"
        f" containers to look at: {found['waiting']}"
    )


def _state(backend: BackendView) -> str:
    if backend["error"]:
        return "error"
    waits = backend["waiting"] or backend["held"] or not backend["reachable"]
    return "pending" if waits else "in-sync"


def _registries(service: ServiceView) -> Text:
    """Name each registry by its scheme, in full where two share it."""
    schemes = [_scheme(each["registry"]) for each in service["backends"]]
    parts: list[Text] = []
    for each, scheme in zip(service["backends"], schemes, strict=True):
        name = each["registry"] if schemes.count(scheme) > 1 else scheme
        parts.append(Text.assemble(f"{visible(name)}: ", _coloured(each["state"])))
    return Text(", ").join(parts)


def _troubles(found: Sequence[ServiceView]) -> None:
    """Print what keeps registries from holding these services, each reason once."""
    whose: dict[str, list[str]] = {}
    for service in found:
        if service["withheld"]:
            reason = f"withheld: {service['withheld']}"
            whose.setdefault(reason, []).append(service["id"])
        for each in service["backends"]:
            if each["error"]:
                place = f"{each['registry']}: "
                reason = each["error"].removeprefix(place)
                whose.setdefault(f"{place}{reason}", []).append(service["id"])
    console = _console()
    for reason, ids in whose.items():
        who = ids[0] if len(ids) == 1 else f"{len(ids)} services"
        console.print(_text(f"{reason} ({who})"))


def _scheme(uri: str) -> str:
    return uri.partition(":")[0]


def _coloured(word: str) -> Text:
    return Text(visible(word), style=_COLOURS.get(word, ""))


def _text(shown: str) -> Text:
    """Show what a container may have said: neither markup nor a terminal's command."""
    return Text(visible(shown))


def _ago(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.0f} s ago"


def _table(*columns: str) -> Table:
    """Make a table that folds what is too long: nothing is ever cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _console() -> Console:
    """Fit a terminal's width; where nobody looks, fold nothing."""
    return Console(width=None if sys.stdout.isatty() else 1_000_000, highlight=False)


def _print(table: Table) -> None:
    _console().print(table)
