"""Shows what a registry holds, read directly: no daemon is asked.

Loaded only where a registry is named: this is what takes long to import.
"""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final

from registrator import logs, stores
from registrator.errors import RegistratorError, Unavailable
from registrator.model import Instance, endpoint
from registrator.output import written
from registrator.readable import Readable, Reading, Site
from registrator.views import ChangesView, InstanceView
from registrator.visible import visible
from registrator.watcher import Sighting, Watcher, opened

DEADLINE: Final = 60.0
"""Seconds in which a registry must have said what it holds."""

Show = Callable[[Sighting, Sighting], None]
"""Prints what a sighting has that the one before it had not."""


def read(
    uri: str, name: str, environment: Mapping[str, str]
) -> tuple[list[InstanceView], int]:
    """List what a registry holds, or what *name* has, and count what fits no format.

    Raise `ConfigError`, and `BackendError` if the registry does not tell.
    """
    reading = asyncio.run(_read(_registry(uri, environment), name))
    return _views(reading.instances), reading.skipped


def follow(
    uri: str, name: str, environment: Mapping[str, str], *, as_json: bool
) -> None:
    """Print what a registry holds and then each change, for ever.

    Raise `ConfigError`, `Unavailable` if the registry does not answer at first, and
    `Unwritten` when nobody reads any more.
    """
    backend = _registry(uri, environment)
    show = _json_lines(backend.uri) if as_json else _lines(backend.uri)
    asyncio.run(_follow(backend, name, show))


def _registry(uri: str, environment: Mapping[str, str]) -> Readable:
    logs.set_up("text", "error")
    site = Site(node=socket.gethostname(), environment=environment)
    return stores.readable(uri, site)


async def _read(backend: Readable, name: str) -> Reading:
    try:
        async with (
            asyncio.timeout(DEADLINE),
            backend,
            opened(backend, name) as stream,
        ):
            async for reading in stream:
                return reading
    except TimeoutError as error:
        raise Unavailable(f"{backend.uri}: no answer in {DEADLINE:g} s") from error
    raise Unavailable(f"{backend.uri}: the watch ended")


async def _follow(backend: Readable, name: str, show: Show) -> None:
    failures: list[RegistratorError] = []
    try:
        async with backend, asyncio.TaskGroup() as rooms:
            watcher = Watcher(backend, name)
            rooms.create_task(watcher.run(), name=backend.uri)
            before = watcher.latest
            while True:
                count = watcher.changes.count
                latest = watcher.latest
                if latest.error and not latest.known:
                    raise Unavailable(latest.error)
                if latest is not before:
                    show(before, latest)
                    before = latest
                await watcher.changes.after(count)
    except* RegistratorError as group:
        failures += [e for e in group.exceptions if isinstance(e, RegistratorError)]
    raise failures[0]


def _json_lines(uri: str) -> Show:
    """Print one object a line, as `ChangesView` says."""

    def show(before: Sighting, after: Sighting) -> None:
        added, changed, removed = _differences(before, after)
        view = ChangesView(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            registry=uri,
            current=after.current,
            error=after.error,
            skipped=after.skipped,
            added=_views(added),
            changed=_views(changed),
            removed=_views(removed),
        )
        with written():
            print(json.dumps(view))

    return show


def _lines(uri: str) -> Show:
    """Print one line for each change."""

    def show(before: Sighting, after: Sighting) -> None:
        lines: list[str] = []
        if not after.current:
            lines.append(f"! {after.error}; what stands is as last seen")
        elif before.error:
            away = after.since - before.since
            lines.append(f"= {uri} answers again after {away:.0f} s")
        elif not before.known and not after.instances:
            lines.append(f"= {uri} holds nothing")
        if after.skipped not in {0, before.skipped}:
            lines.append(f"! entries in no format known here: {after.skipped}")
        added, changed, removed = _differences(before, after)
        lines += [f"+ {_shown(each)}" for each in _sorted(added)]
        lines += [
            f"~ {_shown(each)} ({_changed(before.instances[key], each)})"
            for key, each in changed.items()
        ]
        lines += [f"- {_shown(each)}" for each in _sorted(removed)]
        now = f"{datetime.now().astimezone():%H:%M:%S}"
        with written():
            for line in lines:
                print(now, visible(line))

    return show


Instances = Mapping[str, Instance]


def _differences(
    before: Sighting, after: Sighting
) -> tuple[Instances, Instances, Instances]:
    """Return what was added, changed (as it is now) and removed (as it was)."""
    old, new = before.instances, after.instances
    added = {key: each for key, each in new.items() if key not in old}
    changed = {k: each for k, each in new.items() if k in old and old[k] != each}
    removed = {key: each for key, each in old.items() if key not in new}
    return added, changed, removed


def _changed(before: Instance, after: Instance) -> str:
    names = (field.name for field in fields(Instance))
    other = [n for n in names if getattr(before, n) != getattr(after, n)]
    return f"changed: {', '.join(other)}"


def _shown(instance: Instance) -> str:
    text = f"{instance.name} {instance.id} at {_place(instance)} {instance.status}"
    if instance.tags:
        text += f" tags {','.join(instance.tags)}"
    return f"{text} on {instance.node}" if instance.node else text


def _place(instance: Instance) -> str:
    return endpoint(instance.address, instance.port)


def _sorted(instances: Instances) -> list[Instance]:
    return sorted(instances.values(), key=lambda each: (each.name, each.id))


def _views(instances: Instances) -> list[InstanceView]:
    return [
        InstanceView(
            service=each.name,
            id=each.id,
            address=each.address,
            port=each.port,
            transport=each.transport,
            tags=list(each.tags),
            metadata=dict(each.metadata),
            status=each.status,
            priority=each.priority,
            weight=each.weight,
            node=each.node,
        )
        for each in _sorted(instances)
    ]
