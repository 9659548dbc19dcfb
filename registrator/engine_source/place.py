"""URIs that name an engine whose containers are wanted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from registrator.engine import Endpoint, resolve
from registrator.engine.tls import Tls
from registrator.engine_source.images import Image
from registrator.errors import ConfigError
from registrator.kinds import ADDRESS
from registrator.uri import attempt, read_options, without_secrets

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
    shown = without_secrets(f"{scheme}://{place}")
    known = (*_OPTIONS, *_FILES) if scheme == "docker-tls" else _OPTIONS
    problems: list[str] = []
    given = read_options(query, known, problems, shown)
    problems += (f"{shown}: {each}" for each in _wrong(given))
    image = attempt(problems, lambda: _image(given, shown))
    endpoint = attempt(problems, lambda: _endpoint(scheme, place, given, environment))
    if problems or endpoint is None:
        raise ConfigError(*problems)
    said = "&".join(
        f"{name}={quote(given[name], safe='/:@')}" for name in _OPTIONS if name in given
    )
    return Place(
        # Sources of one engine are told apart by what they are asked for.
        uri=f"{shown}?{said}" if said else shown,
        endpoint=endpoint,
        address=ADDRESS.read(given["address"]) if "address" in given else "",
        image=image,
        port=int(given.get("port", "0")),
    )


def _wrong(given: Mapping[str, str]) -> Iterator[str]:
    if ("image" in given) != ("port" in given):
        yield "image and port, the container's, only work together"
    port = given.get("port", "1")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        yield "port is not a number from 1 to 65535"
    if "address" in given:
        try:
            ADDRESS.read(given["address"])
        except ValueError as error:
            yield f"address is not {error}"


def _image(given: Mapping[str, str], shown: str) -> Image | None:
    if "image" not in given:
        return None
    try:
        return Image.of(given["image"])
    except ConfigError as error:
        raise ConfigError(*(f"{shown}: {each}" for each in error.problems)) from error


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
