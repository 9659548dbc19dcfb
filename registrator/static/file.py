"""Reads a file of services: YAML, or JSON, which is YAML too."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from registrator.errors import ConfigError
from registrator.located import Text, Way, found
from registrator.reading import content
from registrator.static.entries import Filed, filed, mistakes
from registrator.static.model import Entry, Services


def load(path: str, kinds: frozenset[str] = frozenset()) -> tuple[Filed, ...]:
    """Read the file at *path*; raise `ConfigError` with every mistake in it.

    *kinds* are those of checks that run here.
    """
    return read(content(Path(path)), path, kinds)


def read(
    text: str, name: str, kinds: frozenset[str] = frozenset()
) -> tuple[Filed, ...]:
    """Read the text of the file called *name*; raise the same.

    Each mistake says its line, and the way to the value.
    """
    try:
        tree = Text(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: {' '.join(str(error).split())}") from error
    wrong = [*tree.twice()]
    try:
        entries = Services.model_validate({} if tree.said is None else tree.said)
    except ValidationError as error:
        wrong += [tree.mistake(way, why) for way, why in found(error)]
        entries = Services(services=dict(_right(tree.said)))
    wrong += [tree.mistake(way, why) for way, why in _wrong(entries, kinds)]
    if wrong:
        raise ConfigError(*(f"{name}: {each}" for each in wrong))
    return tuple(filed(key, entry) for key, entry in entries.services.items())


def _right(said: object) -> Iterator[tuple[str, Entry]]:
    """Go on with the entries that are right: they may be wrong in other ways."""
    services = said.get("services") if isinstance(said, dict) else None
    for key, entry in services.items() if isinstance(services, dict) else ():
        with suppress(ValidationError):
            read = Services.model_validate({"services": {key: entry}})
            yield from read.services.items()


def _wrong(said: Services, kinds: frozenset[str]) -> Iterator[tuple[Way, str]]:
    for key, entry in said.services.items():
        for way, why in mistakes(key, entry, kinds):
            yield ("services", key, *(_place(step) for step in way)), why
    ids = {key: entry.id for key, entry in said.services.items() if entry.id}
    times = Counter(ids.values())
    for key, own in ids.items():
        if times[own] > 1:
            yield ("services", key, "id"), "another service has the same"


def _place(step: str) -> str | int:
    return int(step) if step.isdecimal() else step
