"""What the HAProxy side says of itself, as tables for people."""

from collections.abc import Sequence
from typing import Final

from registrator.ctl.screen import coloured, console, table, text
from registrator.haproxy_views import (
    HaproxyDampedView,
    HaproxyEntryView,
    HaproxyPlanView,
    HaproxyProblemsView,
    HaproxyServerView,
    HaproxySourceView,
    HaproxyView,
)

_LATEST: Final = 20
"""Entries of the journal that people are shown; JSON has them all."""


def glance(found: HaproxyView) -> None:
    """Print the servers, what they come from, what is left out, and what was done."""
    out = console()
    well = "all is well" if found["well"] else "not all is well"
    servers, where = len(found["servers"]), found["file"]
    out.print(text(f"haproxy {where}: servers: {servers}; {well}"))
    if found["trouble"]:
        out.print(text(f"trouble: {found['trouble']}"))
    if found["servers"]:
        _servers(found["servers"])
    if found["sources"]:
        _sources(found["sources"])
    _left_out(found["quarantined"], found["refused"])
    _held_out(found["damped"])
    if found["journal"]:
        _journal(found["journal"][-_LATEST:])


def plan(found: HaproxyPlanView) -> None:
    """Print what would be done, one line for each step."""
    out = console()
    if not (found["reasons"] or found["steps"]):
        out.print(text("nothing to do"))
    for reason in found["reasons"]:
        out.print(text(f"reload: {reason}"))
    if found["steps"]:
        lines = table("DO", "BACKEND", "SERVER", "ADDRESS")
        for step in found["steps"]:
            lines.add_row(
                text(step["act"]),
                text(step["backend"]),
                text(step["server"]),
                text(step["address"] or "-"),
            )
        out.print(lines)
    for source in found["held"]:
        where = f"{source['service']} from {source['registry']}"
        out.print(text(f"held: {where}: {source['held']}"))
    _left_out(found["quarantined"], found["refused"])


def _servers(found: Sequence[HaproxyServerView]) -> None:
    lines = table(
        *("BACKEND", "SERVER", "STATE", "SINCE", "SESSIONS", "WEIGHT", "FROM")
    )
    for each in found:
        queued = f" +{each['queued']} waiting" if each["queued"] else ""
        lines.add_row(
            text(each["backend"]),
            text(each["server"]),
            coloured(each["state"] if each["wanted"] else f"leaving, {each['state']}"),
            text("-" if each["since"] is None else f"{each['since']:.0f} s"),
            text(f"{each['sessions']}{queued}"),
            text(str(each["weight"])),
            text(", ".join(each["sources"]) or "-"),
        )
    console().print(lines)


def _sources(found: Sequence[HaproxySourceView]) -> None:
    lines = table(*("SERVICE", "READS", "STATE", "AGE", "SHOWN", "SERVED", "HELD BACK"))
    for each in found:
        state = "current" if each["current"] else "away"
        lines.add_row(
            text(each["service"]),
            text(each["registry"]),
            coloured(state),
            text(f"{each['age']:.0f} s"),
            text(str(each["shown"])),
            text(str(each["served"])),
            text(each["held"] or each["error"] or "-"),
        )
    console().print(lines)


def _left_out(
    quarantined: Sequence[HaproxyProblemsView], refused: Sequence[HaproxyProblemsView]
) -> None:
    out = console()
    for each in quarantined:
        out.print(text(f"{each['service']} is left out: {'; '.join(each['problems'])}"))
    for each in refused:
        for problem in each["problems"]:
            out.print(text(f"{each['service']}: left out: {problem}"))


def _held_out(found: Sequence[HaproxyDampedView]) -> None:
    for each in found:
        where = f"{each['service']} from {each['registry']}"
        left = f"held out for {each['seconds']:.0f} s more, if it stays"
        console().print(text(f"{where}: {each['instance']} comes and goes: {left}"))


def _journal(found: Sequence[HaproxyEntryView]) -> None:
    lines = table("AT", "KIND", "WHAT", "WHY")
    for each in found:
        lines.add_row(
            text(each["at"]),
            coloured(each["kind"]),
            text(each["what"]),
            text(each["why"] or "-"),
        )
    console().print(lines)
