"""Finds what each URI asks for: a backend, or what can only be read; others' too."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from registrator.backend import Backend
from registrator.errors import ConfigError
from registrator.readable import Readable, Site

GROUP = "registrator.backends"
"""The entry points through which a distribution offers backends, named by scheme."""


SOURCES = "registrator.sources"
"""The entry points of what can be read and not written, named by scheme as well."""


def make(uris: Sequence[str], site: Site) -> list[Backend[Any]]:
    """Make a backend for every URI; raise `ConfigError` with all their mistakes."""
    mistakes: list[str] = []
    found = list(_made(uris, site, _offered(GROUP), mistakes))
    made: list[Backend[Any]] = [each for each in found if isinstance(each, Backend)]
    times = Counter(each.identity for each in made)
    mistakes += [
        f"{each.uri}: can only be read"
        for each in found
        if not isinstance(each, Backend)
    ]
    mistakes += [
        f"{each.uri}: the same registry stands more than once"
        for each in {each.identity: each for each in made}.values()
        if times[each.identity] > 1
    ]
    if mistakes:
        raise ConfigError(*mistakes)
    return made


def readable(uri: str, site: Site) -> Readable:
    """Make what is followed at *uri*, a registry or another source.

    Raise `ConfigError` with all its mistakes, and for a backend that nobody but the
    daemon itself can read.
    """
    mistakes: list[str] = []
    made = list(_made([uri], site, _offered(SOURCES, GROUP), mistakes))
    mistakes += [
        f"{each.uri}: only the daemon itself knows what it holds"
        for each in made
        if isinstance(each, Backend) and each.local
    ]
    if mistakes:
        raise ConfigError(*mistakes)
    return made[0]


def _offered(*groups: str) -> Mapping[str, EntryPoint]:
    return {each.name: each for group in groups for each in entry_points(group=group)}


def _made(
    uris: Sequence[str],
    site: Site,
    known: Mapping[str, EntryPoint],
    mistakes: list[str],
) -> Iterator[Readable]:
    for uri in uris:
        scheme = uri.partition(":")[0].lower()
        if ":" not in uri or scheme not in known:
            mistakes.append(
                f"{scheme!r} is no registry: a URI such as consul://127.0.0.1:8500 is"
                f" expected, with one of {', '.join(sorted(known))}"
            )
            continue
        try:
            kind: type[Readable] = known[scheme].load()
            yield kind.from_uri(uri, site)
        except ConfigError as error:
            mistakes += error.problems
        except (ImportError, AttributeError) as error:
            mistakes.append(f"{scheme}: it cannot be loaded: {error}")
