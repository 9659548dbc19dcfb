"""One service, from where it is reached and what its container asks for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registrator.fitness import Health
from registrator.labels import whitelist
from registrator.labels.addresses import Location
from registrator.labels.checks import Target, checks
from registrator.labels.durations import seconds
from registrator.labels.metadata import Wishes
from registrator.labels.naming import image_name
from registrator.labels.tags import split_tags
from registrator.labels.whitelist import Refused, is_on, shown
from registrator.model import Container, Port, Service, State

NO_METADATA = frozenset(
    {
        "id",
        "name",
        "tags",
        "ignore",
        "network",
        "ports",
        "ip_version",
        "health",
        "drain",
        "weight_warning",
        "enable_tag_override",
    }
)
"""Wishes that are no metadata, besides those that begin with one of these:"""
_NO_METADATA_PREFIXES = ("check_", "tagged_address_")

LONGEST_DRAIN = 86400.0

_TAGGED_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_WITH_PORT = re.compile(r"(?:\[([^]]*)\]|([^:]*))(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is settled about a service before its wishes are read."""

    id: str
    name: str
    port: Port
    location: Location
    places: Mapping[str, Location]
    """Where it may be checked instead."""
    check_kinds: frozenset[str]
    tags: tuple[str, ...]
    """What the operator's template gives."""


def build(
    draft: Draft, container: Container, wishes: Wishes
) -> tuple[Service, tuple[str, ...]]:
    """The service, and notes on wishes that were left out.

    Raise `Refused` where no store could keep it, or its checks cannot be read.
    """
    location = draft.location
    target = Target(
        address=location.address,
        port=location.port,
        container=container.id,
        places=draft.places,
    )
    asked, check_notes = checks(wishes.values, target, draft.check_kinds)
    (priority, weight, weight_warning), weight_notes = _weights(wishes)
    service = Service(
        id=whitelist.service_id(draft.id),
        name=draft.name,
        address=location.address,
        port=location.port,
        transport=draft.port.transport,
        tags=_tags(draft, wishes),
        metadata=whitelist.metadata(_metadata(wishes.values)),
        checks=asked,
        health=Health.PAUSED if container.state is State.PAUSED else container.health,
        health_required=_is_required(wishes),
        drain=_drain(wishes),
        priority=priority,
        weight=weight,
        weight_warning=weight_warning,
        tagged_addresses=dict(_tagged_addresses(wishes.values, location.port)),
        enable_tag_override=is_on(wishes.get("enable_tag_override")),
        container=container.id,
        container_name=container.name,
        image=image_name(container),
    )
    return service, (*location.notes, *check_notes, *weight_notes)


def _tags(draft: Draft, wishes: Wishes) -> tuple[str, ...]:
    udp = ("udp",) if draft.port.transport == "udp" else ()
    return whitelist.tags((*split_tags(wishes.get("tags")), *draft.tags, *udp))


def _is_required(wishes: Wishes) -> bool:
    """Whether the service is to be shown nowhere while it is critical."""
    word = wishes.get("health").strip().lower()
    if word in {"", "required"}:
        return bool(word)
    raise Refused(f"health is required or nothing, not {shown(word)}")


def _drain(wishes: Wishes) -> float:
    """Seconds for which the service serves on when it has left the registries."""
    text = wishes.get("drain").strip()
    try:
        found = seconds(text or "0")
    except ValueError:
        found = LONGEST_DRAIN + 1
    if found <= LONGEST_DRAIN:
        return found
    raise Refused(
        f"drain is no duration such as 10s, at most {LONGEST_DRAIN / 3600:.0f}h: "
        f"{shown(text)}"
    )


def _metadata(values: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in values.items()
        if key not in NO_METADATA and not key.startswith(_NO_METADATA_PREFIXES)
    }


def _weights(wishes: Wishes) -> tuple[list[int], tuple[str, ...]]:
    """Numbers as DNS SRV and Consul take them; one that is wrong counts as 1."""
    numbers, notes = [], []
    for key, least in (("priority", 0), ("weight", 1), ("weight_warning", 0)):
        text = wishes.get(key)
        right = re.fullmatch(r"[0-9]{1,5}", text) and least <= int(text) <= 65535
        numbers.append(int(text) if right else 1)
        if text and not right:
            notes.append(f"{key} is no number from {least} to 65535: {shown(text)}")
    return numbers, tuple(notes)


def _tagged_addresses(
    values: Mapping[str, str], port: int
) -> Iterator[tuple[str, tuple[str, int]]]:
    for key in sorted(values):
        name = key.removeprefix("tagged_address_")
        if name == key or not values[key]:
            continue
        if not _TAGGED_NAME.fullmatch(name):
            raise Refused(f"{shown(name)} is no name for a tagged address")
        yield name, _address_and_port(values[key], port)


def _address_and_port(text: str, port: int) -> tuple[str, int]:
    """Read `10.0.0.1`, `10.0.0.1:80`, `fd00::1` or `[fd00::1]:80`."""
    if found := _WITH_PORT.fullmatch(text):
        bracketed, plain, number = found.groups()
        address = whitelist.address(plain if bracketed is None else bracketed)
        return address, whitelist.port(int(number)) if number else port
    return whitelist.address(text), port
