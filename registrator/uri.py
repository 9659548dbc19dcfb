"""URIs that name the servers of one registry or source."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import parse_qsl, unquote

from registrator.errors import ConfigError
from registrator.model import endpoint

T = TypeVar("T")

_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME: Final = re.compile(rf"(?=.{{1,254}}$){_LABEL}(?:\.{_LABEL})*\.?")
_SERVER: Final = re.compile(r"(?:\[([^][]*)\]|([^][:]*))(?::([0-9]{0,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """``scheme://user:password@host:port,host:port/path?options``, taken apart."""

    scheme: str
    servers: tuple[tuple[str, int], ...]
    """Hosts, an IPv6 address without its brackets, and ports."""
    path: str = ""
    """Unescaped, without slashes around it."""
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def uri(self) -> str:
        """The place for people: without user, password and options."""
        servers = ",".join(endpoint(host, port) for host, port in self.servers)
        return f"{self.scheme}://{servers}" + (f"/{self.path}" if self.path else "")


def read_location(
    uri: str, *, port: int, options: Collection[str], host: str = "127.0.0.1"
) -> Location:
    """Take *uri* apart; raise `ConfigError` with every mistake.

    *host* and *port* stand in for what is left out; *options* are those known.
    """
    problems: list[str] = []
    shown = without_secrets(uri)
    scheme, _, rest = uri.partition(":")
    place, _, query = rest.partition("#")[0].removeprefix("//").partition("?")
    authority, _, path = place.partition("/")
    login, _, hosts = authority.rpartition("@")
    if "@" in rest.removeprefix("//").removeprefix(authority):
        # Then this is rather a password, and what follows is made of its parts.
        raise ConfigError(
            f"{shown}: in front of an @ write %2F for /, %3F for ? and %23 for #, and"
            " any other @ as %40"
        )
    user, _, password = login.partition(":")
    servers = [
        server
        for each in hosts.split(",")
        if (server := _read_server(each, host, port, problems, shown))
    ]
    if len(set(servers)) < len(servers):
        problems.append(f"{shown}: a server stands there twice")
    given = read_options(query, options, problems, shown)
    if problems:
        raise ConfigError(*problems)
    return Location(
        scheme=scheme.lower(),
        servers=tuple(servers),
        path=unquote(path).strip("/"),
        user=unquote(user),
        password=unquote(password),
        options=given,
    )


def read_options(
    query: str, known: Collection[str], problems: list[str], shown: str
) -> Mapping[str, str]:
    """Read ``a=b&c``; every mistake is added to *problems*, without any value."""
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, times in Counter(name for name, _ in pairs).items():
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            problems.append(f"{shown}: unknown option {name!r} (known: {names})")
        if times > 1:
            problems.append(f"{shown}: option {name!r} is given twice")
    return dict(pairs)


def attempt(problems: list[str], read: Callable[[], T]) -> T | None:
    """Read something; None where it cannot be, with the mistakes in *problems*."""
    try:
        return read()
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def without_secrets(uri: str) -> str:
    """Cut user info and options off; what is before any @ may be a password."""
    scheme, _, rest = uri.partition(":")
    slashes = "//" if rest.startswith("//") else ""
    place = rest.removeprefix("//").rpartition("@")[2]
    return f"{scheme}:{slashes}{re.split(r'[?#]', place, maxsplit=1)[0]}"


def is_host(host: str) -> bool:
    """Whether *host* can be a name or an address, IPv6 without brackets."""
    return _HOST_NAME.fullmatch(host) is not None or is_ipv6(host)


def is_ipv6(text: str) -> bool:
    """Whether *text* is an IPv6 address, without brackets and without a zone."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def _read_server(
    text: str, host: str, port: int, problems: list[str], shown: str
) -> tuple[str, int] | None:
    found = _SERVER.fullmatch(text)
    if found is None:
        problems.append(f"{shown}: not host:port (an IPv6 address stands in brackets)")
        return None
    name = found[1] or found[2] or host
    number = int(found[3] or port)
    if not (is_ipv6(name) if found[1] is not None else is_host(name)):
        problems.append(f"{shown}: not a host name or an address")
    elif not 0 < number < 65536:
        problems.append(f"{shown}: {number} is no port")
    else:
        return name, number
    return None
