"""The daemon's local API: JSON over HTTP on a unix socket that only its user opens.

GET /v1/services[?service=NAME], /v1/containers/NAME, /v1/status, /v1/dns and
/v1/dns/NAME[?type=TYPE]. The shapes stand in `registrator.views`. What is asked of the
HAProxy side is in `registrator.haproxy_api`, what an operator orders in
`registrator.orders_api`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from registrator import control_socket, local_api, orders_api
from registrator.dns_views import DnsAnswerView, ResponderView
from registrator.errors import (
    ConfigError,
    Gone,
    Rejected,
    SourceError,
    Unavailable,
)
from registrator.haproxy_api import HaproxyViews, Nowhere, routes
from registrator.local_api import Statuses, answering
from registrator.orders_api import Operations
from registrator.views import ContainerView, ServiceView, StatusView

_OF_THE_ENGINE: Final[Statuses] = {Gone: 404, SourceError: 503}
_OF_DNS: Final[Statuses] = {Rejected: 400, Unavailable: 503}


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
async def serve(
    path: Path,
    views: Views,
    haproxy: HaproxyViews | None = None,
    operations: Operations | None = None,
) -> AsyncIterator[None]:
    """Answer on the socket at *path*, mode 0600, until the block is left.

    Orders are taken where there is somebody for *operations*. Raise `ConfigError` if
    another daemon answers there, or it cannot be made.
    """
    application = _application(views, haproxy or Nowhere())
    if operations is not None:
        application.add_routes(orders_api.routes(operations))
    async with local_api.serve(path, application):
        yield


def _application(views: Views, haproxy: HaproxyViews) -> web.Application:
    async def services(request: web.Request) -> web.Response:
        return web.json_response(
            {"services": views.services(request.query.get("service", ""))}
        )

    async def container(request: web.Request) -> web.Response:
        return web.json_response(await views.explain(request.match_info["name"]))

    async def status(_: web.Request) -> web.Response:
        return web.json_response(views.status())

    application = web.Application()
    application.add_routes(
        [
            web.get("/v1/services", services),
            web.get("/v1/containers/{name}", answering(container, _OF_THE_ENGINE)),
            web.get("/v1/status", status),
        ]
    )
    application.add_routes(_dns_routes(views))
    application.add_routes(routes(haproxy))
    return application


def _dns_routes(views: Views) -> list[web.RouteDef]:
    async def responders(_: web.Request) -> web.Response:
        return web.json_response({"responders": await views.responders()})

    async def name(request: web.Request) -> web.Response:
        asked, kind = request.match_info["name"], request.query.get("type", "ANY")
        return web.json_response({"answers": await views.look_up(asked, kind)})

    return [
        web.get("/v1/dns", answering(responders, _OF_DNS)),
        web.get("/v1/dns/{name}", answering(name, _OF_DNS)),
    ]
