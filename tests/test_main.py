"""The real program, as far as it goes without an engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registrator import config
from registrator.version import __version__


def registrator(
    *arguments: str | bytes, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "registrator", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version_is_printed() -> None:
    ended = registrator("-version")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"registrator {__version__}\n"


def test_the_help_text_is_printed_also_where_only_ascii_can_be() -> None:
    ended = registrator("--help", PYTHONIOENCODING="ascii")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"{config.usage()}\n"


def test_settings_that_are_right_are_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("registries: ['consul://127.0.0.1:1', 'dns://127.0.0.1:1']\n")

    ended = registrator("--check-config", "-config", str(file))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "the settings are right\n"


def test_every_mistake_is_on_stderr_and_the_exit_code_is_2(tmp_path: Path) -> None:
    ended = registrator(
        "-ttl=x",
        "nonsense://a",
        "dns://127.0.0.1:999999",
        "-tags={{",
        "-docker-host=ftp://a",
        "-nope",
        REGISTRATOR_RESYNC="y",
        REGISTRATOR_CONFIG=str(tmp_path / "none.yaml"),
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    lines = ended.stderr.splitlines()
    assert len(lines) >= 8
    assert all(line.startswith("registrator: ") for line in lines)
    for word in ("-ttl", "-nope", "RESYNC", "none.yaml", "ftp", "nonsense", "999999"):
        assert any(word in line for line in lines), word


@pytest.mark.parametrize(
    "argument", [b"-\xff", b"-\x1b[31m\nregistrator: all is well", b"-config=\xff"]
)
def test_a_hostile_argument_is_told_in_one_harmless_line(argument: bytes) -> None:
    ended = registrator(argument)

    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.isprintable()


def test_a_single_round_without_an_engine_fails_in_one_clear_line(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "no.sock"

    ended = registrator(
        "-once", "-docker-host", f"unix://{socket}", "consul://127.0.0.1:1"
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("registrator: ")
    assert str(socket) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_registries_are_checked_with_the_settings_they_will_have() -> None:
    ended = registrator("-check-config", "-node-name=a..b", "dns://127.0.0.1:0")

    assert ended.returncode == 2
    assert "node name 'a..b' does not split into labels" in ended.stderr
