"""A secret given in words or in a file, which may change while we run."""

import logging
from pathlib import Path

log = logging.getLogger(__name__)


class Secret:
    """A token or password; its file is read again when it has changed.

    Raise `OSError` or `ValueError` at first where it cannot be had. One that is
    *free_text* never stands in a header, and may hold any character.
    """

    def __init__(
        self, value: str = "", path: Path | None = None, *, free_text: bool = False
    ) -> None:
        self._free_text = free_text
        self._value = self._clean(value)
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._trouble = ""
        if path is not None:
            self._read(path)

    def current(self) -> str:
        """Say the secret, "" for none; a file that went away leaves the last one."""
        if self._path is None:
            return self._value
        trouble = ""
        try:
            self._read(self._path)
        except OSError as error:
            trouble = str(error.strerror)
        except ValueError as error:
            trouble = str(error)
        if trouble and trouble != self._trouble:
            log.warning("secret file %s: %s; what it held stays", self._path, trouble)
        self._trouble = trouble
        return self._value

    def _read(self, path: Path) -> None:
        status = path.stat()
        seen = (status.st_mtime_ns, status.st_ino, status.st_size)
        if seen == self._seen:
            return
        value = self._clean(path.read_text(errors="replace"))
        if not value:
            raise ValueError("it is empty")
        self._value, self._seen = value, seen

    def _clean(self, value: str) -> str:
        """Strip what an editor leaves; refuse what its place cannot carry."""
        if self._free_text:
            return value.rstrip("\r\n")
        value = value.strip()
        # A header's value (RFC 9110, 5.5).
        if not all("!" <= character <= "~" for character in value):
            raise ValueError("it holds characters that no HTTP header can carry")
        return value
