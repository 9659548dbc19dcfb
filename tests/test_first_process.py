"""The first process of a container: real processes in a namespace of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registrator import first_process
from waiting import until

WORK = """
import os, pathlib, signal, subprocess, sys, time
from registrator import first_process

home = pathlib.Path(sys.argv[1])

def work():
    {work}

sys.exit(first_process.run(work))
"""
WAITS = """
    asked = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: asked.append(number))
    (home / "ready").touch()
    while not asked:
        time.sleep(0.01)
    return int(asked[0])
"""
ORPHANS = """
    for _ in range(3):
        subprocess.run(["sh", "-c", "sleep 0.01 & :"], check=True)
    def dead():
        stats = [p.read_text() for p in pathlib.Path("/proc").glob("[0-9]*/stat")]
        return len(stats) - 2, sum(") Z " in each for each in stats)
    while dead() != (0, 0):
        time.sleep(0.01)
    return 0
"""


@contextmanager
def first(home: Path, work: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have a program be the first of a namespace; with it all the others end."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    program = WORK.format(work=work.strip())
    with subprocess.Popen(
        [*command, sys.executable, "-c", program, str(home)]
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def namespace_first(running: subprocess.Popen[bytes]) -> int:
    """Find the first process by its number outside."""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    return int(children.read_text())


def test_orphans_are_reaped(tmp_path: Path) -> None:
    with first(tmp_path, ORPHANS) as running:
        assert running.wait(timeout=60) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on_and_the_exit_code_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    with first(tmp_path, WAITS) as running:
        until((tmp_path / "ready").exists, "it waits")
        os.kill(namespace_first(running), number)

        assert running.wait(timeout=60) == number


def test_work_that_is_killed_ends_the_container_as_a_shell_tells_it(
    tmp_path: Path,
) -> None:
    with first(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)") as running:
        assert running.wait(timeout=60) == 128 + signal.SIGKILL


def test_any_other_process_does_its_work_itself() -> None:
    here = os.getpid()

    assert first_process.run(lambda: int(os.getpid() == here)) == 1
