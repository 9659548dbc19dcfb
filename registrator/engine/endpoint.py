"""Where the container engine is, worked out as the docker command does it.

The first of these that is given decides: an address from the operator, DOCKER_HOST,
DOCKER_CONTEXT, the current context of the docker command; else the first socket that
exists. Source: docker 20.10.24 and 28.2.2, tried with each pair of them set.
"""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from registrator.engine import context
from registrator.engine.context import Given
from registrator.engine.tls import Tls
from registrator.errors import ConfigError

SOCKETS: Final = (Path("/var/run/docker.sock"), Path("/tmp/docker.sock"))  # noqa: S108  where gliderlabs/registrator has its users mount it
"""Where to look when nobody says anything; the first one also if none exists yet."""

_SOCKET_PATH_LIMIT: Final = 107  # bytes; sun_path in unix(7), less its end mark
_PORTS: Final = {"tcp": (2375, 2376), "http": (80, 80), "https": (443, 443)}
_HOST_NAME: Final = re.compile(r"[0-9A-Za-z_]([0-9A-Za-z_.-]*[0-9A-Za-z_.])?")
_NO_HOST: Final = "the host is neither a name nor an address (IPv6 goes in brackets)"
_INSTEAD: Final = {
    "ssh": "ssh is not spoken here: forward the engine's socket, as in"
    " ssh -nNT -L /run/remote.sock:/var/run/docker.sock USER@HOST,"
    " and give unix:///run/remote.sock",
    "npipe": "windows named pipes are not spoken here: give a tcp:// address",
    "fd": "fd:// means something to the engine only: give the unix:// it listens on",
    "": "not an address of a container engine: give unix://, tcp://, http:// or https://",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An engine's address, checked; whether anything answers there is not."""

    url: str
    """What requests begin with, without a slash at the end; may hold a password."""
    socket: Path | None = None
    """The unix socket to connect to; None: a connection to the URL's host."""
    tls: Tls | None = None
    description: str
    """The address for people: without user and password."""


def resolve(
    environment: Mapping[str, str],
    host: str = "",
    *,
    tls: Tls | None = None,
    origin: str = "--docker-host",
    sockets: Sequence[Path] = SOCKETS,
) -> Endpoint:
    """Work out the engine's address; raise `ConfigError` with every mistake.

    An engine that is not there (yet) is not a mistake: the daemon outlives it.
    *host* is what the operator gave, if anything, with *tls* instead of what the
    environment says of it; *origin* says where, for messages.
    """
    given = _given(environment, Given(origin=origin, host=host, tls=tls))
    if given is None:
        found = next(filter(_is_socket, sockets), sockets[0])
        given = Given(origin="", host=f"unix://{found}")
    scheme, mark, rest = given.host.partition("://")
    if not mark and not given.host.startswith("/"):
        scheme, rest = "tcp", given.host  # as the docker command reads HOST:PORT
    if scheme == "unix":
        return _local(given, rest)
    if scheme in _PORTS:
        return _remote(given, scheme, rest)
    raise ConfigError(f"{_say(given)}: {_INSTEAD.get(scheme, _INSTEAD[''])}")


def _given(environment: Mapping[str, str], told: Given) -> Given | None:
    directory = Path(
        environment.get("DOCKER_CONFIG")
        or Path(environment.get("HOME") or "/", ".docker")
    )
    tls = _environment_tls(environment, directory)
    if told.host:
        return replace(told, tls=told.tls or tls)
    if host := environment.get("DOCKER_HOST", ""):
        return Given(origin="DOCKER_HOST", host=host, tls=tls)
    name = environment.get("DOCKER_CONTEXT") or context.current(directory)
    # The context "default" is no file: it stands for what happens without contexts.
    return context.read(directory, name) if name not in {"", "default"} else None


def _environment_tls(environment: Mapping[str, str], directory: Path) -> Tls | None:
    # Any text turns it on, "0" too: so it is with the docker command.
    if not environment.get("DOCKER_TLS_VERIFY"):
        return None
    directory = Path(environment.get("DOCKER_CERT_PATH") or directory)
    return Tls(
        authority=directory / "ca.pem",
        certificate=context.existing(directory / "cert.pem"),
        key=context.existing(directory / "key.pem"),
    )


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


def _local(given: Given, path: str) -> Endpoint:
    path = path or str(SOCKETS[0])
    if not path.startswith("/"):
        raise ConfigError(f"{_say(given)}: the socket's path does not begin with /")
    if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
        raise ConfigError(
            f"{_say(given)}: the path has more than {_SOCKET_PATH_LIMIT} bytes"
        )
    return Endpoint(
        url="http://localhost", socket=Path(path), description=f"unix://{path}"
    )


def _remote(given: Given, scheme: str, rest: str) -> Endpoint:
    tls = given.tls or Tls() if scheme == "https" else given.tls
    problems = [f"{_say(given)}: {mistake}" for mistake in _mistakes(scheme, rest, tls)]
    try:
        if tls is not None:
            tls.context()
    except ConfigError as error:
        problems.extend(error.problems)
    if problems:
        raise ConfigError(*problems)
    parts = urlsplit(f"//{rest}")
    host = parts.hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    port = parts.port or _PORTS[scheme][tls is not None]
    user, mark, _ = parts.netloc.rpartition("@")
    place = f"{host}:{port}{parts.path.rstrip('/')}"
    return Endpoint(
        url=f"{'https' if tls else 'http'}://{user}{mark}{place}",
        tls=tls,
        description=f"{scheme}://{place}",
    )


def _mistakes(scheme: str, rest: str, tls: Tls | None) -> list[str]:
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:
        return [_NO_HOST]
    mistakes = []
    if not _has_port(parts):
        mistakes.append("the port is not a number from 1 to 65535")
    if not _has_host(parts):
        mistakes.append(_NO_HOST)
    if parts.query or parts.fragment:
        mistakes.append("there is nothing to ask for with ? or #")
    if scheme == "http" and tls is not None:
        mistakes.append("http:// goes without TLS, and TLS is asked for: give tcp://")
    return mistakes


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _has_host(parts: SplitResult) -> bool:
    host = parts.hostname or "localhost"
    if ":" not in host:
        return _HOST_NAME.fullmatch(host) is not None
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def _say(given: Given) -> str:
    public = re.sub(r"//[^/]*@", "//", given.host)
    return f"{given.origin} {public}".strip()
