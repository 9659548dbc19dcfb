"""Where a daemon keeps what a restarted one goes on with: leases and sessions."""

import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

AUTO: Final = "auto"


def directory(given: str, environment: Mapping[str, str]) -> Path | None:
    """Return the directory, made with mode 0700 if need be; None where none can be.

    Then a warning says so: the daemon works without, and at a restart takes over
    what it wrote instead of going on with it.
    """
    if not given:
        log.warning("no state is kept over a restart: -state is empty")
        return None
    path = automatic(environment) if given == AUTO else Path(given).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        log.warning(
            "no state is kept over a restart: %s: %s; give another place with -state",
            path,
            error.strerror,
        )
        return None


def write(path: Path, text: str) -> None:
    """Have *text* in a file that nobody else may read, whole or not at all.

    After a crash at any moment it is the one before or this one. Its directory is made
    if need be. Raise OSError; then nothing of it is left.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def automatic(environment: Mapping[str, str]) -> Path:
    """Choose a place: systemd's word, else root's, else the user's own (XDG)."""
    if given := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/registrator")
    home = environment.get("HOME") or "/nonexistent"
    root = environment.get("XDG_STATE_HOME") or f"{home}/.local/state"
    return Path(root, "registrator")
