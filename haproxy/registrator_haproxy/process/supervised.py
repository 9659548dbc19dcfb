"""A HAProxy of our own: started, started again when it dies, and ended with us.

Killed together with us it is not: when the daemon is killed (kill -9) it serves on, and
the next daemon finds it by its master socket and goes on with it. So a crash of ours
drops no request. What ends all the processes of a container, or of a systemd unit, ends
HAProxy too. The workers of a master that is killed end by themselves.
"""

import asyncio
import logging
import signal
import subprocess
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from registrator.backoff import delays
from registrator.errors import ConfigError, RegistratorError, Unavailable, leaves
from registrator_haproxy.process.hearing import Hearing
from registrator_haproxy.process.master import Master
from registrator_haproxy.process.proxy import Proxy, Refused, through
from registrator_haproxy.process.watched import Watched

log = logging.getLogger(__name__)

_PAUSE: Final = 0.02
"""Seconds between two looks at a HAProxy that starts."""
_STABLE: Final = 60.0
"""Seconds after which a HAProxy that dies is started as if it were the first time."""
_LONGEST_WAIT: Final = 2.0
"""Seconds until one that died is started again, at most: meanwhile nobody serves."""
_KILLED_AFTER: Final = 5.0
"""Seconds that it may take to end when told to do so at once."""


class Supervised(Proxy):
    """One HAProxy, found or started, while this is open."""

    def __init__(
        self,
        file: Path,
        socket: Path,
        *,
        program: str = "haproxy",
        deadline: float,
        soft_stop: float = 0.0,
    ) -> None:
        """*socket* is where its master is to listen: beside it is a pipe of ours.

        *deadline* is how many seconds a start, or a reload, may take; *soft_stop* how
        many the connections that it has get at the end.
        """
        super().__init__()
        # -db: whatever `global` says of `daemon`, it stays the process that we started.
        listening = ("-S", f"{socket},mode,600")
        self._command = (program, "-W", "-db", *listening, "-f", str(file))
        self._file = file
        self._socket = socket
        self._master = Master(socket, deadline)
        self._deadline = deadline
        self._soft_stop = soft_stop
        self._hearing = Hearing(socket.with_name(f"{socket.name}.stderr"))
        self._opened = AsyncExitStack()
        self._process: Watched | None = None
        self._changing = asyncio.Lock()
        self._started = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Find the one that is there, if any; raise `ConfigError`."""
        async with AsyncExitStack() as opened:
            try:
                await opened.enter_async_context(self._hearing)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise ConfigError(f"haproxy socket {self._socket}: {reason}") from error
            await self._find()
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it: softly as long as it may, then at once, then by force."""
        self._hearing.ending = True
        async with self._opened:
            await self._end(self._soft_stop)

    @property
    def process(self) -> int | None:
        """The number of its master process, while it runs."""
        alive = self._process is not None and self._process.alive
        return self._process.process if alive and self._process else None

    async def shares_network(self) -> bool:
        """Say yes: we start it."""
        return True

    async def reload(self) -> None:
        """Reload it through its master socket, or start it where it does not run."""
        async with self._changing:
            process = self._process
            if process is None or not process.alive:
                await self._start()
                return
            self._hearing.forget()
            await self._reload(process)

    async def _reload(self, process: Watched) -> None:
        """Reload it while it lives: until the deadline nobody would start another."""

        async def watch() -> None:
            await process.gone()
            raise Unavailable(f"haproxy {process.process} ended while it was reloaded")

        failures: list[RegistratorError] = []
        try:
            async with asyncio.TaskGroup() as rooms:
                watching = rooms.create_task(watch(), name="watch haproxy")
                await through(self._master, self._hearing.alerts)
                watching.cancel()
        except* RegistratorError as group:
            failures += leaves(group)
        if failures:
            raise failures[0]

    async def run(self) -> None:
        """Start it when there is a file, and again whenever it died; never return."""
        waits = delays(cap=_LONGEST_WAIT)
        while True:
            async with self._changing:
                if self.process is None and self._file.exists():
                    await self._try_to_start()
            if (process := self._process) is not None and process.alive:
                since = asyncio.get_running_loop().time()
                await process.gone()
                log.error("haproxy %d ended, and is started again", process.process)
                if asyncio.get_running_loop().time() - since > _STABLE:
                    waits = delays(cap=_LONGEST_WAIT)
            if self.process is None:
                self._started.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(next(waits)):
                        await self._started.wait()

    async def _find(self) -> None:
        """Go on with one that is there; of one that does not answer nothing is left."""
        process = await self._master.listener()
        if process is None and self._hearing.written:
            # It lives, and is not to be asked: it takes up its file anew.
            with suppress(Unavailable):
                process = (await self._master.appears()).master
        if process is None:
            return
        try:
            self._process = Watched(process)
        except OSError:
            return
        try:
            await self._master.appears()
        except Unavailable as error:
            log.warning("%s; haproxy %d is ended", error, process)
            await self._end(0.0)
        else:
            log.info("haproxy %d is there, and goes on", process)

    async def _try_to_start(self) -> None:
        try:
            await self._start()
        except (ConfigError, Unavailable) as error:
            log.error("haproxy does not start: %s", error)  # noqa: TRY400  no bug
        else:
            self.starts.ring()

    async def _start(self) -> None:
        """Start it, and return when it serves; of one that does not nothing is left."""
        self._hearing.forget()
        self._started.clear()
        process = Watched(self._launch())
        self._process = process
        try:
            async with asyncio.timeout(self._deadline):
                await self._serving(process)
        except TimeoutError as late:
            seconds = f"{self._deadline:g} s"
            raise Unavailable(f"haproxy: does not serve after {seconds}") from late
        finally:
            if not self._started.is_set():
                await self._end(0.0)
        log.info("haproxy %d serves", process.process)

    async def _serving(self, process: Watched) -> None:
        while process.alive:
            running = await self._master.serves()
            if running and running.master == process.process:
                self._started.set()
                return
            await asyncio.sleep(_PAUSE)
        raise Refused(*(self._hearing.alerts() or ("haproxy ended as it started",)))

    def _launch(self) -> int:
        with open(self._hearing.end(), "wb") as heard:  # noqa: PTH123  a descriptor
            try:
                started = subprocess.Popen(  # noqa: S603  the operator's own program
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=heard,
                    stderr=heard,
                    start_new_session=True,  # Ctrl-C is for us, who end it in order
                )
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                problem = f"{self._command[0]}: cannot be run: {reason}"
                raise ConfigError(problem) from error
        started.returncode = 0  # it is waited for as `Watched`, and not by this
        return started.pid

    async def _end(self, softly: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if softly:
            process.send(signal.SIGUSR1)
            await process.ended(softly)
        process.send(signal.SIGTERM)
        if not await process.ended(_KILLED_AFTER):
            process.send(signal.SIGKILL)
            await process.ended(_KILLED_AFTER)
        process.close()
