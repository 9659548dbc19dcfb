"""What an operator orders, and how its outcome is shown."""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

from registrator.ctl.client import Client
from registrator.orders_views import DrainView, MaintenanceView, OrdersView
from registrator.visible import visible

_PAUSE: Final = 0.1
"""Seconds between two looks at how far a drain is."""


def run(client: Client, chosen: argparse.Namespace, *, as_json: bool) -> int:
    """Order what the command line says; exit code 1 where it was not to be had."""
    if chosen.command == "drain":
        return _drain(client, chosen, as_json=as_json)
    if chosen.switch:
        return _maintain(client, chosen, as_json=as_json)
    return _list(client.orders(), as_json=as_json)


def _list(found: OrdersView, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found["maintenance"] and not found["drains"]:
        _say("nothing is in maintenance, and nothing is drained")
    else:
        from registrator.ctl import orders_tables  # noqa: PLC0415  rich takes 0.1 s

        orders_tables.orders(found)
    return 0


def _maintain(client: Client, chosen: argparse.Namespace, *, as_json: bool) -> int:
    on = chosen.switch == "on"
    target: dict[str, object] = {"host": True}
    if chosen.service:
        target = {"service": chosen.service}
    elif chosen.container:
        target = {"container": chosen.container}
    done = client.maintain(target, chosen.reason, on=on)
    _note(done["notes"])
    if as_json:
        print(json.dumps(done, indent=2))
    elif on or done["changed"]:
        print(visible(_maintained(done["maintenance"], on=on)))
    else:
        _say(f"{_target(done['maintenance'])} was not in maintenance")
    return 0 if on or done["changed"] else 1


def _maintained(shown: MaintenanceView, *, on: bool) -> str:
    ids = shown["services"]
    concerned = f" ({', '.join(ids)})" if 0 < len(ids) <= 3 else f" ({len(ids)} ids)"
    state = "in maintenance" if on else "no longer in maintenance"
    return f"{_target(shown)} is {state}{concerned if ids else ''}"


def _target(shown: MaintenanceView) -> str:
    if shown["scope"] == "host":
        return "the host"
    return f"{shown['scope']} {shown['name']}"


def _drain(client: Client, chosen: argparse.Namespace, *, as_json: bool) -> int:
    found = client.drain(chosen.container, on=not chosen.undo)
    _note(found["notes"])
    if chosen.wait:
        found = _waited(client, found, chosen.deadline)
    over = _is_over(found)
    if as_json:
        print(json.dumps(found, indent=2))
    elif chosen.undo:
        print(visible(f"container {found['name']} is not drained"))
    else:
        for line in _drained(found):
            print(visible(line))
    return 1 if chosen.wait and not over else 0


def _waited(client: Client, found: DrainView, patience: float) -> DrainView:
    deadline = time.monotonic() + found["left"] + patience
    while not _is_over(found) and found["draining"] and time.monotonic() < deadline:
        time.sleep(_PAUSE)  # the daemon tells nobody when a drain is over
        found = client.drained(found["container"])
    return found


def _is_over(found: DrainView) -> bool:
    return found["draining"] and not found["holders"] and not found["left"]


def _drained(found: DrainView) -> Iterator[str]:
    name = f"container {found['name']}"
    left = f"; it is to serve on for {found['left']:.1f} s" if found["left"] else ""
    if not found["draining"]:
        yield f"{name} is not drained: that was ended meanwhile"
    elif not found["holders"]:
        yield f"{name} is drained: no registry has it{left}"
    else:
        yield f"{name} is being drained; these have it still:"
    for each in found["holders"]:
        error = f": {each['error']}" if each["error"] else ""
        yield f"{each['registry']}: {each['service']}{error}"


def _note(notes: Iterable[str]) -> None:
    for note in notes:
        _say(note)


def _say(sentence: str) -> None:
    print(f"registrator-ctl: {visible(sentence)}", file=sys.stderr)
