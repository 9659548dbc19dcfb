"""`registrator-ctl haproxy`, the real program against a real socket."""

import json
import subprocess
from pathlib import Path

import pytest

from ctlroom import ctl, serving
from haproxyshow import (
    ETCD,
    HaproxyShowcase,
    damped,
    entry,
    glance,
    plan,
    problems,
    server,
    source,
    step,
)
from registrator.haproxy_api import Proposed
from showcase import HOSTILE, Showcase

NOW = "global\n\tdaemon\nbackend web\n\tserver a 10.0.0.1:80\n"
THEN = "global\n\tdaemon\nbackend web\n\tserver b 10.0.0.2:80\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def ask(
    path: Path, views: HaproxyShowcase | None, *words: str
) -> subprocess.CompletedProcess[str]:
    with serving(path, Showcase(), views):
        return ctl("haproxy", *words, "--socket", str(path))


def rows(ended: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [line.split() for line in ended.stdout.splitlines()]


def test_servers_sources_and_what_was_done_are_shown(path: Path) -> None:
    ended = ask(path, HaproxyShowcase())

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[0] == (
        "haproxy /run/registrator-haproxy/haproxy.cfg: servers: 1; all is well"
    )
    found = rows(ended)
    assert ["web", "web.1_10.0.0.1:80", "up", "12", "s", "3", "1", ETCD] in found
    assert ["web", ETCD, "current", "0", "s", "2", "2", "-"] in found
    assert found[-1][-4:] == ["add", "web:", "web.1_10.0.0.1:80", "-"]


def test_of_a_long_journal_the_latest_is_shown(path: Path) -> None:
    many = [entry(f"add web: {number}.") for number in range(200)]
    ended = ask(path, HaproxyShowcase(glance=glance(journal=many)))

    assert "199." in ended.stdout
    assert "179." not in ended.stdout


def test_what_is_not_well_is_told_and_is_a_no(path: Path) -> None:
    sick = glance(
        well=False,
        trouble="haproxy /run/x: no answer in 5 s",
        servers=[server(state="maint", queued=4, wanted=False, sources=[], since=None)],
        sources=[source(current=False, age=61.0, held="the registry is away")],
        quarantined=[problems("bad", "[ALERT] line 3", "line 4")],
        refused=[problems("web", "x: address is empty")],
        damped=[damped("h:web:80")],
        journal=[],
    )
    ended = ask(path, HaproxyShowcase(glance=sick))

    assert (ended.returncode, ended.stderr) == (1, "")
    assert "not all is well" in ended.stdout
    assert "trouble: haproxy /run/x: no answer in 5 s" in ended.stdout
    assert "leaving, maint" in ended.stdout
    assert "3 +4 waiting" in ended.stdout
    assert "the registry is away" in ended.stdout
    assert "bad is left out: [ALERT] line 3; line 4" in ended.stdout
    assert "web: left out: x: address is empty" in ended.stdout
    assert (
        f"web from {ETCD}: h:web:80 comes and goes: held out for 61 s" in ended.stdout
    )


def test_without_servers_and_sources_there_are_no_empty_tables(path: Path) -> None:
    ended = ask(
        path, HaproxyShowcase(glance=glance(servers=[], sources=[], journal=[]))
    )

    assert len(ended.stdout.splitlines()) == 1


def test_a_plan_tells_steps_reasons_and_what_is_held_and_is_a_no(path: Path) -> None:
    planned = plan(
        reasons=["backend db is new"],
        steps=[step("add", "b", "10.0.0.2:80"), step("remove", "a")],
        held=[source(held="3 of 4 servers went at once")],
    )
    ended = ask(path, HaproxyShowcase(planned=planned), "plan")

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines()[0] == "reload: backend db is new"
    assert ["add", "web", "b", "10.0.0.2:80"] in rows(ended)
    assert ["remove", "web", "a", "-"] in rows(ended)
    assert f"held: web from {ETCD}: 3 of 4 servers went at once" in ended.stdout


def test_a_plan_with_nothing_to_do_is_a_yes(path: Path) -> None:
    ended = ask(path, HaproxyShowcase(), "plan")

    assert (ended.returncode, ended.stdout) == (0, "nothing to do\n")


def test_a_diff_has_the_lines_that_differ(path: Path) -> None:
    ended = ask(path, HaproxyShowcase(now=NOW, then=THEN), "diff")

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines() == [
        "--- /run/haproxy.cfg",
        "+++ /run/haproxy.cfg (as it would be)",
        "@@ -1,4 +1,4 @@",
        " global",
        " \tdaemon",
        " backend web",
        "-\tserver a 10.0.0.1:80",
        "+\tserver b 10.0.0.2:80",
    ]


def test_no_difference_is_a_yes(path: Path) -> None:
    ended = ask(path, HaproxyShowcase(now=NOW, then=NOW), "diff")

    assert (ended.returncode, ended.stdout) == (0, "")


def test_the_file_is_shown_as_it_would_be(path: Path) -> None:
    ended = ask(path, HaproxyShowcase(now=NOW, then=THEN), "render")

    assert (ended.returncode, ended.stdout) == (0, THEN)


@pytest.mark.parametrize("what", ["plan", "diff", "render"])
def test_a_configuration_that_is_not_in_use_is_asked_about(
    path: Path, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "new & other.yaml"
    file.write_text("services: {}\n")
    views = HaproxyShowcase()
    ended = ask(path, views, what, "--config", str(file))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert views.proposed == [Proposed(name=str(file), text="services: {}\n")]


def test_every_mistake_of_a_configuration_is_told_on_a_line_of_its_own(
    path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("x")
    views = HaproxyShowcase(wrong=("line 1: one", "line 2: \x1b[2Jtwo\n"))
    ended = ask(path, views, "plan", "--config", str(file))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        "registrator-ctl: line 1: one",
        r"registrator-ctl: line 2: \x1b[2Jtwo\n",
    ]


def test_a_configuration_that_cannot_be_read_is_told(path: Path) -> None:
    ended = ask(path, HaproxyShowcase(), "plan", "--config", "/nowhere/x.yaml")

    assert ended.returncode == 2
    assert "/nowhere/x.yaml: No such file or directory" in ended.stderr


def test_what_is_in_use_needs_no_configuration_to_be_shown(path: Path) -> None:
    ended = ctl("haproxy", "--config", "x.yaml", "--socket", str(path))

    assert ended.returncode == 2
    assert "say what to do with it: plan, diff or render" in ended.stderr


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("show", glance(servers=[server(HOSTILE)])),
        ("plan", plan(reasons=[HOSTILE])),
        ("diff", {"file": "/run/haproxy.cfg", "diff": []}),
        ("render", {"file": "/run/haproxy.cfg", "text": HOSTILE}),
    ],
)
def test_json_is_what_was_said(path: Path, what: str, said: object) -> None:
    views = HaproxyShowcase(
        glance=glance(servers=[server(HOSTILE)]),
        planned=plan(reasons=[HOSTILE]),
        now=HOSTILE,
        then=HOSTILE,
    )
    ended = ask(path, views, what, "-o", "json")

    assert json.loads(ended.stdout) == said
    assert ended.stdout.isascii()


