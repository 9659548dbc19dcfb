"""The options that say what a responder shows besides its host, and for how long."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

NAMES: Final[Mapping[str, str]] = {"max-stale": "3600", "linger": "0", "workers": "1"}
"""Each option with its default; besides there is `from`, any number of times."""

_MOST_WORKERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """Where instances are read, and how long what is known is good; seconds."""

    sources: tuple[str, ...] = ()
    """URIs of registries."""
    max_stale: float = 3600.0
    """How long answers go on from a registry or a daemon that is away; inf: ever."""
    linger: float = 0.0
    """How long they go on after the daemon was asked to stop."""
    workers: int = 1
    """Processes that share the queries."""


def read_lasting(
    pairs: Mapping[str, str], sources: Sequence[str], mistakes: list[str]
) -> Lasting:
    """Read the options, and note every mistake."""
    if len(set(sources)) < len(sources):
        mistakes.append("a registry stands twice in from=")
    workers = pairs["workers"]
    if not (workers.isascii() and workers.isdigit()) or not (
        1 <= int(workers) <= _MOST_WORKERS
    ):
        mistakes.append(
            f"workers {workers!r} is not a number from 1 to {_MOST_WORKERS}"
        )
        workers = "1"
    return Lasting(
        sources=tuple(dict.fromkeys(sources)),
        max_stale=_seconds("max-stale", pairs, mistakes) or math.inf,
        linger=_seconds("linger", pairs, mistakes),
        workers=int(workers),
    )


def _seconds(name: str, pairs: Mapping[str, str], mistakes: list[str]) -> float:
    text = pairs[name]
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if text.isascii() and 0.0 <= seconds <= 1e9:
        return seconds
    mistakes.append(f"{name} {text!r} is not a number of seconds, 0 or more")
    return 0.0
