"""Which instances are ours, as far as we know: a server has no index of them."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from registrator import state

log = logging.getLogger(__name__)

Place = tuple[str, str]
"""An application and the id of an instance."""


class Roster:
    """Places of instances, each with the time of its last change.

    A file in *directory*, where there is one, lets the next start know them too.
    What cannot be written or read is told and done without.
    """

    def __init__(self, directory: Path | None, uri: str, node: str) -> None:
        name = hashlib.sha256(f"{uri} {node}".encode()).hexdigest()[:16]
        self._path = directory and directory / f"eureka-{name}.json"
        self._saved: frozenset[Place] = frozenset()
        self._apps: dict[str, dict[str, int]] = {}

    @property
    def places(self) -> frozenset[Place]:
        """Where an instance of ours may stand."""
        return frozenset(
            (app, instance) for instance, apps in self._apps.items() for app in apps
        )

    def load(self) -> None:
        """Take in what an earlier start has written."""
        if self._path is None or not self._path.exists():
            return
        try:
            for app, instance in json.loads(self._path.read_bytes()):
                self.add((str(app), str(instance)))
        except OSError as error:
            log.warning("state %s: %s; starting without it", self._path, error.strerror)
        except (ValueError, TypeError, RecursionError):
            log.warning("state %s: not as we write it; starting without it", self._path)
        self._saved = self.places

    def keep(self, found: Mapping[Place, int]) -> None:
        """Know these with their times, and no others any more."""
        self._apps = {}
        for place, dirty in found.items():
            self.add(place, dirty)

    def add(self, place: Place, dirty: int | None = None) -> None:
        """Know a place, and when its instance was changed: ms since 1970."""
        app, instance = place
        apps = self._apps.setdefault(instance, {})
        apps[app] = apps.get(app, 0) if dirty is None else dirty

    def discard(self, place: Place) -> None:
        """Know a place no more."""
        app, instance = place
        apps = self._apps.get(instance, {})
        apps.pop(app, None)
        if not apps:
            self._apps.pop(instance, None)

    def apps(self, instance: str) -> frozenset[str]:
        """List the applications that may hold an instance of this id."""
        return frozenset(self._apps.get(instance, ()))

    def dirty(self, place: Place) -> int:
        """Say when an instance was changed; 0 where that is not known."""
        app, instance = place
        return self._apps.get(instance, {}).get(app, 0)

    def save(self) -> None:
        """Write the file if the places have changed since."""
        places = self.places
        if self._path is None or places == self._saved:
            return
        self._saved = places
        try:
            state.write(self._path, json.dumps(sorted(places)))
        except OSError as error:
            log.warning("state %s: %s; going on without it", self._path, error.strerror)
