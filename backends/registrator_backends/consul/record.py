"""What Consul holds for one service: rendered from ours, read back from an agent.

Both ways end in the same value, so that comparing them tells whether to write.
Meta carries what an agent does not show again: whose the service is, which checks
it was given, and how often those with a TTL want to hear from us.

Sources: Consul's HTTP API, "Service - Agent"; what a 1.8.7 agent does with it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registrator.errors import Rejected
from registrator.model import Service, ServiceId
from registrator_backends.consul.checks import (
    RUNNING,
    Definition,
    Report,
    Runs,
    definitions,
    digest,
    duration,
    health_check_id,
    is_ours,
    report,
    runs,
    with_state,
)

OURS = "registrator-"
"""What the names of our own metadata begin with."""
OWNER = f"{OURS}owner"
_CONTAINER = "registrator-container"
_CONTAINER_ID = "registrator-container-id"
_CHECKS = "registrator-checks"
_TTL = "registrator-ttl"
_RESERVED = (OURS, "consul-")
_META_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
# An agent adds these where they are missing, with the service's own address.
_ADDED = frozenset({"lan_ipv4", "wan_ipv4", "lan_ipv6", "wan_ipv6"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulRecord:
    """One service with its checks, as far as an agent shows them again."""

    name: str
    address: str
    port: int
    tags: tuple[str, ...] | None
    """None where others may change them: then they are not compared."""
    meta: Mapping[str, str]
    weights: tuple[int, int]
    tagged_addresses: Mapping[str, tuple[str, int]]
    checks: frozenset[str]
    """The ids of the checks that registrator gave it."""
    heartbeats: frozenset[str]
    """Those of them that expire unless we report."""
    health: Report | None
    """What the check for all that is known here says; None without such a check."""
    body: bytes = field(default=b"", compare=False, repr=False)
    """The request that writes all this; a check's headers may be secret."""

    @property
    def ttl(self) -> float | None:
        """Seconds within which a heartbeat must come; None where none must."""
        try:
            ttl = float(self.meta.get(_TTL, "").removesuffix("s"))
        except ValueError:
            return None
        return ttl if ttl > 0 else None

    def reports(self, service: ServiceId) -> Mapping[str, Report]:
        """Say what the checks that only we can speak for should show."""
        said = dict.fromkeys(sorted(self.heartbeats), self.health or RUNNING)
        if self.health is not None:
            said[health_check_id(service)] = self.health
        return said


def render(service: Service, node: str, runs: Runs = runs) -> ConsulRecord:
    """Say what Consul should hold, with those checks that its agent *runs*.

    Raise `Rejected` where it could not.
    """
    own = definitions(service, runs)
    meta = _meta(service, node, own)
    _refuse_unfit(service, meta)
    health = report(service, runs)
    begun = with_state(service, own, health)
    return ConsulRecord(
        name=service.name,
        address=service.address,
        port=service.port,
        tags=None if service.enable_tag_override else service.tags,
        meta=meta,
        weights=(service.weight, service.weight_warning),
        tagged_addresses=_apart(
            service.tagged_addresses, (service.address, service.port)
        ),
        checks=frozenset(str(check["CheckID"]) for check in begun),
        heartbeats=frozenset(str(check["CheckID"]) for check in own if "TTL" in check),
        health=health,
        body=_body(service, meta, begun),
    )


def owner(found: Mapping[str, Any]) -> str | None:
    """Say whose mark a service of an agent carries; None where there is none."""
    meta = found.get("Meta")
    mark = meta.get(OWNER) if isinstance(meta, dict) else None
    return None if mark is None else str(mark)


def read(
    service: ServiceId, found: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]
) -> ConsulRecord:
    """Read a service of an agent with its checks; ValueError if it is none."""
    try:
        return _read(found, {check["CheckID"]: check for check in checks}, service)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"service {service!r} is not as an agent shows it") from error


