"""What an output shows of a service: entries that are fit to be written. Pure.

Addresses and ports are those that HAProxy would be given. What else a registry holds is
text that anybody may have written: none of it can end a line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from registrator.fitness import Status
from registrator.model import Instance, endpoint
from registrator.visible import visible
from registrator_haproxy import whitelist
from registrator_haproxy.configuration.model import Fixed, Service
from registrator_haproxy.whitelist import Unfit

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One instance, as templates see it; what is not printable is not in it."""

    id: str
    name: str
    address: str
    port: int
    node: str = ""
    container: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str]
    weight: int = 1
    status: str = Status.PASSING.value
    fixed: bool = False
    """Whether it stands in the configuration and in no registry."""

    @property
    def place(self) -> str:
        """Address and port, with the brackets that IPv6 needs."""
        return endpoint(self.address, self.port)

    @property
    def literal(self) -> bool:
        """Whether the address is an IP address, and no name."""
        return whitelist.is_literal(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The entries of a service in a lasting order, and what is not shown of it."""

    entries: tuple[Entry, ...]
    left_out: tuple[str, ...]
    """One sentence for each value, or for each instance."""


def entries(name: str, service: Service, instances: Iterable[Instance]) -> Entries:
    """Show those *instances* that the service's settings let serve.

    As with HAProxy, one place is one entry, and its fixed servers stand in where there
    is none.
    """
    left_out: list[str] = []
    found: dict[str, Entry] = {}
    for instance in sorted(instances, key=_order):
        if not all(each.lets(instance.metadata) for each in service.filters):
            continue
        try:
            address = whitelist.address(instance.address)
            port = whitelist.port(service.port or instance.port)
        except Unfit as error:
            left_out.append(f"{_named(instance.id)}: {error}")
            continue
        entry = _entry(instance, address, port, left_out)
        found.setdefault(entry.place, entry)
    if not found or service.keep_servers:
        for each in service.servers:
            entry = _fixed(name, service, each)
            found.setdefault(entry.place, entry)
    return Entries(entries=tuple(found.values()), left_out=tuple(left_out))


def _order(instance: Instance) -> tuple[str, int, str]:
    return instance.address, instance.port, instance.id


def _entry(instance: Instance, address: str, port: int, left_out: list[str]) -> Entry:
    whose = _named(instance.id)

    def fit(what: str, value: str) -> str:
        if value.isprintable():
            return value
        left_out.append(f"{whose}: {what} is not printable: {_named(value)}")
        return ""

    return Entry(
        id=fit("its id", instance.id),
        name=fit("its name", instance.name),
        address=address,
        port=port,
        node=fit("its node", instance.node),
        container=fit("its container", instance.container),
        tags=tuple(each for each in instance.tags if fit("a tag", each)),
        metadata=dict(_metadata(instance, whose, left_out)),
        weight=instance.weight,
        status=instance.status.value,
    )


def _metadata(
    instance: Instance, whose: str, left_out: list[str]
) -> Iterator[tuple[str, str]]:
    for key, value in sorted(instance.metadata.items()):
        if key.isprintable() and value.isprintable():
            yield key, value
        else:
            left_out.append(f"{whose}: metadata {_named(key)} is not printable")


def _fixed(name: str, service: Service, fixed: Fixed) -> Entry:
    return Entry(
        id=fixed.name or "",
        name=name,
        address=fixed.host,
        port=service.port or fixed.port,
        node=fixed.name or "",
        metadata={},
        fixed=True,
    )


def _named(text: str) -> str:
    return repr(visible(text[:_SHOWN]))
