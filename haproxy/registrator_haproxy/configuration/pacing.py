"""What a configuration file says of when changes are made."""

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from registrator_haproxy.configuration.table import Seconds, Table
from registrator_haproxy.pace import Reloads, Settle, read_settle

Wait = Annotated[
    Settle,
    PlainValidator(read_settle),
    WithJsonSchema({"type": "string", "examples": ["0.5:5"]}),
]


class Pacing(Table):
    """The settings of a whole configuration that say so."""

    seed: str | None = None
    """What the order of servers, and the choice of some, depend on: this host."""
    settle: Wait = Field(default=Settle(), json_schema_extra={"default": "0:0"})
    """For how long changes are awaited, so that several are made together."""
    reload_interval: Seconds = Field(default=2.0, alias="reload-interval")
    """Seconds from one reload to the next: what changes meanwhile comes with that."""
    reload_jitter: Annotated[float, Field(ge=0, le=1000)] = Field(
        default=0.0, alias="reload-jitter"
    )
    """Over which share of that the reloads of a fleet's hosts are spread."""

    @property
    def reloads(self) -> Reloads:
        """How far reloads are apart."""
        return Reloads(
            interval=self.reload_interval,
            jitter=self.reload_jitter,
            host=self.seed or "",
        )
