"""What every table of a configuration file is made of, and the values in several."""

from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from registrator_haproxy import whitelist
from registrator_haproxy.configuration.bind import Bind, read_bind

T = TypeVar("T")


class Table(BaseModel):
    """A table that takes no setting but its own, and no value of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def of_list(value: object) -> object:
    """Make a tuple of a list; what is none stays for the judge."""
    return tuple(value) if isinstance(value, list) else value


def of_one_or_several(value: object) -> tuple[object, ...]:
    """Make a tuple of a list, and of one value by itself."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a line of HAProxy's has printable characters only")
    return text


Several = Annotated[tuple[T, ...], BeforeValidator(of_list)]
Name = Annotated[str, AfterValidator(whitelist.name)]
Line = Annotated[str, AfterValidator(_one_line)]
Lines = Several[Line]
Listen = Annotated[
    Bind,
    PlainValidator(read_bind),
    WithJsonSchema({"type": ["string", "integer"], "examples": [8080, "[::1]:8080"]}),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400)]
Text = Annotated[str, StringConstraints(min_length=1)]
