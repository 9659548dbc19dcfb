"""Keeps orders over restarts of the daemon."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

from registrator import state
from registrator.bell import Bell
from registrator.health.orders import MOST, Drain, Maintenance, Orders, Scope, Target
from registrator.model import ContainerId

log = logging.getLogger(__name__)

_FORM: Final = 1


class OrderFile:
    """Orders, written down whenever they change; the latest wins."""

    def __init__(self, path: Path | None, orders: Orders) -> None:
        self.orders = orders
        self._path = path
        self._written = orders.changes.count
        self._tried = Bell()
        self._failed = ""

    @classmethod
    def open(cls, directory: Path | None, node: str) -> Self:
        """Read what was kept in *directory* for *node*; nothing where there is none.

        What cannot be read is told and done without.
        """
        name = hashlib.sha256(node.encode(errors="surrogateescape")).hexdigest()[:16]
        path = directory and directory / f"orders-{name}.json"
        return cls(path, _load(path))

    async def run(self) -> None:
        """Write until cancelled, and then what was not written yet."""
        if self._path is None:
            return
        seen = self._written
        try:
            while True:
                seen = await self.orders.changes.after(seen)
                text = _text(self.orders)
                self._note(await asyncio.to_thread(_attempt, self._path, text))
                self._written = seen
                self._tried.ring()
        finally:
            if self._written != self.orders.changes.count:
                self._note(_attempt(self._path, _text(self.orders)))

    async def kept(self) -> bool:
        """Wait until all that is ordered now was written; whether it was."""
        if self._path is None:
            return False
        count = self._tried.count
        while self._written < self.orders.changes.count:
            count = await self._tried.after(count)
        return not self._failed

    def _note(self, error: str) -> None:
        if error and error != self._failed:
            log.warning(
                "orders %s: %s; they are not kept over a restart", self._path, error
            )
        self._failed = error


def _load(path: Path | None) -> Orders:
    """Return what was kept; nothing, with a warning, where it cannot be read."""
    if path is None:
        return Orders()
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Orders()
    except OSError as error:
        log.warning("orders %s: %s; starting without them", path, error.strerror)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        log.warning("orders %s: not as we write them; starting without them", path)
    return Orders()


def _attempt(path: Path, text: str) -> str:
    """Write; say what was in the way."""
    try:
        state.write(path, text)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _text(orders: Orders) -> str:
    maintained = [
        {"scope": target.scope, "name": target.name, **asdict(order)}
        for target, order in orders.maintained.items()
    ]
    drains = [
        {"container": container, **asdict(order)}
        for container, order in orders.drains.items()
    ]
    return json.dumps({"form": _FORM, "maintenance": maintained, "drains": drains})


def _read(data: Mapping[str, Any]) -> Orders:
    if data["form"] != _FORM:
        raise ValueError("another form")
    return Orders(
        dict(islice(_maintained(data["maintenance"]), MOST)),
        dict(islice(_drains(data["drains"]), MOST)),
    )


def _maintained(
    entries: list[Mapping[str, Any]],
) -> Iterator[tuple[Target, Maintenance]]:
    for each in entries:
        target = Target(scope=Scope(each["scope"]), name=str(each["name"]))
        yield (
            target,
            Maintenance(
                reason=str(each["reason"]),
                since=float(each["since"]),
                container_name=str(each["container_name"]),
            ),
        )


def _drains(entries: list[Mapping[str, Any]]) -> Iterator[tuple[ContainerId, Drain]]:
    for each in entries:
        until, terminate = each["until"], each["terminate"]
        yield (
            ContainerId(str(each["container"])),
            Drain(
                why=str(each["why"]) or "drained",
                since=float(each["since"]),
                container_name=str(each["container_name"]),
                started=str(each["started"]),
                until=None if until is None else float(until),
                terminate=None if terminate is None else float(terminate),
            ),
        )
