"""Frontends that services share: the lines, their order, and where requests go."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from fixtures.haproxy import BACKEND, StartHaproxy
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.layout import Section
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render
from registrator_haproxy.routing import frontends
from servers import free_ports

SAY = "http-request return status 200 content-type text/plain string"


def configured(
    routes: dict[str, Any], port: int = 8080, more: dict[str, Any] | None = None
) -> Configuration:
    return Configuration.model_validate(
        {
            "frontends": {"public": {"listen": port, **(more or {})}},
            "services": {
                name: {
                    "routes": said,
                    "backend": [f"{SAY} {name}"],
                }
                for name, said in routes.items()
            },
        }
    )


def route(host: str | None = None, path: str = "/") -> dict[str, Any]:
    return {"frontend": "public", "host": host, "path": path}


ROUTES: dict[str, Any] = {
    "rest": route(),
    "shop": [
        route("www.example.org", "/shop/"),
        route("Shop.Example.org"),
        route("shop.example.org"),
    ],
    "www": route("www.example.org"),
    "admin": route("www.example.org", "/shop/admin"),
    "any": route("*.example.org"),
    "deep": route("*.eu.example.org"),
    "static": route(path="/static"),
}

LINES = """\
bind 127.0.0.1:8080
mode http
use_backend admin if { req.hdr(host),host_only,lower -m str www.example.org } \
{ path,concat(/) -m beg /shop/admin/ }
use_backend shop if { req.hdr(host),host_only,lower -m str www.example.org } \
{ path,concat(/) -m beg /shop/ }
use_backend shop if { req.hdr(host),host_only,lower -m str shop.example.org }
use_backend www if { req.hdr(host),host_only,lower -m str www.example.org }
use_backend deep if { req.hdr(host),host_only,lower -m end .eu.example.org }
use_backend any if { req.hdr(host),host_only,lower -m end .example.org }
use_backend static if { path,concat(/) -m beg /static/ }
default_backend rest
"""


def lines(configuration: Configuration) -> Sequence[str]:
    [found] = frontends(configuration)
    assert found.title == "frontend public-in"
    return found.lines


def test_the_most_special_route_stands_first() -> None:
    assert "\n".join([*lines(configured(ROUTES)), ""]) == LINES


def test_the_order_of_the_services_changes_nothing() -> None:
    turned = dict(reversed(ROUTES.items()))

    assert lines(configured(turned)) == lines(configured(ROUTES))


def test_a_shared_frontend_listens_on_several_places_with_lines_of_its_own() -> None:
    asked = configured(
        {},
        more={
            "listen": [80, "[::1]:80"],
            "lines": ["option httplog"],
            "bind-options": "tfo  defer-accept",
        },
    )

    assert lines(asked) == (
        "bind 127.0.0.1:80 tfo defer-accept",
        "bind ::1:80 tfo defer-accept",
        "mode http",
        "option httplog",
    )


def test_frontends_of_services_and_shared_ones_stand_side_by_side() -> None:
    services = {
        "web": {"listen": 81, "routes": route("a.b"), "backend-name": "pool"},
        "db": {"listen": "unix@/run/db.sock", "mode": None},
        "inner": {},
    }
    asked = Configuration.model_validate(
        {"frontends": {"public": {"listen": 80}}, "services": services}
    )

    assert frontends(asked) == (
        Section(
            title="frontend web-in",
            lines=("bind 127.0.0.1:81", "mode http", "default_backend pool"),
        ),
        Section(
            title="frontend db-in",
            lines=("bind unix@/run/db.sock", "default_backend db"),
        ),
        Section(
            title="frontend public-in",
            lines=(
                "bind 127.0.0.1:80",
                "mode http",
                "use_backend pool if { req.hdr(host),host_only,lower -m str a.b }",
            ),
        ),
    )


REQUESTS = [
    ("www.example.org", "/", "www"),
    ("www.example.org:8080", "/", "www"),
    ("WWW.example.ORG", "/", "www"),
    ("www.example.org", "/shop", "shop"),
    ("www.example.org", "/shop?a=b", "shop"),
    ("www.example.org", "/shop/", "shop"),
    ("www.example.org", "/shop/1", "shop"),
    ("www.example.org", "/shops", "www"),
    ("www.example.org", "/a/shop/", "www"),
    ("www.example.org", "/shop/admin/x", "admin"),
    ("www.example.org", "/shop/administrators", "shop"),
    ("www.example.org", "/static/a.css", "www"),
    ("shop.example.org", "/any", "shop"),
    ("other.example.org", "/static", "any"),
    ("a.eu.example.org", "/", "deep"),
    ("a.b.example.org", "/", "any"),
    ("example.org", "/", "rest"),
    ("badexample.org", "/", "rest"),
    ("10.0.0.1", "/static/a.css", "static"),
    ("[::1]:80", "/", "rest"),
]


@pytest.mark.needs_haproxy
async def test_requests_go_where_their_host_and_path_say(
    start_haproxy: StartHaproxy,
) -> None:
    (port,) = free_ports(1)
    layout = plan(configured(ROUTES, port), {}).layout
    start_haproxy(BACKEND + render(replace(layout, fixed=())))

    answers = []
    async with aiohttp.ClientSession() as session:
        for host, path, _ in REQUESTS:
            url = f"http://127.0.0.1:{port}{path}"
            async with session.get(url, headers={"Host": host}) as response:
                answers.append((host, path, await response.text()))
    assert answers == REQUESTS
