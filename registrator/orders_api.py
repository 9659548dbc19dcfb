"""What may be ordered over the control socket.

GET /v1/maintenance lists what is out of use. POST /v1/maintenance takes {"on": bool,
"reason": text} and one of "service": name, "container": name or id, "host": true. POST
/v1/drain takes {"container": name or id, "on": bool}; GET /v1/drain?container= says how
far a drain is. The shapes of the answers stand in `registrator.orders_views`.
"""

import json
from collections.abc import Mapping
from typing import Final, Protocol

from aiohttp import web

from registrator.errors import ConfigError, Gone, Rejected, SourceError
from registrator.local_api import Statuses, answering
from registrator.orders_views import DrainView, MaintainedView, OrdersView

_STATUSES: Final[Statuses] = {
    ConfigError: 400,
    Rejected: 409,
    Gone: 404,
    SourceError: 503,
}
_SCOPES: Final = ("service", "container", "host")


class Operations(Protocol):
    """Does what an operator orders; raises `Rejected`, `Gone` or `SourceError`."""

    def listing(self) -> OrdersView:
        """List all that is out of use by order."""

    async def maintain(
        self, scope: str, name: str, reason: str, *, on: bool
    ) -> MaintainedView:
        """Put a host, service or container into maintenance, or take it out."""

    async def drain(self, container: str, *, on: bool | None) -> DrainView:
        """Drain a container, or no more; None: only say how far it is."""


def routes(operations: Operations) -> list[web.RouteDef]:
    """Take these orders, beside questions of others."""

    async def listing(_: web.Request) -> web.Response:
        return web.json_response(operations.listing())

    async def maintain(request: web.Request) -> web.Response:
        said = await _body(request, frozenset({"on", "reason", *_SCOPES}))
        scope, name = _target(said)
        done = await operations.maintain(
            scope, name, _text(said, "reason"), on=_switch(said)
        )
        return web.json_response(done)

    async def drain(request: web.Request) -> web.Response:
        said = await _body(request, frozenset({"on", "container"}))
        name = _text(said, "container", needed=True)
        return web.json_response(await operations.drain(name, on=_switch(said)))

    async def progress(request: web.Request) -> web.Response:
        name = _text(request.query, "container", needed=True)
        return web.json_response(await operations.drain(name, on=None))

    return [
        web.get("/v1/maintenance", answering(listing, _STATUSES)),
        web.post("/v1/maintenance", answering(maintain, _STATUSES)),
        web.get("/v1/drain", answering(progress, _STATUSES)),
        web.post("/v1/drain", answering(drain, _STATUSES)),
    ]


async def _body(request: web.Request, known: frozenset[str]) -> Mapping[str, object]:
    try:
        said = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise ConfigError("an order is a JSON object of at most 1 MiB") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"an order is a JSON object: {error}") from error
    if not isinstance(said, dict):
        raise ConfigError("an order is a JSON object")
    if unknown := said.keys() - known:
        raise ConfigError(
            f"an order has no {min(unknown)!r}: it has {', '.join(sorted(known))}"
        )
    return said


def _target(said: Mapping[str, object]) -> tuple[str, str]:
    given = {scope: said.get(scope) for scope in _SCOPES}
    named = [scope for scope in given if given[scope] not in (None, False)]
    if len(named) != 1:
        raise ConfigError(
            'name one target: "service": name, "container": name or id, or "host": true'
        )
    [scope] = named
    if scope == "host":
        if said["host"] is not True:
            raise ConfigError(f"host is true or left out, not {said['host']!r}")
        return scope, ""
    return scope, _text(said, scope, needed=True)


def _switch(said: Mapping[str, object]) -> bool:
    if isinstance(on := said.get("on"), bool):
        return on
    raise ConfigError(f"on is true or false, not {on!r}")


def _text(said: Mapping[str, object], key: str, *, needed: bool = False) -> str:
    value = said.get(key, "")
    if not isinstance(value, str) or len(value) > 1000 or not value.isprintable():
        raise ConfigError(f"{key} is one line of text, of at most 1000 characters")
    if needed and not value:
        raise ConfigError(f"{key} is missing")
    return value
