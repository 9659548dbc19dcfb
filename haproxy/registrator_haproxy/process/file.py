"""The configuration file: replaced as a whole or not at all, and put back.

While a text is put into force the one before stands beside it. So that file says two
things: what to go back to, and, after a crash, that what is in the file and what runs
may not be the same.
"""

import errno
import os
import stat
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

from registrator.errors import ConfigError

_NEW_FILE: Final = 0o600
"""It may hold passwords, of the statistics page for one."""

_LINKS: Final = 40
"""As many as the kernel follows (path_resolution(7))."""


class ConfigurationFile:
    """One file, and its two companions in the same directory.

    Every method raises `ConfigError` where the file system refuses; then nothing is
    lost: the file is as it was, or the text before it is beside it.
    """

    def __init__(
        self, path: Path, *, mode: int | None = None, new: int = _NEW_FILE
    ) -> None:
        """Follow *path* if it is a link: what it leads to is the file.

        *mode* is its mode from now on; None: it stays, and a new file has *new*.
        """
        self._path = path
        self._mode = mode
        self._new = new

    def __str__(self) -> str:
        return str(self._path)

    @property
    def path(self) -> Path:
        """What HAProxy is told to read."""
        return self._path

    @property
    def candidate(self) -> Path:
        """Where a text stands that HAProxy has not judged."""
        return self._beside("candidate")

    @property
    def text(self) -> str | None:
        """What is in it; None where it does not exist."""
        return self._read(self._target)

    @property
    def before(self) -> str | None:
        """What was in it before a change that is not finished; None: there is none.

        An empty text: there was no file.
        """
        return self._read(self._beside("before"))

    def write_candidate(self, text: str) -> None:
        """Have *text* on the disk, under the candidate's name."""
        self._write(self.candidate, text)

    def drop_candidate(self) -> None:
        """Have no candidate."""
        self._unlink(self.candidate)

    def begin(self) -> None:
        """Set aside what is in the file, for as long as a change is not finished.

        One that never was finished has its own aside: that stays.
        """
        if self.before is None:
            aside = self._beside("aside")
            self._write(aside, self.text or "")
            self._rename(aside, self._beside("before"))

    def swap(self) -> None:
        """Have the candidate's text in the file."""
        self._move(self.candidate)

    def restore(self) -> None:
        """Have what was set aside in the file once more; it stays aside."""
        before = self.before
        if before:
            self._copy_before()
            self._move(self.candidate)
        elif before is not None:
            self._unlink(self._target)

    def finish(self) -> None:
        """Say that what is in the file is what runs."""
        self._unlink(self._beside("before"))

    @property
    def _target(self) -> Path:
        # Only the last link is ours to follow: where a directory leads to, the kernel
        # knows, through /proc/PID/root too.
        path = self._path
        for _ in range(_LINKS):
            if not path.is_symlink():
                return path
            path = path.parent / path.readlink()
        raise self._refused(
            "read", path, OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        )

    def _beside(self, role: str) -> Path:
        target = self._target
        return target.with_name(f".{target.name}.{role}")

    def _read(self, path: Path) -> str | None:
        try:
            _refuse_what_has_no_end(path)
            return path.read_text(errors="surrogateescape")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused("read", path, error) from error

    def _write(self, path: Path, text: str) -> None:
        """Write a companion, with the mode and the owner of the file."""
        try:
            # Not into what somebody else may have put there, or have open.
            path.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(path, flags, _NEW_FILE), "wb") as file:
                mode = self._new
                if self._target.exists():
                    of = self._target.stat()
                    if (of.st_uid, of.st_gid) != (os.geteuid(), os.getegid()):
                        os.fchown(file.fileno(), of.st_uid, of.st_gid)
                    mode = stat.S_IMODE(of.st_mode)
                os.fchmod(file.fileno(), mode if self._mode is None else self._mode)
                file.write(text.encode(errors="surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._unlink(path)
            raise self._refused("write", path, error) from error

    def _copy_before(self) -> None:
        """Have what was set aside as the candidate, also where no room is left."""
        self.drop_candidate()
        with suppress(OSError):
            self.candidate.hardlink_to(self._beside("before"))
            return
        self._write(self.candidate, self.before or "")

    def _move(self, companion: Path) -> None:
        target = self._target
        try:
            companion.rename(target)
        except OSError as error:
            # A file that is mounted by itself, as into a container, cannot be
            # replaced, only written: a crash meanwhile leaves half of it, and the
            # whole of the one before beside it.
            if error.errno not in (errno.EBUSY, errno.EXDEV):
                raise self._refused("replace", target, error) from error
            self._overwrite(target, companion)
        # Two names of one file, as after a crash on the way back, are both left.
        self._unlink(companion)
        self._sync()

    def _overwrite(self, target: Path, companion: Path) -> None:
        try:
            text, before = companion.read_bytes(), target.read_bytes()
            with target.open("r+b", buffering=0) as file:
                try:
                    _fill(file, text)
                except OSError:
                    _fill(file, before)  # it had room for that
                    raise
        except OSError as error:
            raise self._refused("write", target, error) from error

    def _rename(self, one: Path, other: Path) -> None:
        try:
            one.rename(other)
        except OSError as error:
            raise self._refused("write", other, error) from error
        self._sync()

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._refused("remove", path, error) from error
        self._sync()

    def _sync(self) -> None:
        """Have the names in the directory on the disk."""
        directory = os.open(self._target.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _refused(self, verb: str, path: Path, error: OSError) -> ConfigError:
        reason = (error.strerror or str(error)).lower()
        return ConfigError(f"{self}: cannot {verb} {path}: {reason}")


def _refuse_what_has_no_end(path: Path) -> None:
    """Raise OSError for a pipe, which waits for who writes, and for a device."""
    if stat.S_IFMT(path.stat().st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        raise OSError(errno.EINVAL, "it is no file")


def _fill(file: FileIO, text: bytes) -> None:
    """Have *text* in an open file, and nothing else."""
    file.seek(0)
    rest = memoryview(text)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
    os.fsync(file.fileno())
