"""What the HAProxy side is asked, and how its answers are shown."""

import difflib
import json
from pathlib import Path

from registrator.ctl.client import Client
from registrator.haproxy_views import HaproxyFileView
from registrator.visible import visible


def run(client: Client, what: str, proposed: Path | None, *, as_json: bool) -> int:
    """Show, plan, diff or render; exit code 1 where something is to be done or told."""
    if what == "plan":
        return _plan(client, proposed, as_json=as_json)
    if what == "diff":
        return _diff(client.haproxy_file(proposed), as_json=as_json)
    if what == "render":
        return _render(client.haproxy_file(proposed), as_json=as_json)
    return _show(client, as_json=as_json)


def _show(client: Client, *, as_json: bool) -> int:
    found = client.haproxy()
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        from registrator.ctl import haproxy_tables  # noqa: PLC0415  rich takes 0.1 s

        haproxy_tables.glance(found)
    return 0 if found["well"] else 1


def _plan(client: Client, proposed: Path | None, *, as_json: bool) -> int:
    found = client.haproxy_plan(proposed)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        from registrator.ctl import haproxy_tables  # noqa: PLC0415  rich takes 0.1 s

        haproxy_tables.plan(found)
    return 1 if found["reasons"] or found["steps"] else 0


def _diff(found: HaproxyFileView, *, as_json: bool) -> int:
    lines = list(
        difflib.unified_diff(
            found["now"].splitlines(),
            found["then"].splitlines(),
            found["file"],
            f"{found['file']} (as it would be)",
            lineterm="",
        )
    )
    if as_json:
        print(json.dumps({"file": found["file"], "diff": lines}, indent=2))
    else:
        for line in lines:
            print(_shown(line))
    return 1 if lines else 0


def _render(found: HaproxyFileView, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"file": found["file"], "text": found["then"]}, indent=2))
    else:
        for line in found["then"].splitlines():
            print(_shown(line))
    return 0


def _shown(line: str) -> str:
    """Show a line of a file, whose tabs are no commands."""
    return "\t".join(map(visible, line.split("\t")))
