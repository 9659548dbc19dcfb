"""Reads a configuration: YAML, or JSON, which is YAML too."""

from dataclasses import dataclass

from pydantic import ValidationError

from registrator.errors import ConfigError
from registrator.located import Text, found
from registrator.visible import visible
from registrator_haproxy.configuration.claims import MISPLACED
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.configuration.synapse import is_synapse, translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A configuration, and what of synapse's cannot be honoured: one sentence each."""

    configuration: Configuration
    notes: tuple[str, ...] = ()


def read(text: str, name: str) -> Read:
    """Read the file called *name*; raise `ConfigError` with every mistake in it.

    Each says its line, and the way to the value: `web.yaml: line 3: services.web.port`.
    """
    notes: list[str] = []
    try:
        tree = Text(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
    said = tree.said
    mistakes = [f"{name}: {each}" for each in tree.twice()]
    if isinstance(said, dict) and is_synapse(said):
        try:
            said = translate(said, notes.append)
        except (AttributeError, TypeError) as error:
            raise ConfigError(f"{name}: synapse has other values: {error}") from error
    try:
        configuration = Configuration.model_validate({} if said is None else said)
    except ValidationError as error:
        mistakes += [
            f"{name}: {tree.mistake(way, reason)}"
            for way, reason in found(error, MISPLACED)
        ]
    if mistakes:
        raise ConfigError(*mistakes)
    return Read(
        configuration=configuration,
        notes=tuple(f"{name}: {visible(each)}" for each in notes),
    )
