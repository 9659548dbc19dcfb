"""Answers over HTTP on a unix socket that only its user opens."""

import asyncio
import errno
import os
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from registrator.errors import ConfigError, RegistratorError

_GOODBYE: Final = 0.5
"""Seconds that an answer under way may still take when whoever serves stops."""


@asynccontextmanager
async def serve(path: Path, application: web.Application) -> AsyncIterator[None]:
    """Answer on the socket at *path*, mode 0600, until the block is left.

    Raise `ConfigError` if somebody else answers there, or it cannot be made.
    """
    if await _answers(path):
        raise ConfigError(
            f"{path}: another registrator answers on this socket;"
            " stop it, or give this one its own with -control"
        )
    listener = _bind(path)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GOODBYE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        _remove(path)  # first: afterwards it may be a successor's
        await runner.cleanup()


def _bind(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        _make_way(path)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"{path}: the control socket cannot be made: {error.strerror or error};"
            " choose another place with -control"
        ) from error
    finally:
        os.umask(mask)
    return listener


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _make_way(path: Path) -> None:
    """Remove the socket of a daemon that was killed, and nothing else."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "something else is there")
        path.unlink()


async def _answers(path: Path) -> bool:
    """Whether somebody listens there; a socket left by a killed daemon does not."""
    try:
        async with asyncio.timeout(2.0):
            _, writer = await asyncio.open_unix_connection(path)
    except TimeoutError:  # it listens, and does not get round to us
        return True
    except OSError:
        return False
    writer.close()
    return True


class Handler(Protocol):
    """Answers one request."""

    async def __call__(self, request: web.Request, /) -> web.Response:
        """Answer it, or raise what the one who asks is to be told."""


Statuses = Mapping[type[RegistratorError], int]
"""What status goes with an error: that of the first kind that it is of."""


def answering(handler: Handler, statuses: Statuses) -> Handler:
    """Have *handler* say why, where something cannot be told or done."""
    kinds = tuple(statuses)

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except kinds as error:
            first = next(kind for kind in kinds if isinstance(error, kind))
            return problem(statuses[first], error)

    return answer


def problem(status: int, error: Exception) -> web.Response:
    """Say that something cannot be told, and why."""
    body: Mapping[str, object] = {"error": str(error)}
    if isinstance(error, ConfigError):
        body = {"error": str(error), "problems": list(error.problems)}
    return web.json_response(body, status=status)
