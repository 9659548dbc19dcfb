"""Which version of the engine's API to speak."""

import re
from collections.abc import Mapping
from typing import Final

from registrator.engine import shape
from registrator.errors import SourceError

OLDEST: Final = (1, 24)
NEWEST: Final = (1, 52)

_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})", re.ASCII)


def agree(told: Mapping[str, object]) -> str:
    """Choose a version from an engine's answer to /version.

    The newest that both know. Where the engine has dropped all of ours, its oldest:
    it may still do, and it certainly does better than a refusal.
    """
    try:
        theirs = _parse(shape.text(told.get("ApiVersion"), "ApiVersion"))
        # Engines before 1.13 do not tell it.
        minimum = _parse(
            shape.text(told.get("MinAPIVersion"), "MinAPIVersion") or "0.0"
        )
    except shape.Misshapen as error:
        raise SourceError(f"the engine's version: {error}") from error
    if theirs < OLDEST:
        raise SourceError(f"the engine speaks API {_say(theirs)}, older than 1.24")
    return _say(max(min(NEWEST, theirs), minimum))


def _parse(text: str) -> tuple[int, int]:
    found = _VERSION.fullmatch(text)
    if not found:
        raise shape.Misshapen(f"{text[:20]!r} is not an API version")
    return int(found[1]), int(found[2])


def _say(version: tuple[int, int]) -> str:
    return "{}.{}".format(*version)
