"""Has the daemon's parts work together, and takes them down in order."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from registrator import (
    control,
    haproxy_command,
    single_round,
)
from registrator.errors import (
    RegistratorError,
    Unavailable,
    leaves,
)
from registrator.nameserver import NameServer
from registrator.operations import Operations
from registrator.overview import Overview
from registrator.parts import Parts, open_parts
from registrator.prepared import Prepared
from registrator.reconciler import Reconciler

if TYPE_CHECKING:
    from registrator.haproxy_side import HaproxySide

log = logging.getLogger(__name__)

GOODBYE = 5.0
"""Seconds that -on-exit deregister may take."""


class Finished(Exception):
    """The daemon was asked to stop, or has done what it was started for."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def run(prepared: Prepared) -> int:
    """Do what the settings ask for until it is done or a signal comes.

    Return the exit code. Raise `ConfigError` for what only shows on opening, such
    as a port that is taken, `SourceError` if a single round finds no engine, and
    `GaveUp` if a store was never there and patience is over.
    """
    failures: list[RegistratorError] = []
    code = 0
    try:
        async with asyncio.TaskGroup() as rooms:
            rooms.create_task(_until_signal(), name="signals")
            side = _haproxy_side(prepared)
            _read_anew_on_sighup(prepared, side)
            if side is not None:
                rooms.create_task(side.run(), name="haproxy side")
            rooms.create_task(_daemon(prepared, side), name="daemon")
    except* Finished as finished:
        code = max(each.code for each in leaves(finished))
    except* RegistratorError as group:
        failures += leaves(group)
    if failures:
        raise failures[0]
    return code


def _haproxy_side(prepared: Prepared) -> "HaproxySide | None":
    """Make it where there is to be one: it waits for no engine."""
    settings = prepared.settings
    if not haproxy_command.wanted(settings) or settings.once or settings.dry_run:
        return None
    from registrator.haproxy_side import HaproxySide  # noqa: PLC0415  most have none

    control_socket = control.place(settings.control, prepared.environment)
    return HaproxySide(settings, control_socket, prepared.environment)


async def _daemon(prepared: Prepared, side: "HaproxySide | None") -> None:
    settings = prepared.settings
    overview = Overview(
        prepared.endpoint.description, prepared.uris, settings.node_name
    )
    operations = Operations()
    async with AsyncExitStack() as opened:
        if not (settings.once or settings.dry_run):
            path = control.place(settings.control, prepared.environment)
            # First: somebody may ask why nothing is there yet.
            await opened.enter_async_context(
                control.serve(path, overview, side, operations)
            )
        parts = await open_parts(prepared, opened, overview.waiting)
        if settings.once or settings.dry_run:
            raise Finished(await _single_round(parts, dry=settings.dry_run))
        _show(parts, overview, operations)
        try:
            async with asyncio.TaskGroup() as rooms:
                rooms.create_task(parts.orders.run(), name="orders")
                rooms.create_task(parts.stops.run(), name="stops")
                rooms.create_task(_follow(parts, overview.waiting), name="engine")
                checks = parts.checking.tasks(parts.snapshot)
                for name, work in (parts.described.tasks() | checks).items():
                    rooms.create_task(work, name=name)
                for backend in parts.backends:
                    rooms.create_task(backend.run(), name=f"{backend.uri} itself")
                for reconciler in parts.reconcilers:
                    rooms.create_task(reconciler.run(), name=reconciler.uri)
        finally:
            if settings.on_exit == "deregister":
                await _withdraw(parts.reconcilers)


async def _single_round(parts: Parts, *, dry: bool) -> int:
    """Do one round, with checks run for as long as it takes; the exit code."""
    do = single_round.preview if dry else single_round.write
    checks = parts.checking.tasks(parts.snapshot)
    async with asyncio.TaskGroup() as rooms:
        work = [rooms.create_task(each, name=name) for name, each in checks.items()]
        try:
            return await do(
                parts.source, parts.snapshot, parts.reconcilers, parts.checking.heard
            )
        finally:
            for task in work:
                task.cancel()


def _show(parts: Parts, overview: Overview, operations: Operations) -> None:
    """Have it told and ordered from now on."""
    overview.show(
        parts.host.node,
        parts.source,
        parts.snapshot,
        parts.shown,
        [each for each in parts.backends if isinstance(each, NameServer)],
        parts.described.explain,
        parts.checking.report,
    )
    operations.show(
        parts.orders,
        parts.source,
        parts.snapshot,
        parts.shown,
        parts.described.explain,
    )


async def _follow(parts: Parts, tell: Callable[[str], None]) -> None:
    """Follow the engine, as soon as it has said whose containers it has."""
    await parts.host.wait(tell)
    async with asyncio.TaskGroup() as rooms:
        for name, work in parts.source.tasks().items():
            rooms.create_task(work, name=name)


async def _withdraw(reconcilers: Sequence[Reconciler[Any]]) -> None:
    """Take every record out of every store, as far as GOODBYE seconds allow."""

    async def one(reconciler: Reconciler[Any]) -> None:
        try:
            async with asyncio.timeout(GOODBYE):
                await reconciler.withdraw()
        except (Unavailable, TimeoutError) as error:
            # The sentence says it all, without a traceback.
            log.error("%s: records are left behind: %s", reconciler.uri, error)  # noqa: TRY400

    async with asyncio.TaskGroup() as rooms:
        for reconciler in reconcilers:
            rooms.create_task(one(reconciler), name=f"withdraw {reconciler.uri}")


def _read_anew_on_sighup(prepared: Prepared, side: "HaproxySide | None") -> None:
    """Have SIGHUP read anew what there is to read; without any, it ends the daemon."""

    def hang_up() -> None:
        prepared.hangup.ring()
        if side is not None:
            side.hang_up()

    if side is not None or prepared.describes:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)


async def _until_signal() -> None:
    """Wait for SIGTERM or SIGINT, then raise `Finished`."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
    log.info("stopping")
    raise Finished(0)
