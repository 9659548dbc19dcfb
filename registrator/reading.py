"""Reads small files of the operator's, and notices when they change."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Generic, TypeVar

from registrator.bell import Bell
from registrator.errors import ConfigError

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK: Final = 0.5
"""Seconds between two looks at whether a file has changed."""
_MOST: Final = 1_000_000
"""Octets of a file: more is no configuration."""


def content(path: Path) -> str:
    """Read a text in UTF-8; raise `ConfigError` where there is none."""
    if path.is_fifo():
        raise ConfigError(f"{path}: is a pipe, which is read once only: give a file")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: no text in UTF-8") from error
    if len(data) > _MOST:
        raise ConfigError(f"{path}: more than {_MOST} octets are no configuration")
    return text


class Followed(Generic[T]):
    """What files say, read anew when they change; what is wrong changes nothing."""

    def __init__(
        self, name: str, read: Callable[[], T], stamp: Callable[[], object], bell: Bell
    ) -> None:
        """Read it now; raise `ConfigError`.

        *stamp* says what is another with every change; *bell* has it read regardless.
        """
        self._name, self._read, self._stamp, self._bell = name, read, stamp, bell
        self._seen = self._before = stamp()
        self._rung = bell.count
        self.said = read()
        """What they said when they were last right."""

    async def look(self) -> bool:
        """Wait a moment; whether they say something anew. Log what is wrong with it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._bell.after(self._rung)
        asked, self._rung = self._bell.count != self._rung, self._bell.count
        before, self._before = self._before, await asyncio.to_thread(self._stamp)
        if not asked:
            # One that is just being written is left alone until it is still.
            still = self._before == before
            if not still or self._before == self._seen:
                return False
        self._seen = self._before
        try:
            self.said = await asyncio.to_thread(self._read)
        except ConfigError as error:
            problems = "; ".join(error.problems)
            log.error("%s; what it said before stays in use", problems)  # noqa: TRY400  the sentence says it all
            return False
        log.info("%s: read anew", self._name)
        return True
