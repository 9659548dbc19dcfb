"""A configuration is read whole, and every mistake in it is named with its line."""

import json
from pathlib import Path

import pytest

from registrator.errors import ConfigError
from registrator_haproxy.configuration.bind import Bind
from registrator_haproxy.configuration.file import read
from registrator_haproxy.configuration.model import schema

FILE = """
global: [maxconn 2000]
services:
  web:
    from: [consul://127.0.0.1:8500, etcd://127.0.0.1:2379]
    name: web-prod
    listen: 8080
    at-most: 5
    filters: [{label: zone, value: eu}]
    servers:
      - {host: 10.0.0.1, port: 80}
  db: {from: consul://127.0.0.1:8500, mode: tcp}
"""


ODD = "has a character that none may have"
TOO_LARGE = "should be less than or equal to 65535"


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        read(text, "web.yaml")
    return refused.value.problems


def test_a_file_is_read() -> None:
    found = read(FILE, "web.yaml").configuration

    web = found.services["web"]
    assert found.global_ == ("maxconn 2000",)
    assert web.source == ("consul://127.0.0.1:8500", "etcd://127.0.0.1:2379")
    assert (web.name, web.at_most) == ("web-prod", 5)
    assert web.listen == Bind("127.0.0.1", 8080)
    assert web.servers[0].host == "10.0.0.1"
    assert found.services["db"].source == ("consul://127.0.0.1:8500",)


def test_json_is_read_too() -> None:
    found = read(
        '{"services": {"web": {"listen": 8080, "filters": []}}}', "web.json"
    ).configuration

    assert found.services["web"].listen == Bind("127.0.0.1", 8080)


@pytest.mark.parametrize("text", ["", "{}", "services: {}"])
def test_nothing_is_no_mistake(text: str) -> None:
    assert read(text, "web.yaml").configuration.services == {}


