"""What a Eureka server does with instances, out of memory and without a network.

Written after the sources of Netflix/eureka: AbstractInstanceRegistry (registering,
renewing, the changes of the last minutes), Lease (a renewal counts its duration twice),
ResponseCacheImpl (two caches, one of them half a minute old), PeerAwareInstanceRegistry
(self preservation), the three rules for a status, and EurekaJacksonCodec (the JSON).
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]
Place = tuple[str, str]

STATUSES = ("UP", "DOWN", "STARTING", "OUT_OF_SERVICE")
CACHE_EXPIRY, EVICTION, RETENTION = 180.0, 60.0, 180.0
TEXTS = (
    "appGroupName",
    "homePageUrl",
    "statusPageUrl",
    "healthCheckUrl",
    "secureHealthCheckUrl",
    "vipAddress",
    "secureVipAddress",
    "asgName",
)


class BadRequest(Exception):
    """What the server says of a registration that it does not take."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """An instance, and how long it lives; times are seconds of the registry's clock."""

    sent: Json
    """What was registered."""
    app: str
    id: str
    status: str
    dirty: int
    duration: int
    registered: float
    renewed: float
    up_since: float = 0.0
    evicted: float = 0.0
    overridden: str = "UNKNOWN"
    action: str = "ADDED"
    updated: float = 0.0

    def renew(self, now: float) -> None:
        self.renewed = now + self.duration

    def expired(self, now: float) -> bool:
        return self.evicted > 0 or now > self.renewed + self.duration

    def shown(self) -> Json:
        lease = self.sent.get("leaseInfo", {})
        texts = {key: str(self.sent[key]) for key in TEXTS if self.sent.get(key)}
        return {
            **texts,
            "isCoordinatingDiscoveryServer": "false",
            "lastUpdatedTimestamp": str(int(self.updated * 1000)),
            "lastDirtyTimestamp": str(self.dirty),
            "actionType": self.action,
            "instanceId": self.id,
            "hostName": self.sent["hostName"],
            "app": self.app,
            "ipAddr": self.sent["ipAddr"],
            "status": self.status,
            "overriddenStatus": self.overridden,
            "port": _port(self.sent.get("port", {"$": 7001, "@enabled": "true"})),
            "securePort": _port(
                self.sent.get("securePort", {"$": 7002, "@enabled": "false"})
            ),
            "countryId": int(self.sent.get("countryId", 1)),
            "dataCenterInfo": self.sent["dataCenterInfo"],
            "leaseInfo": {
                "renewalIntervalInSecs": int(lease.get("renewalIntervalInSecs", 30)),
                "durationInSecs": self.duration,
                "registrationTimestamp": int(self.registered * 1000),
                "lastRenewalTimestamp": int(self.renewed * 1000),
                "evictionTimestamp": int(self.evicted * 1000),
                "serviceUpTimestamp": int(self.up_since * 1000),
            },
            "metadata": self.sent.get("metadata")
            or {"@class": "java.util.Collections$EmptyMap"},
        }


@dataclass(slots=True)
class Cached:
    """An answer, and when it was made."""

    body: bytes | None
    made: float


