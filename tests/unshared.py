"""Namespaces of a test's own; needs root."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_HELD = """
set -e
{}
echo
read -r _
"""


@contextmanager
def unshared(kinds: Sequence[str], script: str = "", *words: str) -> Iterator[int]:
    """Have namespaces of these kinds ("net", "mount"), made ready by a shell's script.

    They end with the test run, however that ends, since a process of the run holds
    them: the one whose number this yields. The *words* are the script's.
    """
    options = [f"--{kind}" for kind in kinds]
    command = ["unshare", *options, "sh", "-c", _HELD.format(script), "sh", *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n", f"no {' and '.join(kinds)} apart"
        yield holder.pid
