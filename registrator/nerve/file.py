"""Reads nerve's configuration and the directory of services that it may name."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from registrator import plain_yaml
from registrator.errors import ConfigError
from registrator.labels.whitelist import Refused
from registrator.nerve.translate import Nerve, translate
from registrator.nerve.values import table
from registrator.reading import content
from registrator.stamp import stamp
from registrator.visible import visible

_MOST: Final = 10_000
"""Files of one directory."""


class NerveFiles:
    """A configuration, as one file or with a directory of more."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._directory = ""

    def read(self) -> Nerve:
        """Read all of it; raise `ConfigError`.

        Of a service that stands in both, the file in the directory counts.
        """
        try:
            top = dict(table(_parsed(self._path), "the configuration"))
            services = table(top.pop("services", None), "services")
            self._directory = translate(top).directory
            more = {each.stem: _parsed(each) for each in self._files()}
            nerve = translate({**top, "services": {**services, **more}})
        except (ConfigError, Refused) as error:
            problems = error.problems if isinstance(error, ConfigError) else [error]
            own = f"{self._path}: "
            said = (str(each).removeprefix(own) for each in problems)
            raise ConfigError(*(f"{own}{each}" for each in said)) from None
        twice = sorted(services.keys() & more.keys())
        notes = [f"services.{name}: that of service_conf_dir counts" for name in twice]
        notes = [f"{self._path}: {visible(each)}" for each in (*nerve.notes, *notes)]
        return replace(nerve, notes=tuple(notes))

    def stamp(self) -> object:
        """Give what is another with every change of what was read."""
        try:
            files = self._files()
        except ConfigError:
            files = []
        return stamp(self._path), tuple((each.name, stamp(each)) for each in files)

    def _files(self) -> list[Path]:
        if not self._directory:
            return []
        where = f"service_conf_dir: {self._directory}"
        try:
            there = Path(self._directory).iterdir()
            found = sorted(each for each in there if each.suffix == ".json")
        except OSError as error:
            raise ConfigError(f"{where}: {error.strerror}") from error
        if len(found) > _MOST:
            raise ConfigError(f"{where}: more than {_MOST} files")
        return found


def _parsed(path: Path) -> Any:
    try:
        return plain_yaml.load(content(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name}: {' '.join(str(error).split())}") from error
