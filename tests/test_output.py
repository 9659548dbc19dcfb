"""The real programs, writing where nobody can read."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fixtures.plugin import FilesRegistry
from samples import web

DAEMON = (sys.executable, "-m", "registrator")
CTL = (
    *(sys.executable, "-c"),
    "import sys; from registrator.ctl.commands import main; sys.exit(main())",
)
COMMANDS = {
    "version": (*DAEMON, "-version"),
    "help": (*DAEMON, "-help"),
    "check": (*DAEMON, "-docker-host=unix:///nowhere", "-check-config"),
    "list": (*CTL, "list", "--from"),
    "list as json": (*CTL, "list", "-o", "json", "--from"),
    "watch": (*CTL, "watch", "--from"),
    "watch as json": (*CTL, "watch", "-o", "json", "--from"),
}

each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def ended(
    command: Sequence[str], files: FilesRegistry, output: int
) -> subprocess.CompletedProcess[str]:
    """Run a command that has something to print."""
    files.put(web())
    return subprocess.run(
        [*command, files.uri] if command[-1] == "--from" else command,
        env={**os.environ, **files.environment},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@each_command
def test_a_full_disk_is_one_sentence(
    command: Sequence[str], files: FilesRegistry
) -> None:
    with Path("/dev/full").open("w") as full:
        end = ended(command, files, full.fileno())

    assert end.returncode == 1
    (line,) = end.stderr.splitlines()
    assert line.endswith(": standard output: No space left on device")


@each_command
def test_a_reader_that_went_away_is_no_sentence(
    command: Sequence[str], files: FilesRegistry
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        end = ended(command, files, writing)
    finally:
        os.close(writing)

    assert (end.returncode, end.stderr) == (1, "")
