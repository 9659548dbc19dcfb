"""Decides about a service of a file as about a container that says the same. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from registrator.labels import Decision, Rules, decide
from registrator.labels.metadata import PREFIX
from registrator.labels.services import NO_METADATA
from registrator.model import Container, ContainerId, Port, State
from registrator.static.model import Entry

CLAIMANT: Final = "services:"
"""How the id and the name begin of what stands for a container here."""

_RULES: Final = Rules(node="node", host_ipv4="192.0.2.1")
"""A host on which everything is registered that can be."""
_IN_CONTAINERS: Final = frozenset({"docker", "script", "cmd"})
"""Kinds of checks that run in a container, which none of these has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A service of the file, as the container that would be registered as this."""

    container: Container
    address: str
    """"": the host's own."""

    def decide(self, rules: Rules) -> Decision:
        """Say whether it is registered on a host with these *rules*, and why.

        What they say of containers does not hold for it.
        """
        own = replace(
            rules, ip=self.address or rules.ip, ip_label="", tags=None, explicit=False
        )
        (found,) = decide(self.container, own)
        if found.service is None:
            return found
        reason = "the file says its address" if self.address else "the host's address"
        return replace(found, rule="file", reason=reason)


def filed(name: str, entry: Entry) -> Filed:
    """Take in what the file says of *name*."""
    labels = {f"{PREFIX}{key.upper()}": text for key, text in _said(name, entry)}
    return Filed(
        container=Container(
            id=ContainerId(f"{CLAIMANT}{name}"),
            name=f"{CLAIMANT}{name}",
            image="",
            state=State.RUNNING,
            labels=labels,
            network_mode="host",
            exposed=(Port(entry.port, entry.transport),),
        ),
        address=entry.address or "",
    )


def mistakes(
    name: str, entry: Entry, kinds: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Find what no model sees: where, and what is wrong.

    *kinds* are those of checks that run here.
    """
    for key in entry.metadata:
        if key in NO_METADATA or key.startswith(("check_", "tagged_address_")):
            yield ("metadata", key), "is no metadata: it has a place of its own"
    if entry.check and entry.checks:
        yield ("checks",), "give `check` or `checks`, not both"
        return
    where = "checks" if entry.checks else "check"
    for number, check in enumerate(_checks(entry)):
        way = (where, str(number)) if entry.checks else (where,)
        for kind in check.keys() & _IN_CONTAINERS:
            yield (*way, kind), "such a check runs in a container: there is none"
    decision = filed(name, entry).decide(replace(_RULES, check_kinds=kinds))
    yield from (((), note) for note in decision.notes)
    if decision.service is None:
        yield (), decision.reason
    elif len(decision.service.checks) < len(_checks(entry)):
        yield (where,), "a kind is missing, such as `http: /health` or `tcp: true`"


def _checks(entry: Entry) -> tuple[Mapping[str, str], ...]:
    return (entry.check,) if entry.check else entry.checks


def _said(name: str, entry: Entry) -> Iterator[tuple[str, str]]:
    """Say what a container's attributes would: keys as they stand behind SERVICE_."""
    yield from entry.metadata.items()
    yield "name", entry.name or name
    if entry.id is not None:
        yield "id", entry.id
    yield "tags", ",".join(tag.replace(",", r"\,") for tag in entry.tags)
    for number, check in enumerate(_checks(entry), 1):
        prefix = f"check_{number}_" if entry.checks else "check_"
        yield from ((f"{prefix}{key}", value) for key, value in check.items())
    for key in ("priority", "weight", "weight_warning", "health", "drain"):
        if (value := getattr(entry, key)) is not None:
            yield key, str(value)
    for key, address in entry.tagged_addresses.items():
        yield f"tagged_address_{key}", address
    if entry.enable_tag_override:
        yield "enable_tag_override", "true"
