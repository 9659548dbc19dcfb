"""Keeps orders over restarts of the daemon."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from registrator import state
from registrator.bell import Bell
from registrator.health.orders import MOST, Drain, Maintenance, Orders, Scope, Target
from registrator.model import ContainerId

log = logging.getLogger(__name__)

AGAIN: Final = 10.0
"""Seconds until what could not be written is tried again."""

_FORM: Final = 1
_LATEST: Final = 1e11
"""Seconds since 1970 that are still a date."""


class OrderFile:
    """Orders, written down whenever they change; the latest wins."""

    def __init__(
        self, path: Path | None, orders: Orders, *, unread: bool = False
    ) -> None:
        """*unread*: what is at *path* was not understood, and is put aside."""
        self.orders = orders
        self._path = path
        self._unread = unread
        self._written = orders.changes.count
        self._tried = Bell()
        self._failed = ""
        self._writing = Lock()

    @classmethod
    def open(cls, directory: Path | None, node: str) -> Self:
        """Read what was kept in *directory* for *node*; nothing where there is none.

        What cannot be read is told and done without; it is put aside when the first
        order is written.
        """
        name = hashlib.sha256(node.encode(errors="surrogateescape")).hexdigest()[:16]
        path = directory and directory / f"orders-{name}.json"
        kept = _load(path)
        return cls(path, kept or Orders(), unread=kept is None)

    async def run(self) -> None:
        """Write until cancelled, and then what was not written yet."""
        if self._path is None:
            return
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN if self._failed else None):
                        await self.orders.changes.after(self._written)
                count, text = self.orders.changes.count, _text(self.orders)
                self._note(await asyncio.to_thread(self._attempt, self._path, text))
                self._written = count
                self._tried.ring()
        finally:
            if self._failed or self._written != self.orders.changes.count:
                self._note(self._attempt(self._path, _text(self.orders)))

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
                "orders %s: %s; they are not kept over a restart, trying again",
                self._path,
                error,
            )
        elif self._failed and not error:
            log.info("orders %s: written again", self._path)
        self._failed = error

    def _attempt(self, path: Path, text: str) -> str:
        """Write; say what was in the way."""
        try:
            # The last attempt of all may find one under way, which is older.
            with self._writing:
                if self._unread:
                    with suppress(FileNotFoundError):
                        path.replace(_aside(path))
                    self._unread = False
                state.write(path, text)
        except OSError as error:
            return error.strerror or str(error)
        return ""


def _aside(path: Path) -> Path:
    return path.with_suffix(".unread")


def _load(path: Path | None) -> Orders | None:
    """Return what was kept; None, with a warning, where it cannot be read."""
    if path is None:
        return Orders()
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Orders()
    except OSError as error:
        why = error.strerror
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        why = "not as we write them"
    log.warning(
        "orders %s: %s; starting without them, and the next order moves the file to %s",
        path,
        why,
        _aside(path).name,
    )
    return None


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
                since=_moment(each["since"]),
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
                since=_moment(each["since"]),
                container_name=str(each["container_name"]),
                started=str(each["started"]),
                until=None if until is None else _moment(until),
                terminate=None if terminate is None else _moment(terminate),
            ),
        )


def _moment(said: Any) -> float:
    """Read seconds since 1970 that a date can be made of."""
    moment = float(said)
    if not 0 <= moment < _LATEST:
        raise ValueError("no time")
    return moment
