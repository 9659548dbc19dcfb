"""The SERVICE_ variables and labels of a container, and what they mean for one port."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from registrator.labels.whitelist import Refused, shown
from registrator.model import Container, Port

PREFIX = "SERVICE_"
MAX_SETTINGS = 1000
MAX_LENGTH = 16_384

_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_TRANSPORTS = frozenset({"tcp", "udp", "sctp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a container asks for one of its ports, keys in lower case."""

    values: Mapping[str, str]
    specific: frozenset[str] = frozenset()
    """The keys that were given for this port in particular, or for its range."""

    def get(self, key: str) -> str:
        """The value of *key*; "" where nobody set it."""
        return self.values.get(key, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A key that is meant for some ports only."""

    rank: tuple[bool, int, bool]
    """For one port alone, how narrow a range, for one transport alone."""
    ports: range
    transport: str
    key: str
    value: str

    def covers(self, port: Port) -> bool:
        return port.number in self.ports and self.transport in {"", port.transport}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a container says in variables and labels that begin with SERVICE_.

    From weak to strong: for all ports, for a range (the narrower is the stronger),
    for a port, for a port and its transport. Among equals labels beat variables, the
    later variable beats the earlier, and of two labels that differ in case only the
    one that sorts last counts.
    """

    general: Mapping[str, str] = field(default_factory=dict)
    specific: tuple[_Setting, ...] = ()
    """From weak to strong."""

    @classmethod
    def of(cls, container: Container) -> Self:
        """Read the settings of *container*, whatever the order of its labels.

        Raise `Refused` where there is more of them than anybody means.
        """
        general: dict[str, str] = {}
        specific: list[_Setting] = []
        said = list(islice(_said(container), MAX_SETTINGS + 1))
        if len(said) > MAX_SETTINGS:
            raise Refused(f"more than {MAX_SETTINGS} settings begin with {PREFIX}")
        for name, value in said:
            if len(name) + len(value) > MAX_LENGTH:
                raise Refused(f"{shown(name)} is longer than {MAX_LENGTH} characters")
            key = name.removeprefix(PREFIX).lower()
            setting = _specific(key, value)
            if setting is None:
                general[key] = value
            else:
                specific.append(setting)
        specific.sort(key=lambda setting: setting.rank)
        return cls(general=general, specific=tuple(specific))

    def wishes(self, port: Port) -> Wishes:
        """What holds for *port*."""
        own = {
            setting.key: setting.value
            for setting in self.specific
            if setting.covers(port)
        }
        if not own:
            return Wishes(values=self.general)
        return Wishes(values={**self.general, **own}, specific=frozenset(own))


def _said(container: Container) -> Iterator[tuple[str, str]]:
    for name, value in container.environment:
        if name.startswith(PREFIX):
            yield name, value
    labels = container.labels
    for name in sorted(name for name in labels if name.startswith(PREFIX)):
        yield name, labels[name]


def _specific(key: str, value: str) -> _Setting | None:
    """Read `80_name`, `80_udp_name` and `8000-8010_name`; None for all else."""
    head, underscore, rest = key.partition("_")
    ports = _ports(head) if underscore else None
    if ports is None:
        return None
    transport, _, after = rest.partition("_")
    if after and transport in _TRANSPORTS:
        rest = after
    else:
        transport = ""
    return _Setting(
        rank=("-" not in head, -len(ports), bool(transport)),
        ports=ports,
        transport=transport,
        key=rest,
        value=value,
    )


def _ports(head: str) -> range | None:
    """The ports that a key begins with; None where it begins with a word.

    As text, as the anchor compares: SERVICE_080_NAME is nobody's.
    """
    if span := _RANGE.fullmatch(head):
        return range(int(span.group(1)), int(span.group(2)) + 1)
    if _PORT.fullmatch(head):
        return range(int(head), int(head) + 1)
    return range(0) if head.isascii() and head.isdigit() else None
