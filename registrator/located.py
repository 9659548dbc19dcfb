"""Finds where in a YAML text a mistake stands, for whoever judges it with pydantic."""

from collections.abc import Iterator, Sequence

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from registrator import plain_yaml
from registrator.visible import visible

Way = Sequence[str | int]
"""The keys and places by which a value is reached."""


class Text:
    """A YAML text, with the line of every value in it."""

    def __init__(self, text: str) -> None:
        """Raise ValueError for what is no plain YAML."""
        self.said = plain_yaml.load(text)
        """What it says."""
        self._tree = yaml.compose(text, plain_yaml.LOADER)

    def mistake(self, way: Way, reason: str) -> str:
        """Write a mistake with its place: `line 3: services.web.port: reason`."""
        path = ".".join(map(str, way)) or "the file"
        return f"line {self._line(way)}: {visible(path)}: {reason}"

    def twice(self) -> Iterator[str]:
        """Find what stands twice in one table: of that PyYAML takes the last."""
        yield from _twice(self._tree)

    def _line(self, way: Way) -> int:
        """Find the line of the value that is reached this way, or of what holds it."""
        node = self._tree
        for step in way:
            inner = _step(node, step)
            if inner is None:
                break
            node = inner
        return 1 if node is None else node.start_mark.line + 1


def found(error: ValidationError, special: str = "") -> Iterator[tuple[Way, str]]:
    """List the mistakes of a model; those of the kind *special* hold some of their own.

    Those are in the context of such an error, as `mistakes`.
    """
    for each in error.errors(include_url=False, include_input=False):
        if special and each["type"] == special:
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


def _step(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        values = (value for key, value in node.value if key.value == str(step))
        return next(values, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    return None


def _twice(node: yaml.Node | None) -> Iterator[str]:
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
