"""Puts the daemon together from its parts, and takes it down in order."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

from registrator import (
    control,
    host,
    hostaddress,
    single_round,
    state,
    stores,
)
from registrator.backend import Backend, Site
from registrator.engine import Endpoint, Engine, resolve
from registrator.errors import (
    ConfigError,
    RegistratorError,
    Unavailable,
    leaves,
)
from registrator.labels import Rules, TagTemplate
from registrator.nameserver import NameServer
from registrator.overview import Overview
from registrator.reconciler import Patience, Reconciler
from registrator.registries import registries
from registrator.settings import Settings
from registrator.snapshot import Snapshot
from registrator.source import Deregister, Source

log = logging.getLogger(__name__)

GOODBYE = 5.0
"""Seconds that -on-exit deregister may take."""


class Finished(Exception):
    """The daemon was asked to stop, or has done what it was started for."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Settings that were read as far as is possible without connecting."""

    settings: Settings
    environment: Mapping[str, str]
    endpoint: Endpoint
    tags: TagTemplate | None
    uris: Sequence[str]
    """The registries' addresses for people."""
    remote: bool
    """Whether a registry keeps what outlives the daemon."""

    def site(self, node: str, address: str) -> Site:
        """Say what a store is told of this host; make the directory for its state."""
        site = _site(self.settings, self.environment, node, address)
        if self.settings.dry_run:
            return site
        if not self.settings.once:
            site = replace(
                site,
                runtime=control.place(self.settings.control, self.environment),
            )
        if not self.remote:
            return site
        kept = state.directory(self.settings.state, self.environment)
        return replace(site, state=kept)


def prepare(settings: Settings, environment: Mapping[str, str]) -> Prepared:
    """Check all that can be checked before the first connection.

    Raise `ConfigError` with every mistake at once.
    """
    mistakes: list[str] = []
    endpoint = tags = None
    made: Sequence[Backend[Any]] = ()
    try:
        endpoint = resolve(environment, settings.docker_host)
    except ConfigError as error:
        mistakes += error.problems
    try:
        tags = TagTemplate.parse(settings.tags) if settings.tags else None
    except ConfigError as error:
        mistakes += error.problems
    try:
        site = _site(settings, environment, settings.node_name or "node", settings.ip)
        made = stores.make(registries(settings), site)
    except ConfigError as error:
        mistakes += error.problems
    if settings.once and made and all(each.local for each in made):
        mistakes.append(
            f"-once: what {made[0].uri} shows ends with the daemon; name a registry"
            " that lasts, such as consul://127.0.0.1:8500"
        )
    if mistakes or endpoint is None:
        raise ConfigError(*mistakes)
    return Prepared(
        settings=settings,
        environment=environment,
        endpoint=endpoint,
        tags=tags,
        uris=[each.uri for each in made],
        remote=not all(each.local for each in made),
    )


def _site(
    settings: Settings, environment: Mapping[str, str], node: str, address: str
) -> Site:
    return Site(
        node=node,
        address=address,
        ttl=settings.ttl,
        ttl_refresh=settings.ttl_refresh or settings.ttl / 3,
        cleanup=settings.cleanup,
        environment=environment,
    )


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
            rooms.create_task(_daemon(prepared), name="daemon")
    except* Finished as finished:
        code = max(each.code for each in leaves(finished))
    except* RegistratorError as group:
        failures += leaves(group)
    if failures:
        raise failures[0]
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    node: str
    snapshot: Snapshot
    source: Source
    backends: Sequence[Backend[Any]]
    reconcilers: Sequence[Reconciler[Any]]


async def _daemon(prepared: Prepared) -> None:
    settings = prepared.settings
    overview = Overview(
        prepared.endpoint.description, prepared.uris, settings.node_name
    )
    async with AsyncExitStack() as opened:
        if not (settings.once or settings.dry_run):
            path = control.place(settings.control, prepared.environment)
            # First: somebody may ask why nothing is there yet.
            await opened.enter_async_context(control.serve(path, overview))
        parts = await _open(prepared, opened, overview.waiting)
        if settings.once or settings.dry_run:
            do = single_round.preview if settings.dry_run else single_round.write
            raise Finished(await do(parts.source, parts.snapshot, parts.reconcilers))
        overview.show(
            parts.node,
            parts.source,
            parts.snapshot,
            parts.reconcilers,
            [each for each in parts.backends if isinstance(each, NameServer)],
        )
        try:
            async with asyncio.TaskGroup() as rooms:
                for name, work in parts.source.tasks().items():
                    rooms.create_task(work, name=name)
                for backend in parts.backends:
                    rooms.create_task(backend.run(), name=f"{backend.uri} itself")
                for reconciler in parts.reconcilers:
                    rooms.create_task(reconciler.run(), name=reconciler.uri)
        finally:
            if settings.on_exit == "deregister":
                await _withdraw(parts.reconcilers)


async def _open(
    prepared: Prepared, opened: AsyncExitStack, tell: Callable[[str], None]
) -> _Parts:
    settings = prepared.settings
    engine = await opened.enter_async_context(Engine(prepared.endpoint))
    node, addresses = await _locate(engine, settings, tell)
    site = prepared.site(node, settings.ip or next(filter(None, addresses()), ""))
    backends = stores.make(registries(settings), site)
    if settings.once:
        backends = [each for each in backends if not each.local]
    for each in backends:
        # Only looked at, it takes no port that a running daemon has.
        if not (each.local and settings.dry_run):
            await opened.enter_async_context(each)
    snapshot = Snapshot()
    source = Source(
        engine,
        snapshot,
        lambda: _rules(prepared, node, addresses()),
        endpoint=prepared.endpoint.description,
        resync=settings.resync,
        deregister=cast("Deregister", settings.deregister),
    )
    patience = Patience(
        attempts=None if settings.retry_attempts < 0 else settings.retry_attempts,
        interval=settings.retry_interval / 1000,
        max_removals=settings.max_removals,
        drops=settings.deregister != "never",
    )
    reconcilers = [
        Reconciler(backend, snapshot, source.request_listing, patience)
        for backend in backends
    ]
    return _Parts(
        node=node,
        snapshot=snapshot,
        source=source,
        backends=backends,
        reconcilers=reconcilers,
    )


async def _locate(
    engine: Engine, settings: Settings, tell: Callable[[str], None]
) -> tuple[str, Callable[[], tuple[str, str]]]:
    """Return this host's name, and what says its addresses at any moment."""
    node, ip = settings.node_name, settings.ip
    if settings.once or settings.dry_run:
        await engine.info()
        found = await host.ask(engine, node=node, ip=ip)
    else:
        found = await host.wait(engine, node=node, ip=ip, tell=tell)
    return found.node, hostaddress.unknown if found.apart else hostaddress.by_routes


def _rules(prepared: Prepared, node: str, addresses: tuple[str, str]) -> Rules:
    settings = prepared.settings
    ipv4, ipv6 = addresses
    return Rules(
        node=node,
        host_ipv4=ipv4,
        host_ipv6=ipv6,
        ip=settings.ip,
        internal=settings.internal,
        explicit=settings.explicit,
        ip_label=settings.use_ip_from_label,
        network=settings.network,
        tags=prepared.tags,
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


async def _until_signal() -> None:
    """Wait for SIGTERM or SIGINT, then raise `Finished`."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
    log.info("stopping")
    raise Finished(0)
