"""What every table of a configuration file is made of."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

T = TypeVar("T")


class Table(BaseModel):
    """A table that takes no setting but its own, and no value of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def of_list(value: object) -> object:
    """Make a tuple of a list; what is none stays for the judge."""
    return tuple(value) if isinstance(value, list) else value


Several = Annotated[tuple[T, ...], BeforeValidator(of_list)]
Text = Annotated[str, StringConstraints(min_length=1)]
