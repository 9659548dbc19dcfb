"""Tags as the anchor writes them: a list with escaped commas, or a template of one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from registrator.errors import ConfigError, RegistratorError
from registrator.labels import whitelist
from registrator.model import Container

_COMMA = re.compile(r"(?<!\\),")
_OPENINGS = ("{{", "{%", "{#")


class TemplateError(RegistratorError):
    """The template does not work on this container; it may on others."""


def split_tags(text: str) -> tuple[str, ...]:
    r"""Cut *text* at its commas, not at `\,`, and drop what is empty."""
    return tuple(part.replace(r"\,", ",") for part in _COMMA.split(text) if part)


@dataclass(frozen=True, slots=True)
class TagTemplate:
    """The operator's -tags: plain tags, or a template in Go's language or jinja2's."""

    text: str
    _render: Callable[[Mapping[str, object]], str] | None = field(
        default=None, repr=False, compare=False
    )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read *text* without a container; raise `ConfigError` for what cannot work."""
        if not any(opening in text for opening in _OPENINGS):
            try:
                whitelist.tags(split_tags(text))
            except whitelist.Refused as refused:
                raise ConfigError(f"-tags: {refused}") from None
            return cls(text)
        # The template engine costs memory that a daemon without templates saves.
        from registrator.labels.template import compile_template  # noqa: PLC0415

        return cls(text, compile_template(text))

    def render(self, container: Container) -> tuple[str, ...]:
        """The tags for *container*; raise `TemplateError` where there can be none."""
        text = self.text
        if self._render is not None:
            text = self._render(container.attributes)
        try:
            return whitelist.tags(split_tags(text))
        except whitelist.Refused as refused:
            raise TemplateError(str(refused)) from None
