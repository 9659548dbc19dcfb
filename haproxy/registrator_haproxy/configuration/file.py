"""Reads a configuration: YAML, or JSON, which is YAML too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from registrator import plain_yaml
from registrator.errors import ConfigError
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
        said = plain_yaml.load(text)
        twice = list(_twice(yaml.compose(text, plain_yaml.LOADER)))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
    mistakes = [f"{name}: {each}" for each in twice]
    if isinstance(said, dict) and is_synapse(said):
        try:
            said = translate(said, notes.append)
        except (AttributeError, TypeError) as error:
            raise ConfigError(f"{name}: synapse has other values: {error}") from error
    try:
        found = Configuration.model_validate({} if said is None else said)
    except ValidationError as error:
        tree = yaml.compose(text, plain_yaml.LOADER)
        for way, reason in _found(error):
            line = _line(tree, way)
            path = ".".join(map(str, way)) or "the file"
            mistakes.append(f"{name}: line {line}: {visible(path)}: {reason}")
    if mistakes:
        raise ConfigError(*mistakes)
    return Read(
        configuration=found, notes=tuple(f"{name}: {visible(each)}" for each in notes)
    )


def _found(error: ValidationError) -> Iterator[tuple[Sequence[str | int], str]]:
    for each in error.errors(include_url=False, include_input=False):
        if each["type"] == MISPLACED:
            yield from each["ctx"]["mistakes"]
        else:
            yield [step for step in each["loc"] if step != "[key]"], _reason(each)


def _reason(mistake: ErrorDetails) -> str:
    if mistake["type"] == "extra_forbidden":
        return "there is no such setting"
    if mistake["type"] == "tuple_type":
        return "should be a list"
    said = mistake["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return said[:1].lower() + said[1:]


def _line(node: yaml.Node | None, way: Sequence[str | int]) -> int:
    """Find the line of the value that is reached this way, or of what holds it."""
    for step in way:
        inner = _step(node, step)
        if inner is None:
            break
        node = inner
    return 1 if node is None else node.start_mark.line + 1


def _step(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        found = (value for key, value in node.value if key.value == str(step))
        return next(found, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    return None


def _twice(node: yaml.Node | None) -> Iterator[str]:
    """Find what stands twice in one table: of that PyYAML takes the last silently."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            # A key may be a table of its own, by a tag that makes text of it.
            said = str(key.value)
            if said in seen:
                line = key.start_mark.line + 1
                yield f"line {line}: {visible(said)} stands a second time"
            seen.add(said)
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)