@dataclass(slots=True)
class EurekaRegistry:
    """Leases, and the caches out of which they are shown.

    *shift* sets the clock forward: half a minute passes when a test says so, and only
    then where the *clock* itself stands still.
    """

    self_preservation: bool = False
    single_as_object: bool = False
    """Write one instance without a list around it, as the old XStream codec does."""
    cache: float = 30.0
    """Seconds between two fillings of the cache that clients are answered from."""
    clock: Callable[[], float] = time.time
    shift: float = 0.0
    leases: dict[Place, Lease] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)
    evictions: list[Place] = field(default_factory=list)
    _changes: list[tuple[float, Lease]] = field(default_factory=list)
    _fresh: dict[str, Cached] = field(default_factory=dict)
    _shown: dict[str, Cached] = field(default_factory=dict)
    _renewals: list[float] = field(default_factory=list)
    _expected: int = 0
    _ticked: float = 0.0

    def emptied(self) -> "EurekaRegistry":
        """Make one as it is right after a start."""
        return replace(
            self,
            leases={},
            overrides={},
            evictions=[],
            _changes=[],
            _fresh={},
            _shown={},
            _renewals=[],
            _expected=0,
        )

    def now(self) -> float:
        return self.clock() + self.shift

    def tick(self) -> None:
        """Do what a server's timers would have done by now."""
        now, before = self.now(), self._ticked or self.now()
        self._ticked = now
        self._renewals = [at for at in self._renewals if at > now - 60]
        self._changes = [each for each in self._changes if each[0] > now - RETENTION]
        if now // EVICTION > before // EVICTION:
            self._evict(now)
        if now // self.cache > before // self.cache:
            self._shown = {name: self._load(name) for name in self._shown}

    def register(self, app: str, sent: Json, *, replicated: bool = False) -> None:
        now = self.now()
        new = _lease(app, sent, now)
        old = self.leases.get((app, new.id))
        if old is None:
            self._expected += 1
        elif old.dirty > new.dirty:
            new = _lease(app, old.sent | {"lastDirtyTimestamp": old.dirty}, now)
            new.status = old.status
        if old is not None:
            new.up_since = old.up_since
        if sent.get("overriddenstatus", "UNKNOWN") != "UNKNOWN":
            self.overrides.setdefault(new.id, sent["overriddenstatus"])
        new.overridden = self.overrides.get(new.id, "UNKNOWN")
        new.status = self._status(new, None if replicated else old)
        if new.status == "UP":
            new.up_since = new.up_since or now
        self.leases[app, new.id] = new
        self._changed(new, "ADDED")

    def renew(self, app: str, instance: str, dirty: int | None) -> bool:
        lease = self.leases.get((app, instance))
        if lease is None:
            return False
        status = self._status(lease, lease)
        if status == "UNKNOWN":
            return False
        lease.status = status
        self._renewals.append(self.now())
        lease.renew(self.now())
        return dirty is None or dirty <= lease.dirty

    def cancel(self, app: str, instance: str) -> bool:
        lease = self.leases.pop((app, instance), None)
        self.overrides.pop(instance, None)
        if lease is None:
            return False
        self._expected -= 1
        lease.evicted = lease.evicted or self.now()
        self._changed(lease, "DELETED")
        return True

    def override(self, app: str, instance: str, status: str) -> bool:
        lease = self.leases.get((app, instance))
        if lease is None:
            return False
        lease.renew(self.now())
        if lease.status != status:
            self.overrides[instance] = lease.overridden = lease.status = status
            self._changed(lease, "MODIFIED")
        return True

    def release(self, app: str, instance: str, status: str) -> bool:
        """Take an override back."""
        lease = self.leases.get((app, instance))
        if lease is None:
            return False
        lease.renew(self.now())
        if self.overrides.pop(instance, None) is not None:
            lease.overridden, lease.status = "UNKNOWN", status
            self._changed(lease, "MODIFIED")
        return True

    def instance(self, app: str, instance: str) -> Json | None:
        """Show an instance as it is now."""
        lease = self.leases.get((app, instance))
        if lease is None or (self._expiring() and lease.expired(self.now())):
            return None
        return lease.shown()

    def find(self, instance: str) -> Json | None:
        shown = (self.instance(*place) for place in self.leases if place[1] == instance)
        return next((each for each in shown if each), None)

    def cached(self, name: str) -> bytes | None:
        """Answer for many instances: what the timer has put into the cache last.

        *name* is "", "delta", or an application.
        """
        if name not in self._shown:
            self._shown[name] = self._load(name)
        return self._shown[name].body

    def _load(self, name: str) -> Cached:
        cached = self._fresh.get(name)
        if cached is None or cached.made < self.now() - CACHE_EXPIRY:
            cached = self._fresh[name] = Cached(self._render(name), self.now())
        return cached

    def _render(self, name: str) -> bytes | None:
        if name in {"", "delta"}:
            leases = [lease for _, lease in self._changes] if name else None
            return self._applications(leases)
        leases = [lease for lease in self.leases.values() if lease.app == name]
        if not leases:
            return None
        return json.dumps({"application": self._application(name, leases)}).encode()

    def _applications(self, changed: list[Lease] | None) -> bytes:
        counts = Counter(lease.status for lease in self.leases.values())
        apps: dict[str, dict[str, Lease]] = {}
        for lease in self.leases.values() if changed is None else changed:
            instances = apps.setdefault(lease.app, {})
            instances.pop(lease.id, None)
            instances[lease.id] = lease
        listed = [
            self._application(app, list(leases.values()))
            for app, leases in apps.items()
        ]
        alone = self.single_as_object and len(listed) == 1
        whole = {
            "versions__delta": "1",
            "apps__hashcode": "".join(f"{s}_{counts[s]}_" for s in sorted(counts)),
            "application": listed[0] if alone else listed,
        }
        return json.dumps({"applications": whole}).encode()

    def _application(self, app: str, leases: list[Lease]) -> Json:
        shown = [lease.shown() for lease in leases]
        alone = self.single_as_object and len(shown) == 1
        return {"name": app, "instance": shown[0] if alone else shown}

    def _status(self, lease: Lease, existing: Lease | None) -> str:
        """Apply DownOrStarting, OverrideExists and LeaseExists, the first that fits."""
        if lease.status not in {"UP", "OUT_OF_SERVICE"}:
            return lease.status
        if lease.id in self.overrides:
            return self.overrides[lease.id]
        if existing is not None and existing.status in {"UP", "OUT_OF_SERVICE"}:
            return existing.status
        return lease.status

    def _changed(self, lease: Lease, action: str) -> None:
        lease.action, lease.updated = action, self.now()
        self._changes.append((self.now(), lease))
        for name in ("", "delta", lease.app):
            self._fresh.pop(name, None)

    def _expiring(self) -> bool:
        if not self.self_preservation:
            return True
        threshold = int(self._expected * 2 * 0.85)
        return threshold > 0 and len(self._renewals) > threshold

    def _evict(self, now: float) -> None:
        if not self._expiring():
            return
        expired = [place for place, lease in self.leases.items() if lease.expired(now)]
        limit = len(self.leases)
        if self.self_preservation:
            limit -= int(len(self.leases) * 0.85)
        for place in expired[:limit]:
            self.evictions.append(place)
            self.cancel(*place)


