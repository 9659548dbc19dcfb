"""Puts the daemon's parts together, as its settings say."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from registrator import (
    stores,
)
from registrator.backend import Backend, Site
from registrator.checking import Checking, open_checking
from registrator.described import Described, describe
from registrator.engine import engine_at
from registrator.health.order_file import OrderFile
from registrator.health.stops import Stops
from registrator.labels import Rules
from registrator.prepared import Prepared
from registrator.reconciler import Patience, Reconciler
from registrator.registries import registries
from registrator.settings import Settings
from registrator.snapshot import Snapshot, in_turn
from registrator.source import Deregister, Source
from registrator.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that works in one daemon, opened and not yet at work."""

    host: Whereabouts
    snapshot: Snapshot
    checking: Checking
    source: Source
    backends: Sequence[Backend[Any]]
    reconcilers: Sequence[Reconciler[Any]]
    described: Described
    shown: Sequence[Reconciler[Any]]
    """The reconcilers, and those of nerve's reporters, which come and go."""
    stops: Stops
    orders: OrderFile


async def open_parts(
    prepared: Prepared, opened: AsyncExitStack, tell: Callable[[str], None]
) -> Parts:
    """Open and connect them; *tell* hears why the engine is waited for.

    Raise as `registrator.app.run` does.
    """
    settings = prepared.settings
    engine = await opened.enter_async_context(engine_at(prepared.endpoint))
    host = Whereabouts(engine, node=settings.node_name, ip=settings.ip)
    await _locate(host, prepared, tell)
    address = settings.ip or next(filter(None, host.addresses()), "")
    site = prepared.site(host.node, address)
    backends = await _backends(settings, site, opened)
    orders = OrderFile.open(prepared.kept(), host.node)
    checking = await open_checking(prepared, opened, backends, prepared.remembers(site))
    snapshot = Snapshot(in_turn(orders.orders.judge, checking.judge))
    stops = Stops(orders.orders, snapshot, engine.signal)
    rules = partial(_rules, prepared, host)
    source = Source(
        engine,
        snapshot,
        rules,
        endpoint=prepared.endpoint.description,
        resync=settings.resync,
        deregister=cast("Deregister", settings.deregister),
        lives=stops,
    )
    patience = _patience(settings)
    ask = source.request_listing
    reconcilers = [Reconciler(each, snapshot, ask, patience) for each in backends]
    shown = [*reconcilers]
    return Parts(
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
        stops=stops,
        orders=orders,
    )


async def _backends(
    settings: Settings, site: Site, opened: AsyncExitStack
) -> Sequence[Backend[Any]]:
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
