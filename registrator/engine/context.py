"""What the docker command's own files say about where an engine is."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from registrator.engine.tls import Tls
from registrator.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An engine's address as somebody wrote it, not yet checked."""

    origin: str
    """Who wrote it, for messages: a variable, an option, a context."""
    host: str
    tls: Tls | None = None


def current(directory: Path) -> str:
    """Name the current context of the configuration in *directory*; "" if none is.

    Raise `ConfigError` where the file is there and cannot be read: to go on would
    mean to watch another engine than the operator's own docker command does.
    """
    file = directory / "config.json"
    try:
        name = _object(json.loads(file.read_bytes())).get("currentContext")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {_reason(error)}") from error
    return name if isinstance(name, str) else ""


def read(directory: Path, name: str) -> Given:
    """Read the context *name*; raise `ConfigError` where it names no engine."""
    key = hashlib.sha256(name.encode()).hexdigest()
    file = directory / "contexts" / "meta" / key / "meta.json"
    try:
        endpoints = _object(json.loads(file.read_bytes())).get("Endpoints")
    except FileNotFoundError as error:
        raise ConfigError(f"docker context {name}: there is no {file}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"docker context {name}: {file}: {_reason(error)}") from error
    engine = _object(_object(endpoints).get("docker"))
    host = engine.get("Host")
    if not isinstance(host, str) or not host:
        raise ConfigError(f"docker context {name}: {file} names no docker host")
    return Given(
        origin=f"docker context {name}:",
        host=host,
        tls=_tls(
            directory / "contexts" / "tls" / key / "docker",
            verify=engine.get("SkipTLSVerify") is not True,
        ),
    )


def existing(path: Path) -> Path | None:
    """Return *path* where there is such a file."""
    return path if path.is_file() else None


def _tls(directory: Path, *, verify: bool) -> Tls | None:
    authority, certificate, key = (
        existing(directory / name) for name in ("ca.pem", "cert.pem", "key.pem")
    )
    if not verify or authority or certificate or key:
        return Tls(authority=authority, certificate=certificate, key=key, verify=verify)
    return None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return f"not JSON: {error}"