def _lease(app: str, sent: Json, now: float) -> Lease:
    """Read a registration as the codec and ApplicationResource do."""
    instance = str(sent.get("instanceId") or "")
    if not instance:
        raise BadRequest("Missing instanceId")
    if not sent.get("hostName"):
        raise BadRequest("Missing hostname")
    if not sent.get("app"):
        raise BadRequest("Missing appName")
    if str(sent["app"]).upper() != app:
        raise BadRequest(f"Mismatched appName, expecting {app} but was {sent['app']}")
    if not (sent.get("dataCenterInfo") or {}).get("name"):
        raise BadRequest("Missing dataCenterInfo Name")
    if not all(isinstance(v, str) for v in (sent.get("metadata") or {}).values()):
        raise BadRequest("metadata that is no text")
    status = str(sent.get("status", "UP")).upper()
    duration = int((sent.get("leaseInfo") or {}).get("durationInSecs", 90))
    if not 0 < duration < 2**31 / 1000:
        raise BadRequest(f"{duration} s overflow")
    _port(sent.get("port", {"$": 7001, "@enabled": "true"}))
    return Lease(
        sent=sent,
        app=app,
        id=instance,
        status=status if status in STATUSES else "UNKNOWN",
        dirty=int(sent.get("lastDirtyTimestamp") or math.floor(now * 1000)),
        duration=duration,
        registered=now,
        renewed=now,
    )


def _port(value: Mapping[str, Any]) -> Json:
    try:
        return {
            "$": int(value["$"]),
            "@enabled": "true" if value["@enabled"] == "true" else "false",
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest(f"{value!r} is no port") from error
