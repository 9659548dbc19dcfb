"""Commands in containers: the engine starts them, and nothing runs anywhere else."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Final, Self

from registrator.engine import frames
from registrator.engine.endpoint import Endpoint
from registrator.engine.transport import Ended, Refused
from registrator.engine.versioned import Versioned
from registrator.errors import Gone, SourceError
from registrator.model import ContainerId

KEPT: Final = 4096
"""Octets of what a command prints that are kept: the first ones."""

READ: Final = 16 * 2**20
"""Octets that it may print."""

_BEGINNING: Final = 16 * KEPT  # frames of one octet each are nine octets long
_REQUESTS_AT_ONCE: Final = 16
_REMEMBERED: Final = 10_000
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 1.0
_FULL_ID: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

_Command = tuple[ContainerId, tuple[str, ...]]


class Execution:
    """Runs commands by one engine's exec API. All its failures are `SourceError`.

    Its requests have connections of their own, so that no command keeps the daemon's
    from the engine. Safe to cancel anywhere; but no engine can end a command that it
    has started, and one that was left so is not started again while it still runs.
    """

    def __init__(
        self, endpoint: Endpoint, *, deadline: float = 10.0, patience: float = 3600.0
    ) -> None:
        """Send nothing yet; a command may take *patience* seconds at most."""
        self._api = Versioned(
            endpoint, requests_at_once=_REQUESTS_AT_ONCE, deadline=deadline
        )
        self._patience = patience
        self._left: OrderedDict[_Command, set[str]] = OrderedDict()

    async def __aenter__(self) -> Self:
        """Open the pool of connections; nothing is sent."""
        await self._api.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self._api.__aexit__(kind, error, trace)

    async def execute(
        self, container: ContainerId, command: tuple[str, ...]
    ) -> tuple[int, str]:
        """Return its exit status and the beginning of what it printed.

        What it is run as is the container's own user, without a terminal or input.
        """
        # A name or the beginning of an id may be another container's tomorrow.
        if not _FULL_ID.fullmatch(container):
            raise SourceError(f"{container[:80]!r} is not the id of a container")
        if not command:
            raise SourceError(f"container {container:.12}: there is no command to run")
        try:
            async with asyncio.timeout(self._patience):
                return await self._execute(container, command)
        except Refused as refused:
            if refused.there_is_no_container:
                raise Gone(f"container {container:.12}: no such container") from refused
            raise SourceError(
                f"container {container:.12}: {refused.message}"
            ) from refused
        except TimeoutError as error:
            raise SourceError(
                f"container {container:.12}: the command runs for longer than"
                f" {self._patience:g} s"
            ) from error

    async def _execute(
        self, container: ContainerId, command: tuple[str, ...]
    ) -> tuple[int, str]:
        await self._see_that_none_runs(container, command)
        answer = await self._api.fetch(
            f"/containers/{container}/exec",
            {
                "Cmd": list(command),
                "AttachStdin": False,
                "AttachStdout": True,
                "AttachStderr": True,
                "Tty": False,
                "Privileged": False,
            },
        )
        execution = self._api.object(answer).get("Id")
        if not isinstance(execution, str) or not _FULL_ID.fullmatch(execution):
            raise SourceError(f"{self._api}: a command has no id")
        with ExitStack() as otherwise:  # also when cancelled, and then above all
            otherwise.callback(self._remember, container, command, execution)
            printed = await self._start(execution)
            status = await self._status(execution)
            otherwise.pop_all()
        return status, frames.printed(printed)[:KEPT].decode(errors="replace")

    async def _start(self, execution: str) -> bytes:
        """Have it run, read what it prints to the end, and return the beginning."""
        path, asked = f"/exec/{execution}/start", {"Detach": False, "Tty": False}
        beginning, length = b"", 0
        with suppress(Ended):
            async with self._api.stream(path, asked) as pieces:
                async for piece in pieces:
                    beginning += piece[: _BEGINNING - len(beginning)]
                    length += len(piece)
                    # Docker loses the exit status of one whose output nobody reads.
                    if length > READ:
                        raise SourceError(f"the command prints more than {READ} octets")
        return beginning

    async def _status(self, execution: str) -> int:
        """Wait for its exit status: its outputs end a little earlier, if not much."""
        pause = _FIRST_PAUSE
        while (told := await self._look(execution)).get("Running"):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        status = told.get("ExitCode")
        if not isinstance(status, int):
            raise SourceError(f"{self._api}: a command has ended without exit status")
        return status

    async def _look(self, execution: str) -> Mapping[str, object]:
        return self._api.object(await self._api.fetch(f"/exec/{execution}/json"))

    async def _see_that_none_runs(
        self, container: ContainerId, command: tuple[str, ...]
    ) -> None:
        """Raise `SourceError` where one that was left so still runs."""
        for execution in tuple(self._left.get((container, command), ())):
            if await self._runs(execution):
                raise SourceError(
                    f"container {container:.12}: the command of the last time"
                    " still runs"
                )
        self._left.pop((container, command), None)

    async def _runs(self, execution: str) -> bool:
        try:
            return bool((await self._look(execution)).get("Running"))
        except Refused as refused:
            # A proxy's 404 says nothing of commands.
            if refused.status == 404 and "no such" in refused.message.lower():
                return False
            raise

    def _remember(
        self, container: ContainerId, command: tuple[str, ...], execution: str
    ) -> None:
        self._left.setdefault((container, command), set()).add(execution)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
