"""URIs that say whom to ask for which names. Pure."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

import dns.exception
import dns.name
from dns.name import Name

from registrator.errors import ConfigError
from registrator.kinds import SECONDS
from registrator.uri import read_location

LABEL: Final = "label."
"""What options begin with that say what every instance has as metadata."""

_OPTIONS: Final = ("name", "port", "family", "min", "max")
_LEAST: Final = "1"
_MOST: Final = "30"
_FAMILIES: Final[Mapping[str, "Families"]] = {"4": ("A",), "6": ("AAAA",)}

Families = tuple[Literal["A", "AAAA"], ...]
Server = tuple[str, int]
"""A resolver's address and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is asked for, and whom."""

    uri: str
    """For people; no two that ask for something else have the same."""
    srv: bool
    """Whether SRV records are asked for, and not addresses."""
    servers: tuple[Server, ...] = ()
    """Resolvers; none: those of the host."""
    domain: str = ""
    """What names are below."""
    name: str = ""
    """The whole name, whatever a service is called; "": the service's."""
    port: int = 0
    """Of instances that DNS only knows an address of; 0: the service says it."""
    families: Families = ("A", "AAAA")
    least: float
    most: float
    """Seconds between two questions, whatever an answer's TTL says."""
    labels: Mapping[str, str]

    def asked(self, name: str) -> str:
        """Say which name is asked for a service's *name*; "" if none can be."""
        if self.name or is_address(name):
            return self.name or name
        return f"{name}.{self.domain}".strip(".") if name else ""


def read_place(uri: str) -> Place:
    """Take *uri* apart; raise `ConfigError` with every mistake."""
    pairs = parse_qsl(uri.partition("#")[0].partition("?")[2], keep_blank_values=True)
    labels = {name for name, _ in pairs if name.startswith(LABEL) and name != LABEL}
    location = read_location(uri, port=53, options=(*_OPTIONS, *labels))
    options = {**_bounds(location.options), **location.options}
    srv = location.scheme == "dns-srv"
    # Nothing before the path means the host's own, and not the usual address.
    own = uri.partition(":")[2].removeprefix("//")[:1] in {"", "/", "?", "#"}
    place = "/".join(("" if own else location.uri.split("/")[2], location.path))
    shown = f"{location.scheme}://{place.rstrip('/')}"
    servers = () if own else location.servers
    mistakes = [*_wrong(options, srv=srv), *_unfit(servers, location.path)]
    if mistakes:
        raise ConfigError(*(f"{shown}: {each}" for each in mistakes))
    said = "&".join(
        f"{name}={quote(value, safe='/:')}" for name, value in location.options.items()
    )
    return Place(
        uri=f"{shown}?{said}" if said else shown,
        srv=srv,
        servers=servers,
        domain=location.path,
        name=options.get("name", ""),
        port=int(options.get("port", "0")),
        families=_FAMILIES.get(options.get("family", ""), ("A", "AAAA")),
        least=SECONDS.read(options["min"]),
        most=SECONDS.read(options["max"]),
        labels={name.removeprefix(LABEL): options[name] for name in sorted(labels)},
    )


def is_address(text: str) -> bool:
    """Whether *text* is an address already, and no name to ask for."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def dns_name(text: str) -> Name:
    """Read a name; raise `ConfigError` for what is none."""
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError) as error:
        raise ConfigError(f"{text[:60]!r} is no name that dns can have") from error


def _bounds(given: Mapping[str, str]) -> Mapping[str, str]:
    """Say what holds where nothing is said; one bound may push the other."""
    least, most = given.get("min", _LEAST), given.get("max", _MOST)
    return {
        "min": min(_LEAST, most, key=_seconds),
        "max": max(_MOST, least, key=_seconds),
    }


def _wrong(options: Mapping[str, str], *, srv: bool) -> Iterator[str]:
    name, port = options.get("name"), options.get("port", "1")
    if name is not None:
        if not name or (srv and is_address(name)):
            yield "name is not a name to ask for"
        elif not is_address(name):
            yield from _no_name(name)
    if srv and "port" in options:
        yield "port stands in every SRV record"
    elif not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        yield "port is not a number from 1 to 65535"
    if options.get("family", "4") not in _FAMILIES:
        yield "family is not 4 or 6"
    bounds = _seconds(options["min"]), _seconds(options["max"])
    if not 0.1 <= bounds[0] <= bounds[1] <= 86_400:
        yield "min and max are not numbers of seconds from 0.1 to 86400, min the less"


def _unfit(servers: tuple[Server, ...], domain: str) -> Iterator[str]:
    for host, _ in servers:
        if not is_address(host):
            yield f"resolver {host} is not an IP address"
    if domain:
        yield from _no_name(domain)


def _no_name(text: str) -> Iterator[str]:
    try:
        dns_name(text)
    except ConfigError as error:
        yield from error.problems


def _seconds(text: str) -> float:
    try:
        return SECONDS.read(text)
    except ValueError:
        return -1.0
