"""Orders over the control socket, as anybody may word them."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ctlroom import ctl, serving
from ordered import Desk
from showcase import Showcase


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk()
    with serving(tmp_path / "control.sock", Showcase(), operations=made):
        yield made


def ask(
    directory: Path, path: str, order: object = None, raw: bytes = b""
) -> tuple[int, Any]:
    link = http.client.HTTPConnection("registrator")
    link.sock = socket.socket(socket.AF_UNIX)
    link.sock.settimeout(20)
    link.sock.connect(str(directory / "control.sock"))
    body = raw or (None if order is None else json.dumps(order).encode())
    link.request("GET" if body is None else "POST", path, body)
    with closing(link):
        answer = link.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"service": "web"}, ("service", "web")),
        ({"container": "web.1"}, ("container", "web.1")),
        ({"host": True}, ("host", "")),
        ({"host": True, "service": None}, ("host", "")),
        ({"host": False, "service": "web"}, ("service", "web")),
    ],
)
def test_a_maintenance_is_ordered_of_one_target(
    desk: Desk, tmp_path: Path, target: dict[str, object], told: tuple[str, str]
) -> None:
    order = {"on": True, "reason": "upgrade", **target}

    status, answer = ask(tmp_path, "/v1/maintenance", order)

    assert status == 200
    assert answer["maintenance"]["reason"] == "upgrade"
    assert desk.maintained == [(*told, "upgrade", True)]


def test_a_maintenance_needs_no_reason_and_can_be_ended(
    desk: Desk, tmp_path: Path
) -> None:
    ask(tmp_path, "/v1/maintenance", {"on": False, "host": True})

    assert desk.maintained == [("host", "", "", False)]


@pytest.mark.parametrize("on", [True, False])
def test_a_drain_is_ordered_and_asked_after(
    desk: Desk, tmp_path: Path, *, on: bool
) -> None:
    status, _ = ask(tmp_path, "/v1/drain", {"container": "web.1", "on": on})
    assert status == 200

    ask(tmp_path, "/v1/drain?container=web.1")

    assert desk.drained == [("web.1", on), ("web.1", None)]


def test_all_orders_are_listed(desk: Desk, tmp_path: Path) -> None:
    assert ask(tmp_path, "/v1/maintenance") == (200, desk.listing())


ONE_TARGET = 'name one target: "service": name'


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"on": True}, ONE_TARGET),
        ({"on": True, "service": "a", "container": "b"}, ONE_TARGET),
        ({"on": True, "service": ""}, "service is missing"),
        ({"on": True, "service": ["a"]}, "service is one line of text"),
        ({"on": True, "service": "a\nb"}, "service is one line of text"),
        ({"on": True, "service": "a" * 1001}, "service is one line of text"),
        ({"on": True, "service": "a\u202e"}, "service is one line of text"),
        ({"on": True, "service": "a", "reason": "\x1b[2J"}, "reason is one line"),
        ({"on": True, "service": "a", "reason": "\ud800"}, "reason is one line"),
        ({"on": True, "service": "a", "reason": "b" * 500_000}, "reason is one line"),
        ({"on": True, "service": "a", "reason": 7}, "reason is one line of text"),
        ({"on": True, "host": "yes"}, "host is true or left out, not 'yes'"),
        ({"on": "yes", "host": True}, "on is true or false, not 'yes'"),
        ({"host": True}, "on is true or false, not None"),
        ({"on": True, "hosts": True}, "an order has no 'hosts'"),
        (["on"], "an order is a JSON object"),
    ],
)
def test_an_order_that_is_not_clear_is_refused(
    desk: Desk, tmp_path: Path, order: object, reason: str
) -> None:
    status, answer = ask(tmp_path, "/v1/maintenance", order)

    assert status == 400
    assert reason in answer["error"]
    assert not desk.maintained


@pytest.mark.parametrize("raw", [b"{", b"[" * 100_000, b"\xff", b" " * (4 << 20)])
def test_what_is_no_json_is_refused(desk: Desk, tmp_path: Path, raw: bytes) -> None:
    status, answer = ask(tmp_path, "/v1/drain", raw=raw)

    assert status == 400
    assert "an order is a JSON object" in answer["error"]
    assert not desk.drained


def test_a_drain_without_a_container_is_refused(desk: Desk, tmp_path: Path) -> None:
    assert ask(tmp_path, "/v1/drain", {"on": True})[0] == 400
    assert ask(tmp_path, "/v1/drain")[0] == 400
    assert not desk.drained


@pytest.mark.parametrize(
    ("name", "status"), [("gone", 404), ("refused", 409), ("away", 503)]
)
def test_what_cannot_be_done_has_its_reason(
    desk: Desk, tmp_path: Path, name: str, status: int
) -> None:
    assert ask(tmp_path, "/v1/drain", {"container": name, "on": True}) == (
        status,
        {"error": f"{name}: as it was told"},
    )
    assert not desk.drained


def test_a_program_without_orders_takes_none(tmp_path: Path) -> None:
    with serving(tmp_path / "control.sock", Showcase()):
        ended = ctl("maintenance", "--socket", str(tmp_path / "control.sock"))

    assert ended.returncode == 1
    assert "the daemon answers 404" in ended.stderr
