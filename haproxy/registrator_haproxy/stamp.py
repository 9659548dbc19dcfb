"""Tells whether a file may have changed, without reading it."""

from pathlib import Path

Stamp = tuple[int, int, int]


def stamp(file: Path) -> Stamp | None:
    """Give what is another with every change; None where there is no file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
