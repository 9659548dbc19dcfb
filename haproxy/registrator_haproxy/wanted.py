"""What is to be: by the operator's file, and by what services ask for."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from registrator.errors import ConfigError
from registrator.stamp import Stamp, stamp
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.listings import Listings

_AGAIN: Final = 30.0
"""Seconds until HAProxy is asked once more what it has not taken.

That may have been for want of time, or of room on a disk.
"""


class Wanted:
    """The configuration, anew whenever it may be another."""

    def __init__(
        self,
        file: Path | None,
        read: Callable[[], Configuration],
        base: Configuration,
        listings: Listings | None,
        seen: Stamp | None,
    ) -> None:
        """*read* gives what is in *file*; that was *base* when it was *seen* so."""
        self._file = file
        self._read = read
        self._base = base
        self._listings = listings
        self._seen = self._looked = seen
        self._again = float("-inf")

    @property
    def name(self) -> str:
        """What the configuration is called."""
        return "--auto" if self._file is None else str(self._file)

    def configuration(self, now: float) -> Configuration:
        """Put together what the file has and what services ask for.

        *now* is the loop's time.
        """
        if self._listings is None:
            return self._base
        return self._listings.configuration(self._base, now)

    def anew(
        self, before: Configuration, now: float, *, asked: bool
    ) -> Configuration | None:
        """Return it where it may be another; raise `ConfigError` where it is wrong.

        *asked*: whether the file is to be read in any case. Else it is read when it has
        not changed from one look to the next: half of a file may be right, too.
        """
        seen, looked = self._stamp(), self._looked
        self._looked = seen
        if asked and seen is None and self._file and self._file.exists():
            raise ConfigError(f"{self.name}: it is no file, and can be read once only")
        if asked or (seen != self._seen and seen == looked):
            self._seen = seen
            base = self._read()
            if base.haproxy != self._base.haproxy:
                raise ConfigError(f"{self.name}: haproxy: takes a restart to change")
            self._base = base
            self._again = now + _AGAIN
            return self.configuration(now)
        if self._listings is None:
            return self._refused(before, now)
        if not self._listings.news(now):
            return None
        found = self.configuration(now)
        return None if found == before else found

    def _refused(self, before: Configuration, now: float) -> Configuration | None:
        """Return what was returned already, and not taken; None: it is in use."""
        if self._base is before or now < self._again:
            return None
        self._again = now + _AGAIN
        return self._base

    def _stamp(self) -> Stamp | None:
        return None if self._file is None else stamp(self._file)
