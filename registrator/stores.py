"""Finds the backend that each registry URI asks for, third parties' included."""

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

from registrator.backend import Backend, Site
from registrator.errors import ConfigError

GROUP = "registrator.backends"
"""The entry points through which a distribution offers backends, named by scheme."""


def make(uris: Sequence[str], site: Site) -> list[Backend[Any]]:
    """Make a backend for every URI; raise `ConfigError` with all their mistakes."""
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    made: list[Backend[Any]] = []
    mistakes: list[str] = []
    for uri in uris:
        scheme = uri.partition(":")[0].lower()
        if ":" not in uri or scheme not in known:
            mistakes.append(
                f"{scheme!r} is no registry: a URI such as consul://127.0.0.1:8500 is"
                f" expected, with one of {', '.join(sorted(known))}"
            )
            continue
        try:
            kind: type[Backend[Any]] = known[scheme].load()
            made.append(kind.from_uri(uri, site))
        except ConfigError as error:
            mistakes += error.problems
        except (ImportError, AttributeError) as error:
            mistakes.append(f"{scheme}: its backend cannot be loaded: {error}")
    times = Counter(each.identity for each in made)
    mistakes += [
        f"{each.uri}: the same registry stands more than once"
        for each in {each.identity: each for each in made}.values()
        if times[each.identity] > 1
    ]
    if mistakes:
        raise ConfigError(*mistakes)
    return made
