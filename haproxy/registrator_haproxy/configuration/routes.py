"""What a configuration may say of frontends that several services share. Pure."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from registrator_haproxy.configuration.table import (
    Line,
    Lines,
    Listen,
    Name,
    Table,
    of_one_or_several,
)

_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", re.ASCII)
_PATH: Final = re.compile(r"/[A-Za-z0-9_.~/%+=@:,!&*-]{0,300}", re.ASCII)


def read_host(said: str) -> str:
    """Read a DNS name, or `*.` and one, as it is compared; raise ValueError."""
    host = said.lower()
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise ValueError(
            f"{said[:60]!r} is no host: www.example.org, or *.example.org for all"
            " names below it"
        )
    return host


def read_path(said: str) -> str:
    """Read how a path begins, without a slash at its end; raise ValueError."""
    if not _PATH.fullmatch(said):
        raise ValueError(
            f"{said[:60]!r} is no path: it begins with / and has letters, digits and"
            " _.~/%+=@:,!&*- only"
        )
    return said.rstrip("/")


class Frontend(Table):
    """Where HAProxy listens for several services, which their routes tell apart."""

    listen: Annotated[
        tuple[Listen, ...],
        BeforeValidator(
            of_one_or_several, json_schema_input_type=Listen | tuple[Listen, ...]
        ),
        Field(min_length=1),
    ]
    bind_options: Line = Field(default="", alias="bind-options")
    lines: Lines = ()
    """They stand before the routes."""


class Route(Table):
    """Which requests of a frontend are a service's; without more: all others."""

    frontend: Name
    host: Annotated[str, AfterValidator(read_host)] | None = None
    path: Annotated[str, AfterValidator(read_path)] = ""
    """How the path begins, in whole segments; nothing, or `/`: every path."""

    def __str__(self) -> str:
        return f"{self.frontend}, {self.host or 'any host'}, {self.path or '/'}"
