"""`registrator-ctl dns`, the real program against a real socket."""

import json
from pathlib import Path

import pytest

from ctlroom import ctl, serving
from registrator.dns_views import DnsReadingView, ResponderView
from showcase import HOSTILE, Showcase, answer

RESPONDER = ResponderView(
    responder="dns://127.0.0.1:8600/consul",
    listen=["127.0.0.1:8600"],
    instances=3,
    counters={"udp NOERROR": 7, "udp NXDOMAIN": 0},
    readings=[
        DnsReadingView(
            registry="etcd://h:2379", known=True, age=12.0, instances=2, error="away"
        )
    ],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def test_an_answer_is_shown_with_where_it_comes_from(path: Path) -> None:
    views = Showcase(answers=[answer()])
    with serving(path, views):
        ended = ctl("dns", "web.service.consul", "a", "--socket", str(path))

    assert (ended.returncode, ended.stderr) == (0, "")
    title, _, _, line = ended.stdout.splitlines()
    assert title == "dns://127.0.0.1:8600/consul: web.service.consul A: NOERROR"
    assert line.split() == [
        *("answer", "web.service.consul.", "0", "A", "10.0.0.1"),
        *("here:web.1:80", "on", "here", "in", "etcd://h:2379"),
    ]
    assert views.asked == ["web.service.consul a"]


def test_without_a_type_all_that_a_name_has_is_asked_for(path: Path) -> None:
    views = Showcase(answers=[answer()])
    with serving(path, views):
        ctl("dns", "web.service.consul", "--socket", str(path))

    assert views.asked == ["web.service.consul ANY"]


def test_a_name_that_is_not_there_is_a_no_with_the_reason(path: Path) -> None:
    denied = answer(rcode="NXDOMAIN", reason="nobody is called so", records=[])
    with serving(path, Showcase(answers=[denied])):
        ended = ctl("dns", "web.service.consul", "--socket", str(path))

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.rstrip().endswith("NXDOMAIN (nobody is called so)")


def test_how_responders_stand_is_shown(path: Path) -> None:
    with serving(path, Showcase(name_servers=[RESPONDER])):
        ended = ctl("dns", "--socket", str(path))

    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "dns://127.0.0.1:8600/consul on 127.0.0.1:8600: instances: 3"
    assert lines[3].split() == ["etcd://h:2379", "away", "12", "s", "2", "away"]
    assert lines[-1].split() == ["udp", "NOERROR", "7"]


@pytest.mark.parametrize("arguments", [(), ("web.service.consul",)])
def test_json_is_what_the_daemon_said(path: Path, arguments: tuple[str, ...]) -> None:
    views = Showcase(answers=[answer(HOSTILE)], name_servers=[RESPONDER])
    with serving(path, views):
        ended = ctl("dns", *arguments, "-o", "json", "--socket", str(path))

    assert ended.returncode == 0
    said = views.answers if arguments else views.name_servers
    assert json.loads(ended.stdout) == said
    assert ended.stdout.isascii()


def test_no_terminal_is_told_anything_by_a_label(path: Path) -> None:
    with serving(path, Showcase(answers=[answer(HOSTILE)])):
        ended = ctl("dns", "x", "--socket", str(path))

    assert "\x1b" not in ended.stdout
    assert len(ended.stdout.splitlines()) == 4


@pytest.mark.parametrize("arguments", [(), ("web.service.consul",)])
def test_without_a_responder_it_is_told_how_to_have_one(
    path: Path, arguments: tuple[str, ...]
) -> None:
    with serving(path, Showcase()):
        ended = ctl("dns", *arguments, "--socket", str(path))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no dns responder runs here: give a dns:// URI, or -dns" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "away", "why"),
    [
        (("x", "NONSENSE"), False, "'NONSENSE' is no type of record"),
        (("x",), True, "the dns responder is gone"),
        ((), True, "the dns responder is gone"),
    ],
)
def test_what_cannot_be_told_is_a_no(
    path: Path, arguments: tuple[str, ...], away: bool, why: str
) -> None:
    with serving(path, Showcase(away=away)):
        ended = ctl("dns", *arguments, "--socket", str(path))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert why in ended.stderr
