"""The HAProxy side as the first process of a container."""

import os
import signal
from pathlib import Path

import pytest

from entrypoint import EntryPoint
from waiting import eventually

pytestmark = pytest.mark.needs_haproxy

CONTAINED = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def state(process: int) -> str:
    """Say how a process is, as ps(1) does; "" where there is none."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]


def children(process: int) -> list[int]:
    return [
        int(word)
        for task in Path(f"/proc/{process}/task").iterdir()
        for word in (task / "children").read_text().split()
    ]


async def test_the_workers_of_a_master_that_was_killed_are_reaped(
    tmp_path: Path,
) -> None:
    entry = EntryPoint(tmp_path)
    entry.under = CONTAINED
    with entry:
        # Earlier it would be killed as it starts.
        await eventually(lambda: "reloaded" in entry.log, "it is at work")
        [master] = [each for each in entry.haproxies() if _is_master(each)]
        workers = children(master)
        os.kill(master, signal.SIGKILL)
        await eventually(
            lambda: "is started again" in entry.log and entry.ask("show info"),
            "another serves",
        )

        assert workers
        await eventually(lambda: not any(map(state, workers)), "nothing is left")


def _is_master(process: int) -> bool:
    command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    parent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1]
    above = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
    return command[0] == b"haproxy" and above[0] != b"haproxy"
