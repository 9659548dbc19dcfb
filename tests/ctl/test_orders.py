"""registrator-ctl maintenance and drain, as operators type them."""

import json
import subprocess
from pathlib import Path

import pytest

from ctlroom import ctl, serving
from ordered import HOLDER, Desk, drain, maintenance
from registrator.orders_views import OrdersView
from showcase import HOSTILE, Showcase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def order(path: Path, desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    with serving(path, Showcase(), operations=desk):
        return ctl(*words, REGISTRATOR_CONTROL=str(path))


@pytest.mark.parametrize(
    ("words", "told", "shown"),
    [
        (("on", "web"), ("service", "web", "", True), "service web is in maintenance"),
        (
            ("on", "--container", "web.1", "--reason", "disk"),
            ("container", "web.1", "disk", True),
            "container web.1 is in maintenance",
        ),
        (("on", "--host"), ("host", "", "", True), "the host is in maintenance"),
        (
            ("off", "web"),
            ("service", "web", "", False),
            "service web is no longer in maintenance",
        ),
    ],
)
def test_a_target_is_put_into_maintenance_and_taken_out(
    path: Path, words: tuple[str, ...], told: tuple[str, str, str, bool], shown: str
) -> None:
    desk = Desk()

    ended = order(path, desk, "maintenance", *words)

    assert ended.returncode == 0
    assert ended.stdout == f"{shown} (here:web.1:80)\n"
    assert desk.maintained == [told]


def test_what_was_in_no_maintenance_cannot_be_taken_out(path: Path) -> None:
    ended = order(path, Desk(changes=False), "maintenance", "off", "web")

    assert ended.returncode == 1
    assert "service web was not in maintenance" in ended.stderr


def test_what_the_daemon_finds_odd_is_told(path: Path) -> None:
    ended = order(path, Desk(), "maintenance", "on", "nobody", "-o", "json")

    assert ended.returncode == 0
    assert ended.stderr == "registrator-ctl: something is odd\n"
    assert json.loads(ended.stdout)["maintenance"]["name"] == "nobody"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ("maintenance", "on"),
            "maintenance on: name one target: SERVICE, --container CONTAINER or --host",
        ),
        (("maintenance", "off"), "maintenance off: name one target"),
        (("maintenance", "on", "web", "--host"), "name one target"),
        (("maintenance", "--host"), "say `maintenance on` or `maintenance off`"),
        (("maintenance", "--reason", "x"), "say `maintenance on`"),
        (("maintenance", "off", "web", "--reason", "x"), "only what is put into"),
        (("maintenance", "web"), "invalid choice"),
        (("drain",), "container"),
        (("drain", "web.1", "--wait", "--undo"), "give one of the two"),
        (("drain", "web.1", "--deadline", "-1"), "not from 0 to 86400: -1"),
        (("drain", "web.1", "--deadline", "x"), "--deadline"),
    ],
)
def test_a_command_line_that_makes_no_sense_orders_nothing(
    words: tuple[str, ...], reason: str
) -> None:
    ended = ctl(*words)

    assert ended.returncode == 2
    assert reason in ended.stderr


def test_all_that_is_out_of_use_is_listed(path: Path) -> None:
    desk = Desk()
    desk.found = OrdersView(
        maintenance=[maintenance(reason=HOSTILE), maintenance("host", "")],
        drains=[drain(left=3.0, holders=(HOLDER,))],
    )

    ended = order(path, desk, "maintenance")

    assert ended.returncode == 0
    assert "\x1b" not in ended.stdout
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert ["host", "-", "2026-11-25T00:00:00Z", "-", "here:web.1:80"] in rows
    assert any(row[:1] == ["web.1"] and "etcd://e:2379" in row for row in rows)


def test_a_list_is_json_on_demand(path: Path) -> None:
    desk = Desk()

    assert json.loads(order(path, desk, "maintenance", "-o", "json").stdout) == (
        desk.listing()
    )


def test_that_nothing_is_out_of_use_is_said(path: Path) -> None:
    desk = Desk()
    desk.found = OrdersView(maintenance=[], drains=[])

    ended = order(path, desk, "maintenance")

    assert ended.returncode == 0
    assert "nothing is in maintenance, and nothing is drained" in ended.stderr


def test_a_drain_says_who_has_the_container_still(path: Path) -> None:
    ended = order(path, Desk(drain(left=9.5, holders=(HOLDER,))), "drain", "web.1")

    assert ended.returncode == 0
    assert "etcd://e:2379: here:web.1:80" in ended.stdout.splitlines()


def test_a_drain_is_waited_for_until_nobody_has_it_and_it_has_served_on(
    path: Path,
) -> None:
    desk = Desk(
        drain(left=9.0, holders=(HOLDER,)), drain(left=8.0), drain(), drain(left=7.0)
    )

    ended = order(path, desk, "drain", "web.1", "--wait")

    assert ended.returncode == 0
    assert ended.stdout == "container web.1 is drained: no registry has it\n"
    assert [on for _, on in desk.drained] == [True, None, None]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_drain_that_is_not_over_by_the_deadline_is_a_no(
    path: Path, form: str
) -> None:
    words = ("drain", "web.1", "--wait", "--deadline", "0", "-o", form)

    ended = order(path, Desk(drain(holders=(HOLDER,))), *words)

    assert ended.returncode == 1
    assert "etcd://e:2379" in ended.stdout


def test_a_drain_that_somebody_else_ends_is_waited_for_no_more(path: Path) -> None:
    desk = Desk(drain(holders=(HOLDER,)), drain(draining=False))

    ended = order(path, desk, "drain", "web.1", "--wait")

    assert ended.returncode == 1
    assert "container web.1 is not drained: that was ended meanwhile" in ended.stdout


def test_a_drain_is_undone(path: Path) -> None:
    desk = Desk()

    ended = order(path, desk, "drain", "web.1", "--undo")

    assert ended.returncode == 0
    assert ended.stdout == "container web.1 is not drained\n"
    assert desk.drained == [("web.1", False)]


@pytest.mark.parametrize("name", ["gone", "refused", "away"])
def test_a_drain_that_cannot_be_is_a_no(path: Path, name: str) -> None:
    ended = order(path, Desk(), "drain", name)

    assert ended.returncode == 1
    assert f"{name}: as it was told" in ended.stderr
