"""Where a Consul agent is and how to speak to it: the URI and Consul's variables.

The variables are those of Consul's own command line (developer.hashicorp.com:
Consul, Commands, "Environment variables").
"""

import base64
import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from yarl import URL

from registrator.errors import ConfigError
from registrator.model import endpoint
from registrator_backends.consul_tls import flag, read_tls
from registrator_backends.consul_token import Token, read_token

T = TypeVar("T")

_OPTIONS = ("token_file", "ca", "cert", "key")
_TLS_OPTIONS = ("ca", "cert", "key")
_SCHEME_OF_ADDR = {"http": "consul", "https": "consul-tls", "unix": "consul-unix"}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulAddress:
    """An agent, with all that is needed to open a connection to it."""

    uri: str
    """For people: the place alone, without user, password, token or options."""
    base: URL
    socket: str = ""
    """The unix socket's path; "" where *base* says host and port."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str | None = None
    """The name that the agent's certificate carries, where it is not the host's."""
    token: Token = field(repr=False)
    authorization: str = field(default="", repr=False)
    """The whole Authorization header; "" for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    scheme: str
    host: str = ""
    port: int | None = None
    socket: str = ""

    @property
    def encrypted(self) -> bool:
        return self.scheme == "consul-tls"

    @property
    def where(self) -> str:
        """Host and port, with their defaults."""
        port = self.port or (8501 if self.encrypted else 8500)
        return endpoint(self.host or "127.0.0.1", port)

    @property
    def uri(self) -> str:
        return f"{self.scheme}://{self.socket or self.where}"

    @property
    def base(self) -> URL:
        if self.socket:
            return URL("http://localhost")  # nothing but the Host header
        return URL(f"{'https' if self.encrypted else 'http'}://{self.where}")


def read_address(uri: str, environment: Mapping[str, str]) -> ConsulAddress:
    """Read *uri* and *environment*; raise `ConfigError` with every mistake.

    Certificates and tokens are read here, so that one that cannot be read is
    found before the first connection.
    """
    problems: list[str] = []
    place = _attempt(problems, lambda: _read_place(uri, environment))
    options = _attempt(problems, lambda: _read_options(uri, place)) or {}
    token = _attempt(problems, lambda: read_token(options, environment))
    encrypted = place.encrypted if place else uri.lower().startswith("consul-tls:")
    tls = (
        _attempt(problems, lambda: read_tls(options, environment))
        if encrypted
        else None
    )
    if problems or place is None or token is None:
        raise ConfigError(*problems)
    return ConsulAddress(
        uri=place.uri,
        base=place.base,
        socket=place.socket,
        tls=tls,
        server_name=environment.get("CONSUL_TLS_SERVER_NAME") or None,
        token=token,
        authorization=_authorization(uri, environment),
    )


def _attempt(problems: list[str], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _read_place(uri: str, environment: Mapping[str, str]) -> _Place:
    """Find the agent: the URI, what it leaves open from the environment."""
    place = _parse(uri, shown=_without_secrets(uri))
    variable = environment.get("CONSUL_HTTP_ADDR", "")
    if variable and not place.host and place.port is None and not place.socket:
        place = _place_of_variable(variable, place)
    if place.scheme == "consul" and flag(environment, "CONSUL_HTTP_SSL", default=False):
        return _Place(scheme="consul-tls", host=place.host, port=place.port)
    return place


def _place_of_variable(value: str, asked: _Place) -> _Place:
    """Read CONSUL_HTTP_ADDR: host:port, or a URL with http, https or unix."""
    kind, separator, rest = value.partition("://")
    if not separator:
        return _parse(f"{asked.scheme}://{value}", shown="CONSUL_HTTP_ADDR")
    scheme = _SCHEME_OF_ADDR.get(kind.lower())
    if scheme is None:
        raise ConfigError("CONSUL_HTTP_ADDR: not host:port, http, https or unix")
    if asked.encrypted and scheme == "consul-unix":
        raise ConfigError("CONSUL_HTTP_ADDR: a unix socket is not spoken to with TLS")
    found = _parse(f"{scheme}://{rest}", shown="CONSUL_HTTP_ADDR")
    if asked.encrypted:
        return _Place(scheme=asked.scheme, host=found.host, port=found.port)
    return found


def _parse(uri: str, *, shown: str) -> _Place:
    """Read one address; a path behind host and port says nothing, as ever."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Its text repeats what was given, which may be a password.
        raise ConfigError(
            f"{shown}: not host:port (an IPv6 address stands in brackets)"
        ) from None
    if parts.scheme == "consul-unix":
        return _parse_socket(parts, shown)
    if not parts.netloc and parts.path.strip("/"):
        raise ConfigError(f"{shown}: write {parts.scheme}://host:port")
    if port == 0:
        raise ConfigError(f"{shown}: port 0 cannot be spoken to")
    if host and not _is_host(host):
        raise ConfigError(f"{shown}: not a host name or an address")
    return _Place(scheme=parts.scheme, host=host, port=port)


def _parse_socket(parts: SplitResult, shown: str) -> _Place:
    path = unquote(parts.path)
    if parts.netloc or not path.strip("/"):
        raise ConfigError(
            f"{shown}: write consul-unix:///path.sock, with three slashes"
        )
    return _Place(scheme=parts.scheme, socket=path)


def _is_host(host: str) -> bool:
    if _HOST_NAME.fullmatch(host):
        return True
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _read_options(uri: str, place: _Place | None) -> Mapping[str, str]:
    shown, query = _without_secrets(uri), uri.partition("?")[2]
    if place is None and "@" in query:
        return {}  # this is rather a password that holds a question mark
    pairs = parse_qsl(query.partition("#")[0], keep_blank_values=True)
    problems = [
        f"{shown}: unknown option {name!r} (known: {', '.join(_OPTIONS)})"
        for name, _ in pairs
        if name not in _OPTIONS
    ]
    options = dict(pairs)
    problems += [
        f"{shown}: option {name} needs TLS (consul-tls:// or CONSUL_HTTP_SSL=true)"
        for name in _TLS_OPTIONS
        if name in options and place is not None and not place.encrypted
    ]
    problems += [
        f"{shown}: option {name} is empty" for name, value in pairs if not value
    ]
    if len(options) < len(pairs):
        problems.append(f"{shown}: an option is given twice")
    if problems:
        raise ConfigError(*problems)
    return options


def _authorization(uri: str, environment: Mapping[str, str]) -> str:
    """Make the header of CONSUL_HTTP_AUTH, or of a user in the URI."""
    parts = urlsplit(uri)
    login = environment.get("CONSUL_HTTP_AUTH", "")
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    if not login:
        return ""
    login = login if ":" in login else f"{login}:"
    octets = login.encode(errors="surrogateescape")
    return f"Basic {base64.b64encode(octets).decode()}"


def _without_secrets(uri: str) -> str:
    """Cut user info and options off; what is before any @ may be a password."""
    scheme, _, rest = uri.partition(":")
    slashes = "//" if rest.startswith("//") else ""
    place = rest.removeprefix("//").rpartition("@")[2]
    return f"{scheme}:{slashes}{re.split(r'[?#]', place, maxsplit=1)[0]}"
