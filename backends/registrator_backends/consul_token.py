"""The ACL token: from a variable, or from a file that may change while we run."""

import logging
from collections.abc import Mapping
from pathlib import Path

from registrator.errors import ConfigError

log = logging.getLogger(__name__)


class Token:
    """The token for the next request; a file is read again when it has changed."""

    def __init__(self, value: str = "", path: Path | None = None) -> None:
        self._value = _clean(value)
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._trouble = ""
        if path is not None:
            self._read(path)

    def current(self) -> str:
        """Say the token, "" for none; a file that went away leaves the last one."""
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
            log.warning("token file %s: %s; the last token stays", self._path, trouble)
        self._trouble = trouble
        return self._value

    def _read(self, path: Path) -> None:
        status = path.stat()
        seen = (status.st_mtime_ns, status.st_ino, status.st_size)
        if seen == self._seen:
            return
        value = _clean(path.read_text(encoding="ascii", errors="replace"))
        if not value:
            raise ValueError("it is empty")
        self._value, self._seen = value, seen


def read_token(options: Mapping[str, str], environment: Mapping[str, str]) -> Token:
    """Find the token; a file wins over a variable, as with Consul's own client."""
    path = options.get("token_file") or environment.get("CONSUL_HTTP_TOKEN_FILE")
    source = f"token file {path}" if path else "CONSUL_HTTP_TOKEN"
    try:
        if path:
            return Token(path=Path(path))
        return Token(environment.get("CONSUL_HTTP_TOKEN", ""))
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from error


def _clean(value: str) -> str:
    """Strip what an editor leaves; refuse what no header can carry (RFC 9110, 5.5)."""
    value = value.strip()
    if not all("!" <= character <= "~" for character in value):
        raise ValueError("it holds characters that no HTTP header can carry")
    return value
