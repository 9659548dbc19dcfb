"""Reads YAML of a few plain values: what a settings file needs, and no more."""

from typing import Final

import yaml

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast in C: a thousand services are read while the daemon works."""
DEEPEST = 8
"""Tables and lists within each other: PyYAML's time grows with the square of it."""


def load(text: str) -> object:
    """Read one document; raise ValueError for what is no YAML, or not plain."""
    try:
        _refuse_what_grows(text)
        found: object = yaml.load(text, LOADER)  # noqa: S506  it is a safe one
        _refuse_what_stands_twice(yaml.compose(text, LOADER))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except (AttributeError, LookupError) as error:  # of `!!int ""` and its kin
        raise ValueError("a value does not fit the tag before it") from error
    return found


def _refuse_what_grows(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, LOADER):
        if isinstance(event, yaml.AliasEvent):  # nine lines of them can fill memory
            raise ValueError("aliases (*name) are not supported")  # noqa: TRY004  of the text
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError("nested too deeply")


def _refuse_what_stands_twice(document: yaml.Node | None) -> None:
    """YAML forbids it, TOML tells it, and PyYAML lets the last one win."""
    if not isinstance(document, yaml.MappingNode):
        return
    keys: set[str] = set()
    for key, _ in document.value:
        if not isinstance(key, yaml.ScalarNode):  # as `? !!str {=: ttl}`
            raise ValueError("a key is plain text")  # noqa: TRY004  of the text
        if key.value in keys:
            line = key.start_mark.line + 1
            raise ValueError(f"{key.value} stands a second time in line {line}")
        keys.add(key.value)
