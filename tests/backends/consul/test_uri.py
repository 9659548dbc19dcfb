import pytest

from registrator.errors import ConfigError
from registrator_backends.consul.uri import read_address

PLACES = [
    ("consul://10.0.0.1:8500", {}, "consul://10.0.0.1:8500"),
    ("CONSUL://Consul.Example:80", {}, "consul://consul.example:80"),
    ("consul://10.0.0.1", {}, "consul://10.0.0.1:8500"),
    ("consul://:8600", {}, "consul://127.0.0.1:8600"),
    ("consul://10.0.0.1:8500/ignored/path", {}, "consul://10.0.0.1:8500"),
    ("consul://[fd00::1]:8500", {}, "consul://[fd00::1]:8500"),
    ("consul://[fd00::1]", {}, "consul://[fd00::1]:8500"),
    ("consul:", {}, "consul://127.0.0.1:8500"),
    ("consul://", {}, "consul://127.0.0.1:8500"),
    ("consul:///", {}, "consul://127.0.0.1:8500"),
    ("consul:", {"CONSUL_HTTP_ADDR": "10.0.0.2:80"}, "consul://10.0.0.2:80"),
    ("consul:", {"CONSUL_HTTP_ADDR": "http://h"}, "consul://h:8500"),
    ("consul:", {"CONSUL_HTTP_ADDR": "https://h"}, "consul-tls://h:8501"),
    ("consul:", {"CONSUL_HTTP_ADDR": "unix:///c.sock"}, "consul-unix:///c.sock"),
    ("consul://h:1", {"CONSUL_HTTP_ADDR": "other:2"}, "consul://h:1"),
    ("consul://:1", {"CONSUL_HTTP_ADDR": "other:2"}, "consul://127.0.0.1:1"),
    ("consul:", {"CONSUL_HTTP_SSL": "true"}, "consul-tls://127.0.0.1:8501"),
    ("consul://h:8500", {"CONSUL_HTTP_SSL": "1"}, "consul-tls://h:8500"),
    ("consul://h:8500", {"CONSUL_HTTP_SSL": "F"}, "consul://h:8500"),
    ("consul-tls://h", {}, "consul-tls://h:8501"),
    ("consul-tls:", {"CONSUL_HTTP_ADDR": "h:8443"}, "consul-tls://h:8443"),
    ("consul-tls:", {"CONSUL_HTTP_ADDR": "http://h:8443"}, "consul-tls://h:8443"),
    ("consul-unix:///run/c.sock", {}, "consul-unix:///run/c.sock"),
    ("consul-unix:///a%20b", {"CONSUL_HTTP_SSL": "1"}, "consul-unix:///a b"),
    ("consul://user:secret@h:8500", {}, "consul://h:8500"),
]


@pytest.mark.parametrize(("uri", "environment", "shown"), PLACES)
def test_an_agent_is_found_by_uri_and_environment(
    uri: str, environment: dict[str, str], shown: str
) -> None:
    assert read_address(uri, environment).place.uri == shown


@pytest.mark.parametrize(
    ("uri", "base"),
    [
        ("consul://h:1", "http://h:1"),
        ("consul://consul:8500", "http://consul:8500"),
        ("consul-tls://consul-tls.example", "https://consul-tls.example:8501"),
        ("consul-tls://[fd00::1]:1", "https://[fd00::1]:1"),
        ("consul-unix:///run/consul.sock", "http://localhost"),
    ],
)
def test_requests_go_to_the_agent(uri: str, base: str) -> None:
    assert str(read_address(uri, {}).place.base) == base


