"""Puts the daemon together from its parts, and takes it down in order."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from registrator import (
    control,
    haproxy_command,
    single_round,
    stores,
)
from registrator.backend import Backend, Site
from registrator.checking import Checking, open_checking
from registrator.described import Described, describe
from registrator.engine import engine_at
from registrator.errors import (
    RegistratorError,
    Unavailable,
    leaves,
)
from registrator.labels import Rules
from registrator.nameserver import NameServer
from registrator.overview import Overview
from registrator.prepared import Prepared
from registrator.reconciler import Patience, Reconciler
from registrator.registries import registries
from registrator.settings import Settings
from registrator.snapshot import Snapshot, in_turn
from registrator.source import Deregister, Source
from registrator.whereabouts import Whereabouts

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    host: Whereabouts
    snapshot: Snapshot
    checking: Checking
    source: Source
    backends: Sequence[Backend[Any]]
    reconcilers: Sequence[Reconciler[Any]]
    described: Described
    shown: Sequence[Reconciler[Any]]
    """The reconcilers, and those of nerve's reporters, which come and go."""


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
    async with AsyncExitStack() as opened:
        if not (settings.once or settings.dry_run):
            path = control.place(settings.control, prepared.environment)
            # First: somebody may ask why nothing is there yet.
            await opened.enter_async_context(control.serve(path, overview, side))
        parts = await _open(prepared, opened, overview.waiting)
        if settings.once or settings.dry_run:
            do = single_round.preview if settings.dry_run else single_round.write
            raise Finished(await do(parts.source, parts.snapshot, parts.reconcilers))
        overview.show(
            parts.host.node,
            parts.source,
            parts.snapshot,
            parts.shown,
            [each for each in parts.backends if isinstance(each, NameServer)],
            parts.described.explain,
        )
        try:
            async with asyncio.TaskGroup() as rooms:
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


async def _follow(parts: _Parts, tell: Callable[[str], None]) -> None:
    """Follow the engine, as soon as it has said whose containers it has."""
    await parts.host.wait(tell)
    async with asyncio.TaskGroup() as rooms:
        for name, work in parts.source.tasks().items():
            rooms.create_task(work, name=name)


async def _open(
    prepared: Prepared, opened: AsyncExitStack, tell: Callable[[str], None]
) -> _Parts:
    settings = prepared.settings
    engine = await opened.enter_async_context(engine_at(prepared.endpoint))
    host = Whereabouts(engine, node=settings.node_name, ip=settings.ip)
    await _locate(host, prepared, tell)
    address = settings.ip or next(filter(None, host.addresses()), "")
    site = prepared.site(host.node, address)
    backends = await _backends(prepared, opened, site)
    checking = await open_checking(prepared, opened, backends, site.state)
    # A single round runs no checks, and knows nothing of what they would say.
    single = settings.once or settings.dry_run
    snapshot = Snapshot(in_turn(*(() if single else (checking.judge,))))
    rules = partial(_rules, prepared, host)
    source = Source(
        engine,
        snapshot,
        rules,
        endpoint=prepared.endpoint.description,
        resync=settings.resync,
        deregister=cast("Deregister", settings.deregister),
    )
    patience = _patience(settings)
    reconcilers = [
        Reconciler(backend, snapshot, source.request_listing, patience)
        for backend in backends
    ]
    shown = [*reconcilers]
    return _Parts(
        host=host,
        snapshot=snapshot,
        checking=checking,
        source=source,
        backends=backends,
        reconcilers=reconcilers,
        described=describe(
            prepared, snapshot, rules, site=site, patience=patience, reconcilers=shown
        ),
        shown=shown,
    )


async def _backends(
    prepared: Prepared, opened: AsyncExitStack, site: Site
) -> Sequence[Backend[Any]]:
    settings = prepared.settings
    backends = stores.make(registries(settings), site)
    if settings.once:
        backends = [each for each in backends if not each.local]
    for each in backends:
        # Only looked at, it takes no port that a running daemon has.
        if not (each.local and settings.dry_run):
            await opened.enter_async_context(each)
    return backends


def _patience(settings: Settings) -> Patience:
    return Patience(
        attempts=None if settings.retry_attempts < 0 else settings.retry_attempts,
        interval=settings.retry_interval / 1000,
        max_removals=settings.max_removals,
        drops=settings.deregister != "never",
    )


async def _locate(
    host: Whereabouts, prepared: Prepared, tell: Callable[[str], None]
) -> None:
    """Learn this host's name, and where it is if that need not wait."""
    if prepared.settings.once or prepared.settings.dry_run:
        await host.ask()
    elif prepared.describes:
        await host.hurry(tell)
    else:
        await host.wait(tell)


def _rules(prepared: Prepared, host: Whereabouts) -> Rules:
    settings = prepared.settings
    ipv4, ipv6 = host.addresses()
    return Rules(
        node=host.node,
        host_ipv4=ipv4,
        host_ipv6=ipv6,
        ip=settings.ip,
        internal=settings.internal,
        explicit=settings.explicit,
        ip_label=settings.use_ip_from_label,
        network=settings.network,
        tags=prepared.tags,
        check_kinds=prepared.check_kinds,
    )


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
