"""nerve's checks, in our words."""

from typing import Any

import pytest

from registrator.check import Check
from registrator.labels.whitelist import Refused
from registrator.nerve.checks import Checked, checks

OF = Checked(where="s", host="10.0.0.1", port=80, interval=0.5)


def read(*said: Any, of: Checked = OF) -> tuple[list[Check], list[str]]:
    notes: list[str] = []
    return list(checks(list(said), of, notes.append)), notes


def http(**changes: Any) -> Check:
    usual: dict[str, Any] = {
        "kind": "http",
        "target": "http://10.0.0.1:80/health",
        "interval": 0.5,
        "timeout": 0.3,
        "method": "GET",
        "statuses": ((200, 399),),
    }
    return Check(**{**usual, **changes})


def tcp(**changes: Any) -> Check:
    usual: dict[str, Any] = {
        "kind": "tcp",
        "target": "10.0.0.1:80",
        "interval": 0.5,
        "timeout": 0.1,
    }
    return Check(**{**usual, **changes})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({"type": "tcp"}, tcp(), id="tcp"),
        pytest.param(
            {"type": "tcp", "name": "x", "timeout": 1, "rise": "3", "fall": 2},
            tcp(timeout=1.0, rise=3, fall=2),
            id="what each may have",
        ),
        pytest.param(
            {"type": "tcp", "host": "127.0.0.1", "port": "81"},
            tcp(target="127.0.0.1:81"),
            id="another place",
        ),
        pytest.param(
            {"type": "tcp", "host": "localhost"},
            tcp(target="127.0.0.1:80"),
            id="localhost",
        ),
        pytest.param({"type": "tcp", "host": "::1"}, tcp(target="[::1]:80"), id="IPv6"),
        pytest.param({"type": "redis"}, tcp(kind="redis"), id="redis"),
        pytest.param({"type": "http", "uri": "/health"}, http(), id="http"),
        pytest.param({"type": "http", "uri": "health"}, http(), id="without a slash"),
        pytest.param(
            {"type": "http", "uri": "/health", "timeout": 1, "open_timeout": 2},
            http(timeout=3.0),
            id="times of http",
        ),
        pytest.param(
            {"type": "http", "uri": "/health", "timeout": 1, "read_timeout": 5},
            http(timeout=5.2),
            id="time to read",
        ),
        pytest.param(
            {"type": "http", "uri": "/health", "ssl": True, "ssl_timeout": 1},
            http(
                target="https://10.0.0.1:80/health", timeout=1.3, tls_skip_verify=True
            ),
            id="https",
        ),
        pytest.param(
            {"type": "http", "uri": "/health", "headers": {"A": "b"}, "expect": "ok"},
            http(headers=(("A", "b"),), expect="ok"),
            id="headers and text",
        ),
    ],
)
def test_a_check_is_made_as_nerve_makes_it(
    said: dict[str, Any], expected: Check
) -> None:
    assert read(said) == ([expected], [])


def test_what_checks_nothing_is_no_check() -> None:
    assert read({"type": "noop"}) == ([], [])
    assert read({"type": "base"}) == ([], ["s.checks.0: type base checks nothing"])
    assert list(checks(None, OF, print)) == []


def test_what_is_not_known_is_named() -> None:
    found, notes = read({"type": "tcp"}, {"type": "tcp", "uri": "/", "x": 1})

    assert found == [tcp(), tcp()]
    assert notes == [
        "s.checks.1.uri: is not known here",
        "s.checks.1.x: is not known here",
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(
            {"type": "rabbitmq"}, "type 'rabbitmq' is not made", id="rabbitmq"
        ),
        pytest.param({"type": "mine", "module": "x"}, "'mine' is not", id="a gem's"),
        pytest.param({}, "type 'None' is not made", id="no type"),
        pytest.param({"type": ["http"]}, "is not made here", id="a list for a type"),
        pytest.param(1, "s.checks.0 is no table", id="no table"),
        pytest.param({"type": "http"}, "uri is no line of text: nothing", id="no uri"),
        pytest.param({"type": "tcp", "rise": 0}, "rise is no number", id="rise"),
        pytest.param({"type": "tcp", "timeout": 0}, "timeout is no time", id="no time"),
        pytest.param({"type": "tcp", "host": "a.b"}, "host is no IP", id="a name"),
        pytest.param({"type": "tcp", "port": True}, "port is no number", id="a truth"),
    ],
)
def test_what_cannot_be_made_refuses_the_service(said: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(said)


def test_checks_are_a_list() -> None:
    with pytest.raises(Refused, match="checks is no list"):
        list(checks({"type": "tcp"}, OF, print))
