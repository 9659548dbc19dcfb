"""Where Eureka's servers are, and how to speak to them."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from yarl import URL

from registrator.errors import ConfigError
from registrator.http_client import HttpPlace
from registrator.kinds import SECONDS
from registrator.model import endpoint
from registrator.tls import client_context
from registrator.uri import (
    Location,
    attempt,
    read_location,
    read_options,
    without_secrets,
)
from registrator_backends.secret import Secret

_TLS_OPTIONS: Final = ("ca", "cert", "key")
_OPTIONS: Final = ("password_file", "poll", "tls", *_TLS_OPTIONS)
_TRUE: Final = frozenset({"", "1", "t", "true"})
_FALSE: Final = frozenset({"0", "f", "false"})
_LONGEST_POLL: Final = 150.0
"""Seconds. A server remembers a change for 180, and shows it up to 30 late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EurekaAddress:
    """Servers that know of each other, with all that is needed to speak to them."""

    uri: str
    """For people: without user, password and options."""
    places: tuple[HttpPlace, ...]
    context: str
    """The path before ``/apps``, escaped: ``/eureka``."""
    poll: float
    """Seconds between two readings."""
    user: str = ""
    password: str = field(default="", repr=False)
    password_file: Secret | None = field(default=None, repr=False)

    def authorization(self) -> str:
        """Make the Authorization header (RFC 7617); "" where there is no user."""
        if not self.user:
            return ""
        file = self.password_file
        password = self.password if file is None else file.current()
        octets = f"{self.user}:{password}".encode(errors="surrogateescape")
        return f"Basic {base64.b64encode(octets).decode()}"


def read_address(uri: str) -> EurekaAddress:
    """Read *uri*; raise `ConfigError` with every mistake.

    Certificates and passwords are read here, so that one that cannot be read is
    found before the first connection.
    """
    problems: list[str] = []
    shown = without_secrets(uri)
    location = attempt(
        problems, lambda: read_location(uri, port=8761, options=_OPTIONS)
    )
    options = read_options(uri.partition("?")[2].partition("#")[0], _OPTIONS, [], shown)
    wish = options.get("tls", "false").lower()
    encrypted = uri.lower().startswith("eurekas:") or wish in _TRUE
    poll = attempt(problems, lambda: _read_poll(options, shown))
    secret = attempt(problems, lambda: _read_secret(options, location, shown))
    tls = attempt(problems, lambda: _read_tls(options, shown, encrypted=encrypted))
    if location is not None and not location.path.isprintable():
        problems.append(f"{shown}: the path cannot be printed")
    if problems or location is None or poll is None:
        raise ConfigError(*problems)
    location = replace(location, path=location.path or "eureka")
    return EurekaAddress(
        uri=location.uri,
        places=tuple(_places(location, tls)),
        context=f"/{quote(location.path)}",
        poll=poll,
        user=location.user,
        password=location.password,
        password_file=secret,
    )


def _places(location: Location, tls: ssl.SSLContext | None) -> list[HttpPlace]:
    return [
        HttpPlace(
            uri=f"{location.scheme}://{endpoint(host, port)}/{location.path}",
            base=URL(f"{'https' if tls else 'http'}://{endpoint(host, port)}"),
            tls=tls,
        )
        for host, port in location.servers
    ]


def _read_poll(options: Mapping[str, str], shown: str) -> float:
    text = options.get("poll", "30")
    try:
        poll = SECONDS.read(text)
    except ValueError:
        poll = 0.0
    if not 0.01 <= poll <= _LONGEST_POLL:
        raise ConfigError(
            f"{shown}: poll is not a number of seconds up to {_LONGEST_POLL:g}"
        )
    return poll


def _read_secret(
    options: Mapping[str, str], location: Location | None, shown: str
) -> Secret | None:
    path = options.get("password_file")
    if not path:
        return None
    problems = []
    if location is not None and not location.user:
        problems.append(f"{shown}: password_file goes with a user: eureka://user@host")
    if location is not None and location.password:
        problems.append(f"{shown}: either a password or password_file")
    secret = None
    try:
        secret = Secret(path=Path(path), free_text=True)
    except OSError as error:
        problems.append(f"password file {path}: {error.strerror}")
    except ValueError as error:
        problems.append(f"password file {path}: {error}")
    if problems:
        raise ConfigError(*problems)
    return secret


def _read_tls(
    options: Mapping[str, str], shown: str, *, encrypted: bool
) -> ssl.SSLContext | None:
    problems = [
        f"{shown}: option {name} needs TLS (eurekas:// or ?tls)"
        for name in _TLS_OPTIONS
        if name in options and not encrypted
    ]
    problems += [
        f"{shown}: option {name} is empty"
        for name in (*_TLS_OPTIONS, "password_file")
        if options.get(name) == ""
    ]
    if options.get("tls", "").lower() not in _TRUE | _FALSE:
        problems.append(f"{shown}: option tls is neither true nor false")
    elif encrypted and options.get("tls", "").lower() in _FALSE:
        problems.append(f"{shown}: eurekas:// is TLS, always")
    context = None
    if encrypted:
        context = client_context(
            problems,
            ca=options.get("ca", ""),
            cert=options.get("cert", ""),
            key=options.get("key", ""),
        )
    if problems:
        raise ConfigError(*problems)
    return context
