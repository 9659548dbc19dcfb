"""What must be written so that a store holds what it should."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from registrator.model import ServiceId

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """One record to write or remove, with what the store is known to hold."""

    id: ServiceId
    wanted: R | None
    present: R | None
    """None where the store holds nothing, or nobody knows what it holds."""


@dataclass(frozen=True, slots=True)
class Plan(Generic[R]):
    """The smallest set of writes, in a stable order."""

    puts: tuple[Change[R], ...] = ()
    drops: tuple[Change[R], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.puts or self.drops)


def plan(desired: Mapping[ServiceId, R], actual: Mapping[ServiceId, R]) -> Plan[R]:
    """Compare two tables of records by id and value."""
    puts = tuple(
        Change(key, desired[key], actual.get(key))
        for key in sorted(desired)
        if actual.get(key) != desired[key]
    )
    drops = tuple(
        Change(key, None, actual[key]) for key in sorted(actual.keys() - desired.keys())
    )
    return Plan(puts, drops)


def needs_confirmation(drops: int, present: int, share: float) -> bool:
    """Whether dropping so many of the records *present* needs a second look.

    *share* is the part, 0 to 1, that may go on the word of one listing.
    """
    return drops > present * share