def test_all_mistakes_are_named_at_once_with_their_lines() -> None:
    text = """
services:
  web:
    listn: 8080
    mode: tpc
    servers:
      - {host: 10.0.0.1, port: 80}
      - {host: "10.0.0.1;", port: 99999}
  "a;b": {}
global: "maxconn 1"
"""

    assert mistakes(text) == (
        "web.yaml: line 10: global: should be a list",
        "web.yaml: line 5: services.web.mode: should be 'tcp' or 'http'",
        f"web.yaml: line 8: services.web.servers.1.host: address '10.0.0.1;': {ODD}",
        f"web.yaml: line 8: services.web.servers.1.port: {TOO_LARGE}",
        "web.yaml: line 4: services.web.listn: there is no such setting",
        f"web.yaml: line 9: services.a;b: name 'a;b': {ODD}",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services: [", "web.yaml: "),
        ("- a", "web.yaml: line 1: the file: "),
        ('services: {web: {backend: ["a\\nb"]}}', "printable characters only"),
        ("services: {web: {listen: true}}", "a place to listen on is a port, or text"),
        ("services: {web: {listen: 0}}", "0 is no port"),
        ("services: {web: {listen: ':80'}}", "is no place to listen on"),
        ("services: {web: {listen: 'unix@relative'}}", "is no place to listen on"),
        (
            "services: {web: {slots: 4, cookies: name}}",
            "`slots` are prepared for any server",
        ),
        (
            "services: {web: {slots: 4, ids: true}}",
            "`slots` are prepared for any server",
        ),
        (
            "services: {web: {slots: 4, server: 'check port %{port}'}}",
            "`slots` are prepared for any server",
        ),
        (
            f"haproxy: {{directory: /{'a' * 90}}}",
            "runtime.sock is too long: HAProxy takes 97 octets for a socket",
        ),
        ("settle: 2:10", "130 is no wait"),
        (
            "services: {web: {damping: {suppress: 2, reuse: 2}}}",
            "`reuse` is to be below `suppress`",
        ),
        ("services: {web: {panic: 2}}", "services.web.panic: should be less than"),
        ("services: {web: {panic: '0.5'}}", "services.web.panic: should be a valid"),
        (
            "services: {web: {mode: tcp, mode: http}}",
            "line 1: mode stands a second time",
        ),
        (
            "services: {a: {listen: 80}, b: {listen: 80}}",
            "services.b.listen: service a and service b listen on one place",
        ),
        (
            "services: {a: {}, b: {backend-name: a}}",
            "services.b: service a and service b have one backend: a",
        ),
        (
            "services: {a: {server: inter 1s, slow-start: 30}}",
            "services.a.slow-start: takes health checks: put `check` into `server`",
        ),
        ("services:\n  a: {}\n  a: {}", "line 3: a stands a second time"),
        ("extra: {'peers p': [a], 'peers p': [b]}", "peers p stands a second time"),
        ("services: &x {web: *x}", "aliases"),
        ("services: {? !!str {=: web} : {listen: 0}}", "0 is no port"),
        ("services: {}\n\0", "web.yaml: "),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    assert why in "\n".join(mistakes(text))


@pytest.mark.parametrize(
    ("said", "bind", "written"),
    [
        (8080, Bind("127.0.0.1", 8080), "127.0.0.1:8080"),
        ("8080", Bind("127.0.0.1", 8080), "127.0.0.1:8080"),
        ("10.0.0.1:80", Bind("10.0.0.1", 80), "10.0.0.1:80"),
        ("*:80", Bind("*", 80), "*:80"),
        ("[::1]:80", Bind("::1", 80), "::1:80"),
        ("unix@/run/web.sock", Bind("/run/web.sock"), "unix@/run/web.sock"),
    ],
)
def test_places_to_listen_on(said: str | int, bind: Bind, written: str) -> None:
    found = read(f"services: {{web: {{listen: {said!r}}}}}", "web.yaml").configuration

    assert found.services["web"].listen == bind
    assert str(bind) == written


FRONTENDS = """
frontends:
  public: {listen: [80, 81]}
  web: {listen: 80}
services:
  a:
    routes: {frontend: public, host: www.example.org, path: /shop}
  b:
    routes:
      - {frontend: public}
      - {frontend: public, host: WWW.example.org, path: /shop/}
      - {frontend: private}
  web: {listen: 81, mode: tcp, routes: [{frontend: public, path: /}]}
"""


MISTAKES = """\
web.yaml: line 4: frontends.web.listen: frontend public and frontend web listen on one \
place: 127.0.0.1:80
web.yaml: line 11: services.b.routes.1: service a and service b have one route: \
public, www.example.org, /shop
web.yaml: line 13: services.web: frontend web and service web are called the same: web
web.yaml: line 13: services.web.listen: frontend public and service web listen on one \
place: 127.0.0.1:81
web.yaml: line 13: services.web.routes.0: service b and service web have one route: \
public, any host, /
web.yaml: line 12: services.b.routes.2: there is no frontend private
web.yaml: line 13: services.web.routes: a service with routes has mode: http"""


def test_routes_and_places_that_two_have_are_all_named_with_their_places() -> None:
    assert "\n".join(mistakes(FRONTENDS)) == MISTAKES


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{frontend: f, host: 'a b'}", "'a b' is no host"),
        ("{frontend: f, host: 'a.*.b'}", "is no host"),
        ("{frontend: f, host: '-a'}", "is no host"),
        ("{frontend: f, host: ''}", "is no host"),
        ("{frontend: f, host: 'ü.org'}", "is no host"),
        (f"{{frontend: f, host: {'a.' * 130}a}}", "is no host"),
        ("{frontend: f, host: 'a } { always_true'}", "is no host"),
        ("{frontend: f, path: shop}", "'shop' is no path"),
        ("{frontend: f, path: '/a b'}", "is no path"),
        ("{frontend: f, path: '/a}'}", "is no path"),
        ('{frontend: f, path: "/a\n"}', "is no path"),
        ("{frontend: f, path: '/$HOME'}", "is no path"),
        ("{host: a.org}", "services.w.routes.0.frontend: field required"),
        ("f", "services.w.routes.0: should be a valid"),
    ],
)
def test_a_route_is_a_name_and_a_path_and_nothing_that_haproxy_reads_otherwise(
    said: str, why: str
) -> None:
    text = f"frontends: {{f: {{listen: 80}}}}\nservices: {{w: {{routes: {said}}}}}"

    assert why in "\n".join(mistakes(text))


def test_the_published_schema_is_that_of_the_program() -> None:
    published = Path(__file__).parents[3] / "docs/haproxy/haproxy.schema.json"

    assert json.loads(published.read_text()) == schema()
    assert '"from"' in published.read_text()
