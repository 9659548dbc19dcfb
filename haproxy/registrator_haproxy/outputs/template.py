"""Templates of the operator's, run by jinja2 in a sandbox. Pure.

What registries hold is data in them and never a template. What would give another text
each time, and so write a file for nothing, is not there.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from types import TracebackType
from typing import Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from registrator.errors import ConfigError
from registrator.model import endpoint
from registrator.visible import visible
from registrator_haproxy.outputs.entries import Entry

MOST: Final = 16 * 1024 * 1024
"""Characters of a text: more is a loop that was not meant."""

_ODD: Final = re.compile(r"[^A-Za-z0-9_.:-]+", re.ASCII)
_FILE: Final = "<template>"
"""What jinja2 calls the file of a template that is text."""

_FAILURES: Final = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template raises on data that is not what it expects."""


class Template:
    """One template, understood; it can be filled in again and again."""

    def __init__(self, text: str, name: str) -> None:
        """Raise `ConfigError` with the line where *text* is no template."""
        self._name = name
        if not text.strip():
            # So it is for a moment while somebody writes it anew.
            raise self._wrong(1, "the template is empty")
        try:
            self._template = _environment().from_string(text)
        except jinja2.TemplateSyntaxError as error:
            raise self._wrong(error.lineno, error.message or "") from None
        except RecursionError:
            raise self._wrong(1, "nested too deeply") from None

    def fill(self, services: Mapping[str, Sequence[Entry]], node: str) -> str:
        """Give the text; raise `ConfigError` with the line that does not work."""
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate(services=services, node=node):
                size += len(piece)
                if size > MOST:
                    raise self._wrong(1, f"gives more than {MOST} characters")
                pieces.append(piece)
            text = "".join(pieces)
            text.encode()  # a template can spell halves of characters
        except _FAILURES as error:
            raise self._wrong(_line(error.__traceback__), str(error)) from None
        return text

    def _wrong(self, line: int, why: str) -> ConfigError:
        said = visible(why[:300].rstrip("."))
        return ConfigError(f"{self._name}: line {line}: {said}")


def hostport(entry: Entry) -> str:
    """Join address and port, with the brackets that IPv6 needs."""
    return endpoint(entry.address, entry.port)


def plain(value: object) -> str:
    """Have `-` for all that no name has: what is left means nothing to any program."""
    return _ODD.sub("-", str(value)).strip("-")


def as_json(value: object) -> str:
    """Write JSON, in ASCII and in one line; in YAML it says the same."""
    return json.dumps(value, default=_simple)


def _simple(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Iterable) and not isinstance(value, jinja2.Undefined):
        return list(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


def _environment() -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=False,  # what is written is no HTML
        cache_size=0,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    del environment.globals["lipsum"], environment.filters["random"]
    environment.filters |= {"hostport": hostport, "json": as_json, "plain": plain}
    return environment


def _line(trace: TracebackType | None) -> int:
    """Find the template's line: jinja2 puts it into the trace in place of its own."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
