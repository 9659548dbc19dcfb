"""Which of a few causes a sentence is about: the label of who counts it. Pure."""

import re
from typing import Final

OTHER: Final = "other"

_RELOADS: Final = (
    (r"not known what", "unknown"),
    (r"takes no (changes of servers|weights)", "balancing"),
    (r" needs \d+ slots", "slots"),
    (r" is new$", "new"),
    (r" is gone$", "gone"),
    (r" has other lines$", "lines"),
    (r" has other options$", "options"),
    (r"have another order$", "order"),
    (r"^server |: ", "refused"),
)
"""What `difference` says, and last what HAProxy's socket does."""

_DOUBTS: Final = (
    (r"for longer than", "expired"),
    (r" is away", "away"),
    (r" no servers", "empty"),
    (r" went at once", "loss"),
)
"""What `guard` says."""


def of_reload(reason: str) -> str:
    """Say what makes a reload necessary."""
    return _cause(reason, _RELOADS)


def of_doubt(why: str) -> str:
    """Say what a registry is not believed for."""
    return _cause(why, _DOUBTS)


def _cause(sentence: str, known: tuple[tuple[str, str], ...]) -> str:
    found = (cause for pattern, cause in known if re.search(pattern, sentence))
    return next(found, OTHER)
