"""The daemon's local API: JSON over HTTP on a unix socket that only its user opens.

GET /v1/services[?service=NAME], /v1/containers/NAME, /v1/status, /v1/dns and
/v1/dns/NAME[?type=TYPE]. The shapes stand in `registrator.views`.
"""

import asyncio
import errno
import os
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from aiohttp import web

from registrator import control_socket
from registrator.dns_views import DnsAnswerView, ResponderView
from registrator.errors import (
    ConfigError,
    Gone,
    Rejected,
    SourceError,
    Unavailable,
)
from registrator.views import ContainerView, ServiceView, StatusView

GOODBYE = 0.5
"""Seconds that an answer under way may still take when the daemon stops."""


class Views(Protocol):
    """What the control API shows; read only."""

    def services(self, name: str) -> list[ServiceView]:
        """List every service, or those called *name* unless it is empty."""

    def status(self) -> StatusView:
        """Show the daemon at a glance."""

    async def explain(self, container: str) -> ContainerView:
        """Explain one container, by name or id; raise `Gone` or `SourceError`."""

    async def responders(self) -> list[ResponderView]:
        """List the DNS responders; raise `Unavailable`."""

    async def look_up(self, name: str, kind: str) -> list[DnsAnswerView]:
        """Ask every DNS responder; raise `Rejected` or `Unavailable`."""


def place(given: str, environment: Mapping[str, str]) -> Path:
    """Say where the control socket goes; raise `ConfigError` where it cannot."""
    if given:
        return Path(given)
    try:
        return control_socket.choose(environment)
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: no place for the control socket: {error.strerror};"
            " give one with -control"
        ) from error


@asynccontextmanager
async def serve(path: Path, views: Views) -> AsyncIterator[None]:
    """Answer on the socket at *path*, mode 0600, until the block is left.

    Raise `ConfigError` if another daemon answers there, or it cannot be made.
    """
    if await _answers(path):
        raise ConfigError(
            f"{path}: another registrator answers on this socket;"
            " stop it, or give this one its own with -control"
        )
    listener = _bind(path)
    runner = web.AppRunner(
        _application(views), access_log=None, shutdown_timeout=GOODBYE
    )
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


def _application(views: Views) -> web.Application:
    async def services(request: web.Request) -> web.Response:
        return web.json_response(
            {"services": views.services(request.query.get("service", ""))}
        )

    async def container(request: web.Request) -> web.Response:
        try:
            return web.json_response(await views.explain(request.match_info["name"]))
        except Gone as error:
            return _problem(404, error)
        except SourceError as error:
            return _problem(503, error)

    async def status(_: web.Request) -> web.Response:
        return web.json_response(views.status())

    application = web.Application()
    application.add_routes(
        [
            web.get("/v1/services", services),
            web.get("/v1/containers/{name}", container),
            web.get("/v1/status", status),
        ]
    )
    application.add_routes(_dns_routes(views))
    return application


def _dns_routes(views: Views) -> list[web.RouteDef]:
    async def responders(_: web.Request) -> web.Response:
        try:
            return web.json_response({"responders": await views.responders()})
        except Unavailable as error:
            return _problem(503, error)

    async def name(request: web.Request) -> web.Response:
        asked, kind = request.match_info["name"], request.query.get("type", "ANY")
        try:
            return web.json_response({"answers": await views.look_up(asked, kind)})
        except Rejected as error:
            return _problem(400, error)
        except Unavailable as error:
            return _problem(503, error)

    return [web.get("/v1/dns", responders), web.get("/v1/dns/{name}", name)]


def _problem(status: int, error: Exception) -> web.Response:
    body: Mapping[str, str] = {"error": str(error)}
    return web.json_response(body, status=status)
