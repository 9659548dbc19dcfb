"""What is to be: by the operator's file, and by what services ask for."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from registrator.errors import ConfigError
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.listings import Listings
from registrator_haproxy.stamp import Stamp, stamp


class Wanted:
    """The configuration, anew whenever it may be another."""

    def __init__(
        self,
        file: Path | None,
        read: Callable[[], Configuration],
        base: Configuration,
        listings: Listings | None,
    ) -> None:
        """*read* gives what is in *file*, which is *base* now."""
        self._file = file
        self._read = read
        self._base = base
        self._listings = listings
        self._seen = self._stamp()

    @property
    def name(self) -> str:
        """What the configuration is called."""
        return "--auto" if self._file is None else str(self._file)

    def configuration(self) -> Configuration:
        """Put together what the file has and what services ask for."""
        if self._listings is None:
            return self._base
        return self._listings.configuration(self._base, _now())

    def anew(self, before: Configuration, *, asked: bool) -> Configuration | None:
        """Return it where it may be another; raise `ConfigError` where it is wrong.

        *asked*: whether the file is to be read in any case.
        """
        seen = self._stamp()
        if asked or seen != self._seen:
            self._seen = seen
            base = self._read()
            if base.haproxy != self._base.haproxy:
                raise ConfigError(f"{self.name}: haproxy: takes a restart to change")
            self._base = base
            return self.configuration()
        if self._listings is None or not self._listings.news(_now()):
            return None
        found = self.configuration()
        return None if found == before else found

    def _stamp(self) -> Stamp | None:
        return None if self._file is None else stamp(self._file)


def _now() -> float:
    return asyncio.get_running_loop().time()
