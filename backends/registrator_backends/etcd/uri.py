"""Where etcd is and how to speak to it: the URI and etcdctl's variables.

The variables are those of etcd's own command line (etcdctl's README, "Options"):
each of its flags may stand in the environment.
"""

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yarl import URL

from registrator.errors import ConfigError
from registrator.http_client import HttpPlace
from registrator.model import endpoint
from registrator.tls import client_context
from registrator.uri import Location, attempt, read_location
from registrator_backends.secret import Secret

PORT: Final = 2379
ENCRYPTED: Final = "etcds"
"""The scheme that says TLS by itself."""

_TLS_OPTIONS: Final = ("ca", "cert", "key")
OPTIONS: Final = ("tls", *_TLS_OPTIONS, "password_file", "token_file")
"""What the URI of any etcd may say, beside what its layout wants to know."""

_TRUE: Final = frozenset({"", "1", "t", "true"})
_FALSE: Final = frozenset({"0", "f", "false"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are, to an etcd that asks; with neither user nor token, nobody."""

    user: str = ""
    password: Secret = field(default_factory=Secret, repr=False)
    token: Secret = field(default_factory=Secret, repr=False)
    """One that was given to us ready made, such as a JWT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdAddress:
    """A cluster, with all that is needed to open connections to it."""

    uri: str
    """For people: without user, password, token or options."""
    places: tuple[HttpPlace, ...]
    """Its endpoints, in the order in which they were written."""
    path: str
    """What stands behind the endpoints, without slashes around it."""
    login: Login = field(default_factory=Login, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_address(
    uri: str, environment: Mapping[str, str], *, options: Collection[str] = ()
) -> EtcdAddress:
    """Read *uri* and *environment*; raise `ConfigError` with every mistake.

    *options* are those of the layout, beyond the ones of every etcd. Certificates
    and secrets are read here, so that one that cannot be read is found before the
    first connection.
    """
    problems: list[str] = []
    known = (*OPTIONS, *options)
    location = attempt(problems, lambda: read_location(uri, port=PORT, options=known))
    if location is None:
        raise ConfigError(*problems)
    shown, given = location.uri, location.options
    files = ("password_file", "token_file", *_TLS_OPTIONS)
    empty = [name for name in files if given.get(name) == ""]
    problems += [f"{shown}: option {name} is empty" for name in empty]
    login = attempt(problems, lambda: _read_login(location, environment))
    encrypted = attempt(problems, lambda: _is_encrypted(location))
    tls = (
        attempt(problems, lambda: _read_tls(given, environment)) if encrypted else None
    )
    if problems or login is None:
        raise ConfigError(*problems)
    return EtcdAddress(
        uri=shown,
        places=tuple(_place(location, server, tls) for server in location.servers),
        path=location.path,
        login=login,
        options=given,
    )


def _place(
    location: Location, server: tuple[str, int], tls: ssl.SSLContext | None
) -> HttpPlace:
    where = endpoint(*server)
    return HttpPlace(
        uri=f"{location.scheme}://{where}",
        base=URL(f"{'https' if tls else 'http'}://{where}"),
        tls=tls,
    )


def _is_encrypted(location: Location) -> bool:
    options = location.options
    said = options.get("tls", "true" if location.scheme == ENCRYPTED else "false")
    if said.lower() not in _TRUE | _FALSE:
        raise ConfigError(f"{location.uri}: option tls is neither true nor false")
    encrypted = said.lower() in _TRUE
    if location.scheme == ENCRYPTED and not encrypted:
        raise ConfigError(f"{location.uri}: {location.scheme}:// is TLS, always")
    needless = [name for name in _TLS_OPTIONS if name in options and not encrypted]
    if needless:
        raise ConfigError(
            *(f"{location.uri}: option {name} needs TLS: ?tls" for name in needless)
        )
    return encrypted


def _read_tls(
    options: Mapping[str, str], environment: Mapping[str, str]
) -> ssl.SSLContext:
    problems: list[str] = []
    blind = environment.get("ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "false").lower()
    if blind not in _TRUE | _FALSE:
        problems.append("ETCDCTL_INSECURE_SKIP_TLS_VERIFY: neither true nor false")
    context = client_context(
        problems,
        ca=options.get("ca") or environment.get("ETCDCTL_CACERT", ""),
        cert=options.get("cert") or environment.get("ETCDCTL_CERT", ""),
        key=options.get("key") or environment.get("ETCDCTL_KEY", ""),
        verify=blind not in _TRUE - {""},
    )
    if problems:
        raise ConfigError(*problems)
    return context


def _read_login(location: Location, environment: Mapping[str, str]) -> Login:
    """Find user and password, or a token; what the URI says comes first."""
    problems: list[str] = []
    user, password = location.user, location.password
    path, token_path = (
        location.options.get(f"{n}_file") for n in ("password", "token")
    )
    if token_path and (user or path):
        problems.append(f"{location.uri}: a token and a user: one of the two")
    if not user and not token_path:
        user, _, password = environment.get("ETCDCTL_USER", "").partition(":")
    if path and location.password:
        problems.append(f"{location.uri}: the password stands there and in a file")
    if not path:
        password = password or environment.get("ETCDCTL_PASSWORD", "")
    if path and not user:
        problems.append(f"{location.uri}: a password file without a user")
    login = Login(
        user=user,
        password=_secret(problems, "the password", password, path),
        token=_secret(problems, "the token", "", token_path),
    )
    if problems:
        raise ConfigError(*problems)
    return login


def _secret(problems: list[str], what: str, value: str, path: str | None) -> Secret:
    try:
        file = Path(path) if path else None
        return Secret(value, file, free_text=what == "the password")
    except OSError as error:
        problems.append(f"{what} in {path}: {error.strerror}")
    except ValueError as error:
        problems.append(f"{what}{f' in {path}' if path else ''}: {error}")
    return Secret()
