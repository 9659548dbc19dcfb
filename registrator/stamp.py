"""Tells whether a file may have changed, without reading it."""

import stat
from pathlib import Path

Stamp = tuple[int, int, int]


def stamp(file: Path) -> Stamp | None:
    """Give what is another with every change; None where there is no file.

    A pipe is none: it can be read once.
    """
    try:
        found = file.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
