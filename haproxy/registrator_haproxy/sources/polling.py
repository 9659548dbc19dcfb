"""What sources have in common that must be asked again and again."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from registrator.errors import ConfigError, Unavailable
from registrator.http_client import Answer
from registrator.kinds import SECONDS
from registrator.readable import Reading

LONGEST: Final = 16 * 1024 * 1024
"""Octets of an answer: some 50,000 instances. What is longer is not read."""

_RAREST: Final = 3600.0


async def readings(
    look: Callable[[], Awaitable[Reading]], poll: float
) -> AsyncIterator[Reading]:
    """Yield what *look* finds, whenever it has changed; look every *poll* s."""
    before: Reading | None = None
    while True:
        reading = await look()
        if reading != before:
            yield reading
            before = reading
        await asyncio.sleep(poll)


def read_poll(options: Mapping[str, str], usual: float, shown: str) -> float:
    """Read the option `poll`, in seconds; raise `ConfigError` for what is none."""
    try:
        poll = SECONDS.read(options.get("poll", f"{usual:g}"))
    except ValueError:
        poll = 0.0
    if not 0.01 <= poll <= _RAREST:
        raise ConfigError(f"{shown}: poll is not a number of seconds up to {_RAREST:g}")
    return poll


def read_number(
    options: Mapping[str, str], name: str, least: int, most: int, shown: str
) -> int | None:
    """Read a whole number, None where it is not said; else raise `ConfigError`."""
    text = options.get(name)
    if text is None:
        return None
    fits = text.isascii() and text.isdigit() and len(text) < 6
    if not (fits and least <= int(text) <= most):
        raise ConfigError(f"{shown}: {name} is not a number from {least} to {most}")
    return int(text)


def parsed(answer: Answer, uri: str) -> Mapping[str, Any]:
    """Read a JSON object; raise `Unavailable` where the answer is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{uri}: the answer is not JSON") from error
    if not isinstance(found, dict):
        raise Unavailable(f"{uri}: the answer is not a JSON object")
    return found
