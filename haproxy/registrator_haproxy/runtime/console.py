"""HAProxy's runtime socket: commands in, answers out, within a deadline.

Source: HAProxy's management guide, section 9.3, "Unix Socket commands". Each request is
one connection and one line; where a line has several commands they are joined by `;`,
since 3.2 runs only the first of two lines.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from registrator.errors import Unavailable
from registrator_haproxy import whitelist

Command = tuple[str, ...]
"""The words of one command; what is no such word is never sent."""

LONGEST_LINE: Final = 7_500
"""In octets; 3.2 takes half of its buffer of 16 KiB, and less if that is tuned."""

AT_ONCE: Final = 4
"""Exchanges; HAProxy takes 10 connections on all its sockets (`stats maxconn`)."""

_MOST_WORDS: Final = 60  # from the 65th on HAProxy drops them silently
_MOST_OCTETS: Final = 64 << 20  # 100,000 servers' states are 12 MiB


class Console:
    """What asks one HAProxy process; each exchange has *deadline* seconds of its own.

    With *via*, such as "@1" or "@!1234", the socket is the master's, and that is the
    worker which is meant.
    """

    def __init__(
        self,
        path: Path,
        *,
        deadline: float = 5.0,
        via: str = "",
        experimental: bool = False,
    ) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._path = path
        self._deadline = deadline
        self._via = via
        self._experimental = experimental

    def __str__(self) -> str:
        return f"haproxy {self._path}"

    def experimental(self) -> "Console":
        """Return one that says, with each line, that experiments are welcome."""
        found = Console(
            self._path, deadline=self._deadline, via=self._via, experimental=True
        )
        found._turns = self._turns
        return found

    async def ask(self, *words: str) -> str:
        """Say one command, and return the answer; raise `Unfit` before it is said."""
        return await self._exchange(self._line([self._written(words)]))

    async def tell(self, commands: Iterable[Command]) -> None:
        """Say all these in their order, over as few connections as hold them.

        What is answered is not told: in an answer to several nobody can say for sure
        which part is whose. Nothing is said if one of them is `Unfit`.
        """
        for line in list(self._lines([self._written(each) for each in commands])):
            await self._exchange(line)

    def _lines(self, written: Iterable[str]) -> Iterator[str]:
        together: list[str] = []
        for each in written:
            if together and len(self._line([*together, each])) > LONGEST_LINE:
                yield self._line(together)
                together = []
            together.append(each)
        if together:
            yield self._line(together)

    def _line(self, written: list[str]) -> str:
        opening = ["experimental-mode on"] if self._experimental else []
        commands = [*opening, *written]
        if self._via:
            # The master would keep the connection for more.
            return "; ".join([*(f"{self._via} {each}" for each in commands), "quit"])
        return "; ".join(commands)

    def _written(self, words: Command) -> str:
        written = " ".join(whitelist.word(word) for word in words)
        if not words or len(words) > _MOST_WORDS or len(written) > LONGEST_LINE // 2:
            raise whitelist.Unfit(
                f"command {written[:60]}: {len(words)} words, {len(written)} characters"
            )
        return written

    async def _exchange(self, line: str) -> str:
        try:
            async with self._turns, asyncio.timeout(self._deadline):
                return await self._heard(line)
        except OSError as error:
            late = isinstance(error, TimeoutError) and not error.errno
            reason = f"no answer in {self._deadline} s" if late else _reason(error)
            raise Unavailable(f"{self}: {reason}") from error

    async def _heard(self, line: str) -> str:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(f"{line}\n".encode("ascii"))
            await writer.drain()
            heard = bytearray()
            while piece := await reader.read(1 << 18):
                heard += piece
                if len(heard) > _MOST_OCTETS:
                    raise Unavailable(f"{self}: answers without end")
        finally:
            writer.close()
        if not heard.endswith(b"\n"):
            raise Unavailable(f"{self}: ended the connection before the answer's end")
        return heard.decode(errors="replace")


def _reason(error: OSError) -> str:
    # asyncio's own text names the socket once more.
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
