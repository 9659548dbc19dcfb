"""Runs the HAProxy side by itself: reads its configuration, and does so anew."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from registrator.backend import Site
from registrator.errors import ConfigError, RegistratorError, Unavailable, leaves
from registrator_haproxy import memory, tiers
from registrator_haproxy.configuration.file import read
from registrator_haproxy.configuration.model import Configuration, Process
from registrator_haproxy.guard import Belief
from registrator_haproxy.keeper import Keeper
from registrator_haproxy.listings import Asked, Listings
from registrator_haproxy.numbering import Numbers
from registrator_haproxy.outputs import Outputs
from registrator_haproxy.plan import Planner
from registrator_haproxy.process import (
    Application,
    Attached,
    Commanded,
    ConfigurationFile,
    Proxy,
    Supervised,
    check,
)
from registrator_haproxy.quarantine import sound
from registrator_haproxy.registries import Origin, Registries
from registrator_haproxy.runtime import Console
from registrator_haproxy.wanted import Wanted

log = logging.getLogger(__name__)


_LOOK: Final = 1.0
"""Seconds between two looks whether the configuration has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the command line and the environment say."""

    file: Path | None
    """The configuration; None: services ask for their places themselves."""
    auto: Asked | None = None
    """What is said of those that do, beside the configuration."""
    state: Path | None
    """A directory that outlives us; None: there is none."""
    node: str
    zone: str = ""
    """Where this host is, if the configuration is not to say so."""
    environment: Mapping[str, str]

    def keeping(self, state: Path | None) -> "Start":
        """Do the same with a place for what is to outlive us."""
        return replace(self, state=state)

    def site(self) -> Site:
        """Say what registries are told of who reads them."""
        return Site(node=self.node, environment=self.environment)


class _Stopped(Exception):
    """A signal asked us to end."""


class _Changed(Exception):
    """There is another configuration, and HAProxy takes it."""

    def __init__(self, configuration: Configuration, served: Configuration) -> None:
        """*served* is that of it which HAProxy takes."""
        super().__init__()
        self.configuration = configuration
        self.served = served


def load(start: Start) -> Configuration:
    """Read the configuration, and the addresses in it; raise `ConfigError`."""
    configuration = Configuration() if start.file is None else _read(start.file)
    if configuration.seed is None:
        configuration = configuration.model_copy(update={"seed": start.node})
    if start.zone:
        zone = tiers.steps([start.zone])
        configuration = configuration.model_copy(update={"zone": zone})
    Registries(configuration, start.site())
    _listings(start, {})
    return configuration


def _read(file: Path) -> Configuration:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{file}: {reason}") from error
    found = read(text, str(file))
    for note in found.notes:
        log.warning("%s", note)
    return found.configuration


def _listings(start: Start, beliefs: Mapping[Origin, Belief]) -> Listings | None:
    return Listings(start.auto, start.site(), beliefs) if start.auto else None


async def run(start: Start, configuration: Configuration) -> None:
    """Keep HAProxy as it is to be until a signal comes; raise `ConfigError`."""
    failures: list[RegistratorError] = []
    try:
        async with asyncio.TaskGroup() as rooms:
            rooms.create_task(_until_signal(), name="signals")
            rooms.create_task(_keep(start, configuration), name="haproxy")
    except* _Stopped:
        log.info("stopping")
    except* RegistratorError as group:
        failures += leaves(group)
    if failures:
        raise failures[0]


async def _keep(start: Start, base: Configuration) -> None:
    where = _Where(base.haproxy)
    kept = start.state / "haproxy.json" if start.state is not None else None
    known = await asyncio.to_thread(memory.load, kept) if kept else memory.Memory()
    beliefs, numbers = known.beliefs, Numbers(known.ids)
    remember = memory.keeping(kept, numbers)
    listings = _listings(start, beliefs)
    wanted = Wanted(start.file, lambda: load(start), base, listings)
    configuration = wanted.configuration()
    async with AsyncExitStack() as opened:
        application = await where.application(opened)
        served, loaded = await _sound(configuration, where), None
        while True:
            # HAProxy may not take a service that others are told of all the same.
            registries = Registries(configuration, start.site(), beliefs)
            outputs = Outputs(configuration, registries, start.node)
            rooms = {"registries": registries.run(), "outputs": outputs.run()}
            if listings is not None:
                rooms["listings"] = listings.run()
            keeper = None
            if application is None:
                rooms["memory"] = memory.follow(registries, remember)
            else:
                keeper = Keeper(
                    served,
                    registries,
                    application,
                    Console(where.socket),
                    planner=Planner(served, where.lines(), numbers),
                    loaded=loaded,
                    remember=remember,
                )
                rooms["keeper"] = keeper.run()
            try:
                await _until_changed(rooms, wanted, where, configuration)
            except* _Changed as changed:
                [found] = leaves(changed)
                configuration, served = found.configuration, found.served
            beliefs = _of(configuration, registries.beliefs)
            loaded = keeper.loaded if keeper else None
            log.info("%s: the new configuration is in use", wanted.name)


def _of(
    configuration: Configuration, beliefs: Mapping[Origin, Belief]
) -> Mapping[Origin, Belief]:
    """Forget services that are no more: any number of them may come and go."""
    names = configuration.services
    return {origin: each for origin, each in beliefs.items() if origin[0] in names}


async def _until_changed(
    rooms: Mapping[str, Coroutine[Any, Any, None]],
    wanted: Wanted,
    where: "_Where",
    configuration: Configuration,
) -> None:
    async with asyncio.TaskGroup() as group:
        for name, room in rooms.items():
            group.create_task(room, name=name)
        await _await_change(wanted, where, configuration)


async def _await_change(wanted: Wanted, where: "_Where", before: Configuration) -> None:
    """Raise `_Changed` when there is another configuration that is right."""
    hangup = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await hangup.wait()
        asked = hangup.is_set()
        hangup.clear()
        try:
            configuration = wanted.anew(before, asked=asked)
            if configuration is None:
                continue
            served = await _sound(configuration, where)
        except (ConfigError, Unavailable) as error:
            log.error("the configuration stays as it was: %s", error)  # noqa: TRY400  no bug
            continue
        raise _Changed(configuration, served)


async def _sound(configuration: Configuration, where: "_Where") -> Configuration:
    if where.process.manage == "nothing":
        return configuration
    found = await sound(configuration, where.check)
    for name, sentences in found.quarantined.items():
        log.error("%s is left out: %s", name, "; ".join(sentences))
    return found.configuration


class _Where:
    """The paths of one HAProxy, and what is to be done with it."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.file, self.socket, self.master = map(Path, process.paths)

    def lines(self) -> Sequence[str]:
        """Give the lines for `global` that we cannot do without."""
        return (f"stats socket {self.socket} mode 600 level admin expose-fd listeners",)

    async def application(self, opened: AsyncExitStack) -> Application | None:
        """Have a HAProxy with what was in force; None: there is to be none."""
        if self.process.manage == "nothing":
            return None
        application = Application(
            ConfigurationFile(self.file),
            await opened.enter_async_context(self.proxy()),
            program=self.process.program,
            deadline=self.process.deadline,
        )
        await application.settle()
        return application

    @asynccontextmanager
    async def proxy(self) -> AsyncIterator[Proxy]:
        """Have it; raise `ConfigError` where its files can be nowhere."""
        process = self.process
        self._make_directory()
        if process.manage == "attach":
            yield Attached(self.master, deadline=process.deadline)
        elif process.manage == "command":
            yield Commanded(process.reload, deadline=process.deadline)
        else:
            supervised = Supervised(
                self.file,
                self.master,
                program=process.program,
                deadline=process.deadline,
                soft_stop=process.soft_stop,
            )
            async with supervised, asyncio.TaskGroup() as rooms:
                running = rooms.create_task(supervised.run(), name="supervise haproxy")
                yield supervised
                running.cancel()

    async def check(self, text: str) -> Sequence[str]:
        """Say what HAProxy has against a text."""
        file = ConfigurationFile(self.file.with_name(f"{self.file.name}.trial"))
        await asyncio.to_thread(file.write_candidate, text)
        try:
            verdict = await check(
                self.process.program, file.candidate, self.process.deadline
            )
        finally:
            await asyncio.to_thread(file.drop_candidate)
        return () if verdict.right else verdict.sentences

    def _make_directory(self) -> None:
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"haproxy: directory {error.filename}: {error.strerror}; give another"
            ) from error


async def _until_signal() -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
    raise _Stopped
