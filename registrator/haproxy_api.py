"""What may be asked of the HAProxy side over a control socket, of whichever program.

GET /v1/haproxy, /v1/haproxy/plan and /v1/haproxy/file. A configuration that is not in
use is posted to the latter two, with `?name=` for the sentences about it.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from registrator.errors import ConfigError, Rejected, Unavailable
from registrator.haproxy_views import HaproxyFileView, HaproxyPlanView, HaproxyView
from registrator.local_api import Statuses, answering

_STATUSES: Final[Statuses] = {ConfigError: 400, Rejected: 404, Unavailable: 503}

FROM: Final = "REGISTRATOR_HAPROXY_FROM"
"""The variable with the sources of `--auto`: a command line is read by everybody."""
NOWHERE: Final = (
    "no haproxy side runs here: give the daemon -haproxy CONFIG, or start"
    " registrator-haproxy; another place is asked with --socket"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The text of a configuration that is not in use, and what to call it."""

    name: str
    text: str


class HaproxyViews(Protocol):
    """What the HAProxy side shows of itself; nothing is changed by asking.

    Each method raises `Unavailable` where it cannot tell, and `Rejected` where there
    is no HAProxy side at all.
    """

    async def describe(self) -> HaproxyView:
        """Show it at a glance."""

    async def plan(self, proposed: Proposed | None) -> HaproxyPlanView:
        """Say what would be done now; raise `ConfigError` for what is proposed."""

    async def file(self, proposed: Proposed | None) -> HaproxyFileView:
        """Show the file and what it would be; raise `ConfigError` likewise."""


class Nowhere:
    """There is no HAProxy side."""

    async def describe(self) -> HaproxyView:
        """Refuse to tell."""
        raise Rejected(NOWHERE)

    async def plan(self, _: Proposed | None) -> HaproxyPlanView:
        """Refuse to tell."""
        raise Rejected(NOWHERE)

    async def file(self, _: Proposed | None) -> HaproxyFileView:
        """Refuse to tell."""
        raise Rejected(NOWHERE)


def application(views: HaproxyViews) -> web.Application:
    """Answer these questions and no others."""
    made = web.Application()
    made.add_routes(routes(views))
    return made


def routes(views: HaproxyViews) -> list[web.RouteDef]:
    """Answer these questions, beside others."""

    async def glance(_: web.Request) -> web.Response:
        return web.json_response(await views.describe())

    async def plan(request: web.Request) -> web.Response:
        return web.json_response(await views.plan(await _proposed(request)))

    async def file(request: web.Request) -> web.Response:
        return web.json_response(await views.file(await _proposed(request)))

    return [
        web.get("/v1/haproxy", answering(glance, _STATUSES)),
        web.get("/v1/haproxy/plan", answering(plan, _STATUSES)),
        web.post("/v1/haproxy/plan", answering(plan, _STATUSES)),
        web.get("/v1/haproxy/file", answering(file, _STATUSES)),
        web.post("/v1/haproxy/file", answering(file, _STATUSES)),
    ]


async def _proposed(request: web.Request) -> Proposed | None:
    if request.method != "POST":
        return None
    body = await request.read()
    name = request.query.get("name", "the configuration")
    try:
        return Proposed(name=name, text=body.decode())
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: {error}") from error
