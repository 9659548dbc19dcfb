"""URIs that name an engine whose containers are wanted."""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from registrator.engine import Endpoint, resolve
from registrator.engine.tls import Tls
from registrator.engine_source.images import Image
from registrator.errors import ConfigError

_OPTIONS: Final = ("address", "image", "port")
_FILES: Final = ("ca", "cert", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An engine, and which of its containers are wanted."""

    uri: str
    """For people: without user, password and files."""
    endpoint: Endpoint
    address: str = ""
    """At which published ports are reached; "": that is to be found out."""
    image: Image | None = None
    """Whose containers count, whatever they are called; None: services by name."""
    port: int = 0
    """The container's port that counts then."""

    @property
    def host(self) -> str:
        """The engine's host, a name or an address; "" for an engine of this host."""
        return (
            "" if self.endpoint.socket else urlsplit(self.endpoint.url).hostname or ""
        )


def read_place(uri: str, environment: Mapping[str, str]) -> Place:
    """Take *uri* apart; raise `ConfigError` with every mistake.

    ``docker://`` alone is the engine that the docker command would ask.
    """
    scheme, _, rest = uri.partition(":")
    scheme = scheme.lower()
    place, _, query = rest.removeprefix("//").partition("?")
    shown = f"{scheme}://{place.rpartition('@')[2]}"
    given, mistakes = _options(query, scheme)
    image = endpoint = None
    try:
        image = Image.of(given["image"]) if "image" in given else None
    except ConfigError as error:
        mistakes += (f"image: {each}" for each in error.problems)
    problems = [f"{shown}: {each}" for each in mistakes]
    try:
        endpoint = _endpoint(scheme, place, given, environment)
    except ConfigError as error:
        problems += error.problems
    if problems or endpoint is None:
        raise ConfigError(*problems)
    said = "&".join(
        f"{name}={quote(given[name], safe='/:@')}" for name in _OPTIONS if name in given
    )
    return Place(
        # Sources of one engine are told apart by what they are asked for.
        uri=f"{shown}?{said}" if said else shown,
        endpoint=endpoint,
        address=given.get("address", ""),
        image=image,
        port=int(given.get("port", "0")),
    )


def _options(query: str, scheme: str) -> tuple[Mapping[str, str], list[str]]:
    """Read what is asked for, and what is wrong with that."""
    known = (*_OPTIONS, *_FILES) if scheme == "docker-tls" else _OPTIONS
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    mistakes = []
    for name, times in Counter(name for name, _ in pairs).items():
        if name not in known:
            mistakes.append(f"unknown option {name!r} (known: {', '.join(known)})")
        if times > 1:
            mistakes.append(f"option {name!r} is given twice")
    return given, [*mistakes, *_wrong(given)]


def _wrong(given: Mapping[str, str]) -> Iterator[str]:
    if ("image" in given) != ("port" in given):
        yield "image and port, the container's, only work together"
    port = given.get("port", "1")
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        yield f"port: {port[:20]!r} is no port"
    if "address" in given and not _is_address(given["address"]):
        yield f"address: {given['address'][:60]!r} is no IP address to be reached at"


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_unspecified and "%" not in text
    except ValueError:
        return False


def _endpoint(
    scheme: str, place: str, given: Mapping[str, str], environment: Mapping[str, str]
) -> Endpoint:
    if scheme == "docker-unix":
        return resolve({}, f"unix://{unquote(place)}", origin="docker-unix:")
    if scheme == "docker-tls":
        files = {name: Path(given[name]) for name in _FILES if given.get(name)}
        tls = Tls(
            authority=files.get("ca"),
            certificate=files.get("cert"),
            key=files.get("key"),
        )
        return resolve({}, f"tcp://{place}", origin="docker-tls:", tls=tls)
    if not place:
        return resolve(environment)
    return resolve({}, f"tcp://{place}", origin="docker:")
