"""What the HAProxy side is started with, and its configuration by that."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registrator.errors import ConfigError
from registrator.readable import Site
from registrator.stamp import Stamp
from registrator_haproxy import tiers
from registrator_haproxy.configuration.file import read
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.guard import Belief
from registrator_haproxy.listings import Asked, Listings
from registrator_haproxy.pace import Settle
from registrator_haproxy.registries import Origin, Registries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the command line and the environment say."""

    file: Path | None
    """The configuration; None: services ask for their places themselves."""
    seen: Stamp | None = None
    """How the file was before it was read."""
    auto: Asked | None = None
    """What is said of those that do, beside the configuration."""
    state: Path | None
    """A directory that outlives us; None: there is none."""
    node: str
    zone: str = ""
    """Where this host is, if the configuration is not to say so."""
    environment: Mapping[str, str]
    settle: Settle | None = None
    """For how long changes are awaited, if not as the configuration says."""
    control: Path | None = None
    """Where we are asked; None: in the runtime directory."""
    ready: Callable[[Configuration], None] = lambda _: None
    """Hears that nothing of the configuration keeps us from working any more."""

    def keeping(self, state: Path | None) -> "Start":
        """Do the same with a place for what is to outlive us."""
        return replace(self, state=state)

    def site(self) -> Site:
        """Say what registries are told of who reads them."""
        return Site(node=self.node, environment=self.environment)

    def listings(self, beliefs: Mapping[Origin, Belief]) -> Listings | None:
        """Follow what services ask for; None: they are not asked."""
        return Listings(self.auto, self.site(), beliefs) if self.auto else None


def load(start: Start) -> Configuration:
    """Read the configuration, and the addresses in it; raise `ConfigError`."""
    if start.file is None:
        return _by(start, Configuration())
    try:
        text = start.file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{start.file}: {reason}") from error
    return loaded(start, text, str(start.file))


def loaded(start: Start, text: str, name: str) -> Configuration:
    """Do the same with the text of one that is called *name*."""
    found = read(text, name)
    for note in found.notes:
        log.warning("%s", note)
    try:
        return _by(start, found.configuration)
    except ConfigError as error:
        raise ConfigError(*(f"{name}: {each}" for each in error.problems)) from error


def _by(start: Start, configuration: Configuration) -> Configuration:
    """Add what the command line says; raise `ConfigError` for addresses."""
    if configuration.seed is None:
        configuration = configuration.model_copy(update={"seed": start.node})
    if start.zone:
        zone = tiers.steps([start.zone])
        configuration = configuration.model_copy(update={"zone": zone})
    if start.settle is not None:
        configuration = configuration.model_copy(update={"settle": start.settle})
    Registries(configuration, start.site())
    start.listings({})
    return configuration
