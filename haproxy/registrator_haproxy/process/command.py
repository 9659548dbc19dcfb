"""Other programs: run without a shell, under a deadline, and with little said."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from registrator.errors import ConfigError, Unavailable

_MOST: Final = 64 * 1024
"""Octets of what a program says that are kept; the rest is read and dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a program ended, and what it said on its two outputs together."""

    code: int
    """Its exit status; below zero: the signal that ended it."""
    said: tuple[str, ...]
    """The lines that are not empty, control characters left out."""


async def run(arguments: Sequence[str], deadline: float) -> Outcome:
    """Run a program to its end, within *deadline* seconds.

    Whatever is left of it and of what it started is killed when this returns, or is
    cancelled. Raise `ConfigError` where it cannot be started, and `Unavailable` where
    it takes longer.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # so that all of it can be killed
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{arguments[0]}: cannot be run: {reason}") from error
    try:
        async with asyncio.timeout(deadline):
            said = await _read(process.stdout)
            code = await process.wait()
    except TimeoutError as late:
        what = " ".join(arguments)
        raise Unavailable(f"{what}: not done in {deadline:g} s, and killed") from late
    finally:
        await _end(process)
    return Outcome(code=code, said=lines(said))


def lines(said: bytes) -> tuple[str, ...]:
    """Split what a program said into its lines, fit to be logged."""
    text = said.decode(errors="replace")
    clean = (
        "".join(sign for sign in line if sign.isprintable()).rstrip()
        for line in text.splitlines()
    )
    return tuple(line for line in clean if line)


async def _read(output: asyncio.StreamReader | None) -> bytes:
    kept = bytearray()
    while output and (piece := await output.read(_MOST)):
        kept += piece[: _MOST - len(kept)]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
