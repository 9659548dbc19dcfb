"""Instances as Eureka's JSON shows them, whoever wrote them. Pure.

Sources: Netflix's EurekaJacksonCodec for the shapes (a port is an object, one of a kind
may stand without its list, an empty map has a member ``@class``); InstanceInfo.getId
for what identifies an instance; Applications.getReconcileHashCode for the digest.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LONGEST: Final = 512 * 1024
"""Characters of metadata, beyond which an instance is not looked at."""

_HALVES: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One instance of an application."""

    app: str
    """The application, in capitals."""
    id: str
    host: str
    address: str
    port: int
    """0 where it is not enabled."""
    secure_port: int = 0
    vip: str = ""
    status: str = "UP"
    overridden: str = "UNKNOWN"
    """The status that an operator put in the place of the instance's own."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    health_url: str = ""
    secure_health_url: str = ""
    lease: tuple[int, int] = (90, 30)
    """Seconds until it expires, and between heartbeats."""
    dirty: int = 0
    """When its writer last changed it: milliseconds since 1970."""
    updated: int = 0
    """When the server last changed it: milliseconds since 1970, by its clock."""
    action: str = "ADDED"
    """What happened to it, in a delta: ADDED, MODIFIED or DELETED."""

    @property
    def place(self) -> tuple[str, str]:
        """What no two instances of a registry share."""
        return self.app, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Several instances, as a full answer or a delta holds them."""

    entries: tuple[Entry, ...]
    skipped: int = 0
    """Those that are no instances as Eureka shows them."""
    digest: str = ""
    """How many instances of which status the server holds: ``DOWN_1_UP_7_``."""


def digest(statuses: Iterable[str]) -> str:
    """Sum statuses up as a server does."""
    counts = sorted(Counter(statuses).items())
    return "".join(f"{status}_{count}_" for status, count in counts)


def read_listing(answer: Mapping[str, Any]) -> Listing:
    """Read ``applications`` or one ``application``; ValueError if it is neither."""
    match answer:
        case {"applications": dict() as whole}:
            applications = _listed(whole.get("application"))
            summed = whole.get("apps__hashcode")
        case {"application": dict() as one}:
            applications, summed = [one], None
        case _:
            raise ValueError("neither applications nor an application")
    found: list[Entry | None] = []
    for application in applications:
        if isinstance(application, dict):
            found += map(_read, _listed(application.get("instance")))
        else:
            found.append(None)
    entries = tuple(filter(None, found))
    return Listing(
        entries=entries,
        skipped=len(found) - len(entries),
        digest=summed if isinstance(summed, str) else "",
    )


def read_entry(answer: Mapping[str, Any]) -> Entry:
    """Read one ``instance``; ValueError if it is none."""
    entry = _read(answer.get("instance"))
    if entry is None:
        raise ValueError("not an instance as Eureka shows it")
    return entry


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _read(found: object) -> Entry | None:
    """Read one instance; None where it is none, or cannot be written again."""
    if not isinstance(found, dict):
        return None
    try:
        entry = _entry(found)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return None
    texts = (entry.app, entry.id, entry.address, entry.host, entry.vip)
    metadata = "".join((*entry.metadata, *entry.metadata.values()))
    sound = (
        entry.app
        and entry.id
        and (entry.address or entry.host)
        and max(map(len, texts)) < 4096
        and len(metadata) < LONGEST
        and not _HALVES.search("".join(texts) + metadata)
    )
    return entry if sound else None


def _entry(found: Mapping[str, Any]) -> Entry:
    lease = found.get("leaseInfo") or {}
    centre = (found.get("dataCenterInfo") or {}).get("metadata") or {}
    host = _text(found, "hostName")
    return Entry(
        app=_text(found, "app").upper(),
        id=_text(found, "instanceId") or _text(centre, "instance-id") or host,
        host=host,
        address=_text(found, "ipAddr") or host,
        port=_port(found.get("port")),
        secure_port=_port(found.get("securePort")),
        vip=_text(found, "vipAddress"),
        status=_text(found, "status").upper() or "UNKNOWN",
        # Two spellings: Netflix's writers differ.
        overridden=(
            _text(found, "overriddenStatus")
            or _text(found, "overriddenstatus")
            or "UNKNOWN"
        ).upper(),
        metadata={
            key: str(value)
            for key, value in (found.get("metadata") or {}).items()
            if key != "@class" and value is not None
        },
        health_url=_text(found, "healthCheckUrl"),
        secure_health_url=_text(found, "secureHealthCheckUrl"),
        lease=(
            int(lease.get("durationInSecs", 90)),
            int(lease.get("renewalIntervalInSecs", 30)),
        ),
        dirty=int(found.get("lastDirtyTimestamp") or 0),
        updated=int(found.get("lastUpdatedTimestamp") or 0),
        action=_text(found, "actionType").upper() or "ADDED",
    )


def _port(value: object) -> int:
    """Read ``{"$": 80, "@enabled": "true"}``, or a number as others write it."""
    if isinstance(value, dict):
        if str(value.get("@enabled", "true")).lower() != "true":
            return 0
        value = value.get("$")
    number = 0 if value is None else int(str(value))
    if not 0 <= number < 65536:
        raise ValueError(f"{number} is no port")
    return number


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value or ""
