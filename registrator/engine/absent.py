"""The engine of a host that has none: it runs no container, and always answers."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from registrator.engine.client import Engine, Info
from registrator.engine.decode import Hint, Listed
from registrator.engine.endpoint import Endpoint
from registrator.errors import Gone
from registrator.model import Container, ContainerId

NOWHERE: Final = Endpoint(url="", socket=Path("/dev/null"), description="none")
"""The address of that engine, which an operator gives as `none`."""


def engine_at(endpoint: Endpoint) -> Engine:
    """Make the engine that has this address."""
    return NoEngine() if endpoint is NOWHERE else Engine(endpoint)


class NoEngine(Engine):
    """Answers as an engine without containers would."""

    def __init__(self) -> None:
        """Open nothing, now or later."""

    async def __aenter__(self) -> Self:
        """Do nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""

    async def info(self) -> Info:
        """Say what the host calls itself."""
        return Info(name=socket.gethostname(), version="", api="")

    async def list(self) -> tuple[Listed, ...]:
        """List nothing."""
        return ()

    async def inspect(self, container: ContainerId) -> Container:
        """Raise `Gone`."""
        raise Gone(f"container {container:.12}: there is no engine")

    @asynccontextmanager
    async def events(
        self, since: int | None = None
    ) -> AsyncIterator[AsyncIterator[Hint]]:
        """Open a stream on which nothing ever comes."""
        del since
        async with aclosing(_silence()) as hints:
            yield hints


async def _silence() -> AsyncGenerator[Hint, None]:
    await asyncio.Event().wait()
    yield Hint(None)
