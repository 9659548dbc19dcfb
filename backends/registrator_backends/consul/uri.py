"""Where a Consul agent is and how to speak to it: the URI and Consul's variables.

What registers services (``consul:``) and what keeps keys (``consulkv:``) are spoken
to alike. They differ in what a path means: to services nothing, to keys a prefix.

The variables are those of Consul's own command line (developer.hashicorp.com:
Consul, Commands, "Environment variables").
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from yarl import URL

from registrator.errors import ConfigError
from registrator.http_client import HttpPlace
from registrator.model import endpoint
from registrator.uri import attempt, is_host, without_secrets
from registrator_backends.consul.tls import flag, read_tls
from registrator_backends.consul.token import read_token
from registrator_backends.secret import Secret

_OPTIONS = ("token_file", "ca", "cert", "key")
_TLS_OPTIONS = ("ca", "cert", "key")
_KIND_OF_ADDR = {"http": "", "https": "-tls", "unix": "-unix"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulAddress:
    """An agent, with all that is needed to open a connection to it."""

    place: HttpPlace
    token: Secret = field(repr=False)
    authorization: str = field(default="", repr=False)
    """The whole Authorization header; "" for none."""
    path: str = ""
    """What stands behind host and port, or behind a socket and a colon."""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    scheme: str
    host: str = ""
    port: int | None = None
    socket: str = ""
    path: str = ""

    @property
    def encrypted(self) -> bool:
        return self.scheme.endswith("-tls")

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


def read_address(
    uri: str, environment: Mapping[str, str], *, options: Collection[str] = ()
) -> ConsulAddress:
    """Read *uri* and *environment*; raise `ConfigError` with every mistake.

    *options* are known beyond those of every agent. Certificates and tokens are
    read here, so that one that cannot be read is found before the first connection.
    """
    problems: list[str] = []
    known = (*_OPTIONS, *options)
    place = attempt(problems, lambda: _read_place(uri, environment))
    given = attempt(problems, lambda: _read_options(uri, place, known)) or {}
    token = attempt(problems, lambda: read_token(given, environment))
    encrypted = place.encrypted if place else "-tls:" in uri[:16].lower()
    tls = attempt(problems, lambda: read_tls(given, environment)) if encrypted else None
    server_name = environment.get("CONSUL_TLS_SERVER_NAME") or None
    if server_name and not is_host(server_name):
        problems.append("CONSUL_TLS_SERVER_NAME: not a host name")
    if problems or place is None or token is None:
        raise ConfigError(*problems)
    return ConsulAddress(
        place=HttpPlace(
            uri=place.uri,
            base=place.base,
            socket=place.socket,
            tls=tls,
            server_name=server_name,
        ),
        token=token,
        authorization=_authorization(uri, environment),
        path=place.path,
        options=given,
    )


def _read_place(uri: str, environment: Mapping[str, str]) -> _Place:
    """Find the agent: the URI, what it leaves open from the environment."""
    place = _parse(uri, shown=without_secrets(uri))
    variable = environment.get("CONSUL_HTTP_ADDR", "")
    if variable and not place.host and place.port is None and not place.socket:
        place = replace(_place_of_variable(variable, place), path=place.path)
    plain = "-" not in place.scheme
    if plain and flag(environment, "CONSUL_HTTP_SSL", default=False):
        return replace(place, scheme=f"{place.scheme}-tls")
    return place


def _place_of_variable(value: str, asked: _Place) -> _Place:
    """Read CONSUL_HTTP_ADDR: host:port, or a URL with http, https or unix."""
    kind, separator, rest = value.partition("://")
    if not separator:
        return _parse(f"{asked.scheme}://{value}", shown="CONSUL_HTTP_ADDR")
    suffix = _KIND_OF_ADDR.get(kind.lower())
    if suffix is None:
        raise ConfigError("CONSUL_HTTP_ADDR: not host:port, http, https or unix")
    if asked.encrypted and suffix == "-unix":
        raise ConfigError("CONSUL_HTTP_ADDR: a unix socket is not spoken to with TLS")
    family = asked.scheme.partition("-")[0]
    found = _parse(f"{family}{suffix}://{rest}", shown="CONSUL_HTTP_ADDR")
    return replace(found, scheme=asked.scheme) if asked.encrypted else found


def _parse(uri: str, *, shown: str) -> _Place:
    """Read one address, with the path behind it."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Its text repeats what was given, which may be a password.
        raise ConfigError(
            f"{shown}: not host:port (an IPv6 address stands in brackets)"
        ) from None
    if parts.scheme.endswith("-unix"):
        return _parse_socket(parts, shown)
    bare = not (parts.scheme.startswith("consulkv") and "://" in uri)
    if not parts.netloc and parts.path.strip("/") and bare:
        raise ConfigError(f"{shown}: write {parts.scheme}://host:port")
    if port == 0:
        raise ConfigError(f"{shown}: port 0 cannot be spoken to")
    if host and not is_host(host):
        raise ConfigError(f"{shown}: not a host name or an address")
    return _Place(scheme=parts.scheme, host=host, port=port, path=unquote(parts.path))


def _parse_socket(parts: SplitResult, shown: str) -> _Place:
    """Read ``/path.sock``, where keys are meant ``/path.sock:/prefix``."""
    socket, path = parts.path, ""
    if parts.scheme.startswith("consulkv"):
        socket, _, path = parts.path.partition(":")
    if parts.netloc or not socket.strip("/"):
        form = (
            "/path.sock:/prefix"
            if parts.scheme.startswith("consulkv")
            else "/path.sock"
        )
        raise ConfigError(f"{shown}: write {parts.scheme}://{form}, with three slashes")
    return _Place(scheme=parts.scheme, socket=unquote(socket), path=unquote(path))


def _read_options(
    uri: str, place: _Place | None, known: Collection[str]
) -> Mapping[str, str]:
    shown, query = without_secrets(uri), uri.partition("?")[2]
    if place is None and "@" in query:
        return {}  # this is rather a password that holds a question mark
    pairs = parse_qsl(query.partition("#")[0], keep_blank_values=True)
    problems = [
        f"{shown}: unknown option {name!r} (known: {', '.join(known)})"
        for name, _ in pairs
        if name not in known
    ]
    options = dict(pairs)
    problems += [
        f"{shown}: option {name} needs TLS ({place.scheme.partition('-')[0]}-tls://"
        " or CONSUL_HTTP_SSL=true)"
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