@pytest.mark.parametrize("what", ["show", "plan", "diff", "render"])
def test_no_terminal_is_told_anything_by_a_registry(path: Path, what: str) -> None:
    views = HaproxyShowcase(
        glance=glance(
            servers=[server(HOSTILE, state=HOSTILE, sources=[HOSTILE])],
            sources=[source(registry=HOSTILE, held=HOSTILE)],
            refused=[problems(HOSTILE, HOSTILE)],
            damped=[damped(HOSTILE)],
            quarantined=[problems(HOSTILE, HOSTILE)],
            journal=[entry(HOSTILE, HOSTILE)],
            trouble=HOSTILE,
        ),
        planned=plan(
            reasons=[HOSTILE],
            steps=[step("add", HOSTILE, HOSTILE)],
            held=[source(held=HOSTILE)],
        ),
        then=f"backend web\n\tserver {HOSTILE}\n",
    )
    ended = ask(path, views, what)

    assert not {"\x1b", "\x07", "\u202e"} & set(ended.stdout)
    assert not any(line.startswith("forged") for line in ended.stdout.split("\n")) or (
        what in {"diff", "render"}  # a file of several lines has them
    )


def test_without_a_haproxy_side_it_is_told_how_to_have_one(path: Path) -> None:
    ended = ask(path, None)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "give the daemon -haproxy CONFIG, or start registrator-haproxy" in (
        ended.stderr
    )


def test_one_that_cannot_tell_says_why(path: Path) -> None:
    ended = ask(path, HaproxyShowcase(away=True))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "it is being started" in ended.stderr


def test_nobody_at_all_is_told_with_every_place_that_was_tried(tmp_path: Path) -> None:
    ended = ctl("haproxy", REGISTRATOR_CONTROL=str(tmp_path / "none.sock"))

    assert ended.returncode == 3
    assert "none.sock" in ended.stderr