def _read(
    found: Mapping[str, Any],
    checks: Mapping[str, Mapping[str, Any]],
    service: ServiceId,
) -> ConsulRecord:
    ours = {name: check for name, check in checks.items() if is_ours(name, service)}
    health = ours.get(health_check_id(service))
    own = (str(found["Address"]), int(found["Port"]))
    addresses = {
        key: (str(value["Address"]), int(value["Port"]))
        for key, value in (found.get("TaggedAddresses") or {}).items()
    }
    weights = found["Weights"]
    return ConsulRecord(
        name=str(found["Service"]),
        address=own[0],
        port=own[1],
        tags=None if found["EnableTagOverride"] else tuple(found["Tags"] or ()),
        meta={str(key): str(value) for key, value in (found["Meta"] or {}).items()},
        weights=(int(weights["Passing"]), int(weights["Warning"])),
        tagged_addresses=_apart(addresses, own),
        checks=frozenset(ours),
        heartbeats=frozenset(
            name
            for name, check in ours.items()
            if check is not health and check["Type"] == "ttl"
        ),
        health=None
        if health is None
        else Report(str(health["Status"]), str(health["Output"])),
    )


def _meta(service: Service, node: str, own: Sequence[Definition]) -> Mapping[str, str]:
    ttls = [check.ttl or 0.0 for check in service.checks if check.kind == "ttl"]
    notes = {
        _CONTAINER: service.container_name,
        _CONTAINER_ID: service.container[:12],
        _CHECKS: digest(own, service.container) if own else "",
        _TTL: duration(min(ttls)) if ttls else "",
    }
    kept = {key: value for key, value in notes.items() if value}
    return {**service.metadata, OWNER: node, **kept}


def _apart(
    addresses: Mapping[str, tuple[str, int]], own: tuple[str, int]
) -> Mapping[str, tuple[str, int]]:
    """Leave out what an agent adds by itself: the service's own address."""
    return {
        key: value
        for key, value in addresses.items()
        if key not in _ADDED or value != own
    }


def _body(service: Service, meta: Mapping[str, str], checks: list[Definition]) -> bytes:
    written: dict[str, object] = {
        "ID": service.id,
        "Name": service.name,
        "Address": service.address,
        "Port": service.port,
        "Tags": service.tags,
        "Meta": meta,
        "Weights": {"Passing": service.weight, "Warning": service.weight_warning},
        "TaggedAddresses": {
            key: {"Address": address, "Port": port}
            for key, (address, port) in service.tagged_addresses.items()
        },
        "EnableTagOverride": service.enable_tag_override,
        "Checks": checks,
    }
    try:
        return json.dumps(written, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Rejected(
            f"{error.object[error.start : error.end]!r} is not a character"
        ) from error


def _refuse_unfit(service: Service, meta: Mapping[str, str]) -> None:
    """Raise `Rejected` for what an agent would not take, or not let go again."""
    segments = service.id.split("/")
    walks = {".", ".."} & set(segments) or "" in segments[:-1]
    if walks or not service.id or not service.id.isprintable():
        raise Rejected(f"id {service.id[:128]!r} cannot stand in the path of a URL")
    if not 1 <= service.weight <= 65535 or not 0 <= service.weight_warning <= 65535:
        raise Rejected(
            f"weights {service.weight} and {service.weight_warning}: Consul takes"
            " 1 to 65535 for passing, 0 to 65535 for warning"
        )
    if len(meta) > 64:
        ours = len(meta) - len(service.metadata)
        raise Rejected(
            f"{len(meta)} metadata entries, {ours} of them registrator's"
            " own: Consul takes 64"
        )
    for key in service.metadata:
        if key.startswith(_RESERVED):
            raise Rejected(f"metadata {key[:128]!r}: the name is reserved")
    for key, value in meta.items():
        if not _META_KEY.fullmatch(key):
            raise Rejected(
                f"metadata {key[:128]!r}: Consul takes names of 1 to 128 letters,"
                " digits, - and _"
            )
        if len(value.encode(errors="replace")) > 512:
            raise Rejected(f"metadata {key!r}: longer than the 512 octets Consul takes")
