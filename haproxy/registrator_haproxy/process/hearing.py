"""What HAProxy says on its standard error: in our log, line by line.

It goes through a named pipe, so that a daemon that comes after this one hears it too.
While none reads, HAProxy's lines are lost and it is not held up: its end neither blocks
nor, without a reader, takes anything (HAProxy ignores SIGPIPE).
"""

import asyncio
import logging
import os
import re
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from registrator_haproxy.process.command import lines

log = logging.getLogger(__name__)

_LINE: Final = 8192
"""Octets after which a line is one, whether it ends or not."""
_LEVELS: Final = {
    "[ALERT]": logging.ERROR,
    "[WARNING]": logging.WARNING,
    "[NOTICE]": logging.DEBUG,
}

_ROUTINE: Final = re.compile(
    r"Proxy \S+ stopped|Former worker .* exited with code 0|Reexecuting|Reloading"
    r"|enters drain state|going DOWN for maintenance\. "
    r"|leaving forced (maintenance|drain)"
)
"""Of its warnings, those that come with every reload, and with what is done at work."""


class Hearing:
    """A named pipe, read as long as this is open."""

    written: bool = False
    """Whether there was somebody at the other end when it was opened."""

    ending: bool = False
    """Whether HAProxy is told to end: then what it says of that alarms nobody."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._rest = b""
        self._alerts: deque[str] = deque(maxlen=20)

    async def __aenter__(self) -> Self:
        """Make the pipe if need be; raise OSError where that cannot be."""
        if not self._place.is_fifo():
            os.mkfifo(self._place, 0o600)
        self.written = _is_written(self._place)
        # For writing too: else it would end when HAProxy does, and be read for ever.
        flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = os.open(self._place, flags)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._read()
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    def end(self) -> int:
        """Open the end that HAProxy is to write to; who gets it closes it."""
        return os.open(self._place, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def forget(self) -> None:
        """Have no alerts yet."""
        self._read()
        self._alerts.clear()

    def alerts(self) -> tuple[str, ...]:
        """Return what it last complained of, oldest first, up to this moment."""
        self._read()
        return tuple(self._alerts)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            piece = os.read(self._descriptor, 65536)
            *whole, rest = (self._rest + piece).split(b"\n")
            if len(rest) > _LINE:
                whole, rest = [*whole, rest], b""
            self._rest = rest
            for line in lines(b"\n".join(whole)):
                self._note(line)

    def _note(self, line: str) -> None:
        level = _LEVELS.get(line.partition(" ")[0], logging.INFO)
        if self.ending or (level == logging.WARNING and _ROUTINE.search(line)):
            level = logging.DEBUG
        log.log(level, "haproxy: %s", line)
        if level >= logging.WARNING:
            self._alerts.append(line)


def _is_written(place: Path) -> bool:
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return bool(os.read(descriptor, 1))
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