MISTAKES = [
    ("consul://h:99999", {}, ["consul://h:99999: not host:port"]),
    ("consul://h:port", {}, ["consul://h:port: not host:port"]),
    ("consul://fd00::1:8500", {}, ["consul://fd00::1:8500: not host:port"]),
    ("consul://[fd00::1", {}, ["consul://[fd00::1: not host:port"]),
    ("consul://a:1,b:1", {}, ["consul://a:1,b:1: not host:port"]),
    ("consul://h:0", {}, ["port 0"]),
    ("consul://a b", {}, ["not a host name"]),
    ("consul://a..b", {}, ["not a host name"]),
    (f"consul://{'a' * 64}", {}, ["not a host name"]),
    ("consul:h:8500", {}, ["consul:h:8500: write consul://host:port"]),
    ("consul-unix:", {}, ["three slashes"]),
    ("consul-unix://run/consul.sock", {}, ["three slashes"]),
    ("consul:", {"CONSUL_HTTP_ADDR": "h:x"}, ["CONSUL_HTTP_ADDR: not host:port"]),
    (
        "consul:",
        {"CONSUL_HTTP_ADDR": "ftp://h"},
        ["CONSUL_HTTP_ADDR: not host:port, http"],
    ),
    ("consul:", {"CONSUL_HTTP_ADDR": "unix://a/b"}, ["CONSUL_HTTP_ADDR: write"]),
    ("consul-tls:", {"CONSUL_HTTP_ADDR": "unix:///c"}, ["not spoken to with TLS"]),
    ("consul:", {"CONSUL_HTTP_SSL": "maybe"}, ["CONSUL_HTTP_SSL: 'maybe'"]),
    ("consul://h?tokenfile=/x", {}, ["consul://h: unknown option 'tokenfile'"]),
    ("consul://h?token_file=", {}, ["option token_file is empty"]),
    ("consul://h?ca=/x", {}, ["option ca needs TLS"]),
    ("consul-unix:///c?key=/x", {}, ["option key needs TLS"]),
    ("consul-tls://h?ca=/1&ca=/2", {}, ["given twice"]),
    (
        "consul-tls://h:0?token=x&cert=/nowhere/cert",
        {"CONSUL_HTTP_TOKEN_FILE": "/nowhere/token", "CONSUL_HTTP_SSL_VERIFY": "?"},
        ["port 0", "unknown option 'token'", "/nowhere/token", "SSL_VERIFY: '?'"],
    ),
    (
        "consul-tls://h",
        {"CONSUL_TLS_SERVER_NAME": "a b"},
        ["CONSUL_TLS_SERVER_NAME: not a host name"],
    ),
]


@pytest.mark.parametrize(("uri", "environment", "expected"), MISTAKES)
def test_every_mistake_is_told_at_once(
    uri: str, environment: dict[str, str], expected: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_address(uri, environment)

    told = caught.value.problems
    assert len(told) == len(expected)
    assert all(part in problem for part, problem in zip(expected, told, strict=True))


@pytest.mark.parametrize(
    ("uri", "environment", "header"),
    [
        ("consul://h", {}, ""),
        ("consul://h", {"CONSUL_HTTP_AUTH": "me:secret"}, "Basic bWU6c2VjcmV0"),
        ("consul://h", {"CONSUL_HTTP_AUTH": "me"}, "Basic bWU6"),
        ("consul://h", {"CONSUL_HTTP_AUTH": "é:\udce9"}, "Basic w6k66Q=="),
        ("consul://me:s%3Acret@h", {}, "Basic bWU6czpjcmV0"),
        ("consul://me@h", {"CONSUL_HTTP_AUTH": "other:x"}, "Basic bWU6"),
    ],
)
def test_a_login_is_sent_as_basic_authentication(
    uri: str, environment: dict[str, str], header: str
) -> None:
    assert read_address(uri, environment).authorization == header


@pytest.mark.parametrize(
    "uri",
    [
        "consul://me:hidden@h:port",
        "consul://me:hid?den@h",
        "consul://me:hid/den@h:99999",
        "consul://me:hidden@h:1?token=hidden",
        "consul:me:hidden@h:1",
        "consul-unix://me:hidden@/c.sock",
    ],
)
def test_a_password_is_never_told(uri: str) -> None:
    environment = {"CONSUL_HTTP_TOKEN": "hidden\n!", "CONSUL_HTTP_ADDR": "me:hidden@h"}

    with pytest.raises(ConfigError) as caught:
        read_address(uri, environment)

    assert "hid" not in str(caught.value)
    assert "den" not in str(caught.value)


def test_nothing_secret_is_in_the_representation() -> None:
    environment = {"CONSUL_HTTP_TOKEN": "hidden", "CONSUL_HTTP_AUTH": "me:hidden"}

    shown = repr(read_address("consul://me:hidden@h", environment))

    assert "hidden" not in shown
    assert "bWU6" not in shown
