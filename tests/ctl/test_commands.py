"""The real program against a real socket."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from ctlroom import CTL, KEPT, ctl, serving
from registrator.version import __version__
from showcase import HOSTILE, Showcase, container, port, service


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def at_terminal(width: int, *arguments: str) -> str:
    """Run it at a terminal so many columns wide, and return all that it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", CTL, *arguments],
        env={**KEPT, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while piece := read(ours):
            shown += piece
        process.wait(timeout=60)
    os.close(ours)
    return shown.decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # on Linux the end of a terminal is an error
        return b""


def test_services_are_listed_as_a_table(path: Path) -> None:
    with serving(path, Showcase([service("web"), service("db", address="fd00::1")])):
        ended = ctl("list", "--socket", str(path))

    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == [
        "SERVICE",
        "ID",
        "ADDRESS",
        "TAGS",
        "STATUS",
        "CONTAINER",
        "REGISTRIES",
    ]
    cells = ["passing", "web.1", "dns:", "in-sync"]
    assert lines[2] == ["web", "here:web.1:80", "10.0.0.1:8000", "a,b", *cells]
    assert lines[3][:3] == ["db", "here:db.1:80", "[fd00::1]:8000"]


def test_services_are_listed_as_json(path: Path) -> None:
    views = Showcase([service("web"), service(HOSTILE)])
    with serving(path, views):
        ended = ctl("list", "-o", "json", "--socket", str(path))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == views.found
    assert ended.stdout.isascii()


def test_a_service_that_is_not_there_is_a_no(path: Path) -> None:
    with serving(path, Showcase([service("web")])):
        table = ctl("list", "db", "--socket", str(path))
        as_json = ctl("list", "db", "-o", "json", "--socket", str(path))

    assert (table.returncode, table.stdout) == (1, "")
    assert table.stderr == "registrator-ctl: no service called db is registered\n"
    assert (as_json.returncode, as_json.stdout) == (1, "[]\n")


def test_no_services_at_all_are_no_failure(path: Path) -> None:
    with serving(path, Showcase()):
        ended = ctl("list", "--socket", str(path))

    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "registrator-ctl: no service is registered\n"


def test_a_container_is_explained(path: Path) -> None:
    ports = [port("it is published", service("web")), port("nobody published it")]
    with serving(path, Showcase(containers={"web.1": container("web.1", *ports)})):
        ended = ctl("explain", "web.1", "--socket", str(path))
        as_json = ctl("explain", "web.1", "-o", "json", "--socket", str(path))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "web.1 (4fa6e0f0c678), image nginx:1, running, healthy" in ended.stdout
    assert "web as here:web.1:80 at 10.0.0.1:8000" in ended.stdout
    assert "nobody published it" in ended.stdout
    assert json.loads(as_json.stdout) == container("web.1", *ports)


def test_a_container_of_which_nothing_is_registered_is_a_no(path: Path) -> None:
    with serving(path, Showcase(containers={"x": container("x", port())})):
        assert ctl("explain", "x", "--socket", str(path)).returncode == 1


def test_a_container_that_is_not_known_is_a_no(path: Path) -> None:
    with serving(path, Showcase()):
        ended = ctl("explain", "x", "--socket", str(path))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "registrator-ctl: no such container: x\n"


@pytest.mark.parametrize("well", [True, False])
def test_the_status_says_whether_all_is_well(path: Path, *, well: bool) -> None:
    views = Showcase(well=well, error="" if well else "no answer in 5 s")
    with serving(path, views):
        ended = ctl("status", "--socket", str(path))
        as_json = ctl("status", "-o", "json", "--socket", str(path))

    assert ended.returncode == as_json.returncode == (0 if well else 1)
    assert ("not all is well" in ended.stdout) is not well
    assert ("no answer in 5 s" in ended.stdout) is not well
    assert "last listed 12 s ago" in ended.stdout
    assert "1.5 ms" in ended.stdout
    assert json.loads(as_json.stdout) == views.status()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("explain",),
        ("list", "a", "b"),
        ("list", "-o", "xml"),
        ("status", "--nope"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    ended = ctl(*arguments)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "usage: registrator-ctl" in ended.stderr


def test_the_version_is_printed() -> None:
    assert ctl("--version").stdout == f"registrator-ctl {__version__}\n"


def test_no_daemon_is_one_clear_sentence_and_exit_code_3(path: Path) -> None:
    ended = ctl("status", "--socket", str(path))

    assert (ended.returncode, ended.stdout) == (3, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"registrator-ctl: no daemon answers ({path}: No such file")


@pytest.mark.parametrize("variable", ["REGISTRATOR_CONTROL", "XDG_RUNTIME_DIR"])
def test_the_socket_is_found_by_the_daemons_own_variables(
    tmp_path: Path, variable: str
) -> None:
    path = tmp_path / "registrator" / "control.sock"
    path.parent.mkdir()
    given = path if variable == "REGISTRATOR_CONTROL" else tmp_path

    with serving(path, Showcase()):
        ended = ctl("status", "-o", "json", **{variable: str(given)})

    assert ended.returncode == 0


def hostile_views() -> Showcase:
    evil = service(HOSTILE, status=HOSTILE, container_name=HOSTILE, address=HOSTILE)
    evil["tags"] = [HOSTILE]
    evil["backends"] = [
        {"registry": HOSTILE, "state": "error", "error": HOSTILE},
        {"registry": HOSTILE, "state": HOSTILE, "error": HOSTILE},  # type: ignore[typeddict-item]  # a lie
    ]
    return Showcase(
        found=[evil],
        containers={"evil": container(HOSTILE, port(HOSTILE, evil))},
        well=False,
        error=HOSTILE,
    )


@pytest.mark.parametrize("command", [("list",), ("explain", "evil"), ("status",)])
def test_hostile_text_is_shown_as_it_is_and_does_nothing(
    path: Path, command: tuple[str, ...]
) -> None:
    with serving(path, hostile_views()):
        ended = ctl(*command, "--socket", str(path))

    assert ended.stderr == ""
    assert "[red]x[/red]\\x1b]0;owned" in ended.stdout
    assert ":smile:" in ended.stdout
    assert all(line.isprintable() for line in ended.stdout.splitlines())
    assert not any(line.startswith("forged") for line in ended.stdout.splitlines())


@pytest.mark.parametrize("command", [("list",), ("explain", "evil"), ("status",)])
def test_hostile_text_commands_no_terminal(
    path: Path, command: tuple[str, ...]
) -> None:
    with serving(path, hostile_views()):
        shown = at_terminal(400, *command, "--socket", str(path))

    assert "owned" in shown
    assert "\x1b]" not in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


def test_a_hostile_refusal_is_one_harmless_line(path: Path) -> None:
    with serving(path, Showcase(away=True, error=HOSTILE)):
        ended = ctl("explain", "x", "--socket", str(path))

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.isprintable()


WIDE = service(
    "checkout-api",
    id="docker-host-17:shop_checkout-api_3:8080",
    address="192.168.100.117",
    container_name="shop_checkout-api_3",
)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize(
    ("command", "cells"),
    [
        (("list",), ("SERVICE", "STATUS", "passing", "REGISTR", "in-sync", "a,b")),
        (("explain", "x"), ("PORT", "80/tcp", "RULE", "WHY", "nobody", "published it")),
        (("status",), ("REGISTRY", "STATE", "RETRIES", "ERROR", "answer", "5.0 s")),
    ],
)
def test_a_table_for_a_terminal_fits_it_and_shows_every_column(
    path: Path, command: tuple[str, ...], cells: tuple[str, ...], width: int
) -> None:
    views = Showcase(
        [WIDE],
        {
            "x": container(
                "x", port("it is published", WIDE), port("nobody published it")
            )
        },
        well=False,
        error="consul http://127.0.0.1:8500: no answer in 5.0 s",
    )
    with serving(path, views):
        shown = at_terminal(width, *command, "--socket", str(path))

    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert plain != shown
    assert max(map(len, plain.splitlines())) <= width
    assert "…" not in plain
    for cell in cells:
        assert cell in plain


def test_a_table_for_a_pipe_cuts_nothing_and_has_no_colours(path: Path) -> None:
    long = service("web" * 50)
    long["tags"] = [f"tag{number}" for number in range(40)]
    with serving(path, Showcase([long])):
        ended = ctl("list", "--socket", str(path), COLUMNS="40", FORCE_COLOR="")

    assert "\x1b" not in ended.stdout
    assert ",".join(long["tags"]) in ended.stdout
    assert "web" * 50 in ended.stdout
    assert len(ended.stdout.splitlines()) == 3


def test_names_that_a_terminal_has_no_letters_for_are_no_failure(path: Path) -> None:
    with serving(path, Showcase([service("bücher日本")])):
        ended = ctl("list", "--socket", str(path), PYTHONIOENCODING="ascii")

    assert ended.returncode == 0
    assert "b\\xfccher" in ended.stdout


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_reader_that_goes_away_is_no_traceback(path: Path, output: str) -> None:
    with serving(path, Showcase([service("web")] * 200)):
        reading, writing = os.pipe()
        os.close(reading)
        ended = subprocess.run(
            [sys.executable, "-c", CTL, "list", "-o", output, "--socket", str(path)],
            env=KEPT,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(writing)

    assert ended.stderr == ""
    assert ended.returncode == 1


def test_json_is_shown_without_loading_what_takes_long(path: Path) -> None:
    with serving(path, Showcase([service("web")])):
        ended = ctl(
            *("list", "-o", "json", "--socket", str(path)), PYTHONPROFILEIMPORTTIME="1"
        )

    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "registrator.ctl.client" in loaded
    heavy = {"rich", "aiohttp", "asyncio", "logging", "yaml", "jinja2", "dnslib"}
    assert not loaded & heavy
    assert not any(name.startswith("registrator_") for name in loaded)
