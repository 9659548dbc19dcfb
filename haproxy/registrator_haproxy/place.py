"""Where one HAProxy has its files, which it is, and what it says of a text."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from registrator.errors import ConfigError
from registrator_haproxy.configuration.model import Process
from registrator_haproxy.process import (
    Application,
    Attached,
    Commanded,
    ConfigurationFile,
    Proxy,
    Supervised,
    check,
)


class Place:
    """The paths of one HAProxy, and what is to be done with it."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.file, self.socket, self.master = map(Path, process.paths)
        self._checking = asyncio.Lock()

    def lines(self) -> Sequence[str]:
        """Give the lines for `global` that we cannot do without."""
        return (f"stats socket {self.socket} mode 600 level admin expose-fd listeners",)

    def make_control(self) -> Path | None:
        """Say where we are asked; None: without a HAProxy it has no directory.

        Raise `ConfigError` where that cannot be made.
        """
        if self.process.manage == "nothing":
            return None
        directory = Path(self.process.directory)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{error.filename}: no place for the control socket: {error.strerror};"
                " give one with --control"
            ) from error
        return directory / "control.sock"

    async def application(self, opened: AsyncExitStack) -> Application | None:
        """Have a HAProxy with what was in force; None: there is to be none."""
        if self.process.manage == "nothing":
            return None
        self._make_directories()
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
        """Have it; raise `ConfigError` where it cannot be."""
        process = self.process
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
        """Say what HAProxy has against a text; several wait for each other."""
        async with self._checking:
            return await self._check(text)

    async def _check(self, text: str) -> Sequence[str]:
        file = ConfigurationFile(self.file.with_name(f"{self.file.name}.trial"))
        await asyncio.to_thread(file.write_candidate, text)
        try:
            verdict = await check(
                self.process.program, file.candidate, self.process.deadline
            )
        finally:
            await asyncio.to_thread(file.drop_candidate)
        return () if verdict.right else verdict.sentences

    def _make_directories(self) -> None:
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"haproxy: directory {error.filename}: {error.strerror}; give another"
            ) from error
