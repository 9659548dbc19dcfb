"""What a file of services may say. The JSON Schema is made from this.

Its words are those of the SERVICE_ attributes, in lower case.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,63}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,127}$")]


def _as_text(said: object) -> object:
    if isinstance(said, bool):
        return str(said).lower()
    if isinstance(said, str | int | float):
        return str(said)
    raise ValueError("should be text, a number, true or false")


Plain = Annotated[
    str, BeforeValidator(_as_text, json_schema_input_type=str | int | float | bool)
]
"""A value that stands in an attribute, as text."""
Table = Annotated[Mapping[Key, Plain], Field(min_length=1)]


def _of_list(said: object) -> object:
    return tuple(said) if isinstance(said, list) else said


def _of_one_or_several(said: object) -> object:
    return (said,) if isinstance(said, str) else _of_list(said)


class Entry(BaseModel):
    """One service: where it is, and how it is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    port: Annotated[int, Field(ge=1, le=65535)]
    address: Text | None = None
    """An IP address; not given: the host's own, or -ip."""
    transport: Literal["tcp", "udp", "sctp"] = "tcp"
    name: Text | None = None
    """Not given: as it is called in this file."""
    id: Text | None = None
    """Not given: HOST:services:NAME:PORT."""
    tags: Annotated[
        tuple[Text, ...],
        BeforeValidator(
            _of_one_or_several, json_schema_input_type=Text | tuple[Text, ...]
        ),
    ] = ()
    metadata: Mapping[Key, Plain] = Field(default_factory=dict)
    check: Table | None = None
    """What SERVICE_CHECK_ attributes say, without that: http: /health, interval: 5s."""
    checks: Annotated[tuple[Table, ...], BeforeValidator(_of_list)] = ()
    """The same, of several checks."""
    priority: Annotated[int, Field(ge=0, le=65535)] | None = None
    weight: Annotated[int, Field(ge=1, le=65535)] | None = None
    weight_warning: Annotated[int, Field(ge=0, le=65535)] | None = None
    tagged_addresses: Mapping[Key, Text] = Field(default_factory=dict)
    enable_tag_override: bool = False
    health: Literal["required"] | None = None
    """required: it is shown nowhere, not even as unfit, while it is critical."""
    drain: Plain | None = None
    """How long it serves on once it has been taken out of the registries."""


class Services(BaseModel):
    """Services of this host that are no containers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    services: Mapping[Word, Entry] = Field(default_factory=dict)
    """By a name of the operator's, which is the service's unless it has another."""


def schema() -> dict[str, object]:
    """Make the JSON Schema of such a file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Services.model_json_schema(),
        "title": "Services that are no containers",
    }
