"""What a configuration file says of instances that come and go."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from registrator_haproxy.configuration.table import Table
from registrator_haproxy.damping import Patience


class Damping(Table):
    """How much coming and going of one instance is borne."""

    suppress: Annotated[float, Field(ge=1, le=1000)] = 3.0
    """How often it may go, in about a half-life, before it is held out."""
    reuse: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Down to how much of that it is let in again."""
    half_life: Annotated[float, Field(gt=0, le=86400)] = Field(
        default=60.0, alias="half-life"
    )
    """Seconds in which half of its going is forgotten."""
    longest: Annotated[float, Field(gt=0, le=86400)] = 600.0
    """Seconds after which it is let in that no longer goes."""

    @model_validator(mode="after")
    def _it_is_let_in(self) -> Self:
        if self.reuse >= self.suppress:
            raise ValueError("`reuse` is to be below `suppress`")
        return self


class Damped(Table):
    """The setting of a service that says so."""

    damping: Damping | None = Damping()
    """When an instance that comes and goes is held out; nothing: never."""

    @property
    def patience(self) -> Patience | None:
        """How much coming and going of an instance is borne; None: any."""
        if (said := self.damping) is None:
            return None
        return Patience(
            suppress=said.suppress,
            reuse=said.reuse,
            half_life=said.half_life,
            longest=said.longest,
        )
