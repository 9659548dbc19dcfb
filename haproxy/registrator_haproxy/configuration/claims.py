"""Finds what is claimed by two, and says all that is wrong with its place. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic_core import PydanticCustomError

Way = tuple[str | int, ...]
"""The steps from a table to a value in it."""

MISPLACED: Final = "misplaced"
"""The type of an error whose context has several mistakes, each with its way."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that one service or frontend has, and no other may."""

    way: Way
    who: str
    has: str
    """As of two, such as `listen on one place`."""
    what: object


def twice(claims: Iterable[Claim]) -> Iterator[tuple[Way, str]]:
    """Say what is claimed by two, at the way of the second."""
    first: dict[tuple[str, object], str] = {}
    for claim in claims:
        before = first.setdefault((claim.has, claim.what), claim.who)
        if before != claim.who:
            yield claim.way, f"{before} and {claim.who} {claim.has}: {claim.what}"


def refuse(mistakes: Sequence[tuple[Way, str]]) -> None:
    """Raise all of them as one error of pydantic's, if there are any."""
    if mistakes:
        said = "; ".join(sentence for _, sentence in mistakes)
        context = {"said": said, "mistakes": tuple(mistakes)}
        raise PydanticCustomError(MISPLACED, "{said}", context)
