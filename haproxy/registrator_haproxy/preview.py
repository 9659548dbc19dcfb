"""What would be done now, and nothing of it is: a plan beside what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from registrator.model import Instance
from registrator_haproxy.difference import Difference, difference
from registrator_haproxy.layout import Layout
from registrator_haproxy.plan import Planned, Planner
from registrator_haproxy.render import render
from registrator_haproxy.runtime import Console, by_backend, look
from registrator_haproxy.slots import Slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is wanted, and what it takes to have it."""

    planned: Planned
    difference: Difference

    @property
    def text(self) -> str:
        """What HAProxy's file would say."""
        return render(self.planned.layout)


async def preview(
    believed: Mapping[str, Sequence[Instance]],
    loaded: Layout | None,
    console: Console,
    planner: Planner,
) -> Preview:
    """Compare what is to be with what runs; *loaded*: as `Keeper` has it.

    Raise `Unavailable` where HAProxy does not tell what it has.
    """
    planned, slots = planner.plan(believed), Slots()
    lives = await look(console)
    slots.find(by_backend(lives))
    planned = replace(planned, layout=slots.fill(planned.layout))
    found = difference(loaded, planned.layout, lives)
    return Preview(planned=planned, difference=found)
