"""What Eureka holds for one service: rendered from ours, read back from a server.

Both ways end in the same value, so that comparing them tells whether to write. What
Eureka has no field for stands in the instance's metadata, under names of ours.

Sources: Netflix's InstanceInfo and EurekaJacksonCodec; Spring Cloud's conventions (an
address as host name, as with prefer-ip-address, and ``management.port``).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registrator.errors import Rejected
from registrator.fitness import Cause, Health, Status
from registrator.model import Service, ServiceId
from registrator_backends.eureka.entry import Entry

OWNER: Final = "registrator-owner"
ID: Final = "registrator-id"
TAGS: Final = "registrator-tags"
TRANSPORT: Final = "registrator-transport"
PRIORITY: Final = "registrator-priority"
WEIGHT: Final = "registrator-weight"
RESERVED: Final = "registrator-"
_STATUS: Final = "registrator-status"
_CONTAINER: Final = "registrator-container"
_CONTAINER_ID: Final = "registrator-container-id"

_BY_ENGINE: Final = {Health.STARTING: "STARTING", Health.PAUSED: "OUT_OF_SERVICE"}
_APP: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}")
# Not what `instance_id` makes of other ids: it would be taken for one of those.
_PLAIN_ID: Final = re.compile(
    r"(?!x:.*_[0-9a-f]{16}\Z)[A-Za-z0-9][A-Za-z0-9._:-]{0,199}"
)
# Servers answer in XML too, where a key is the name of an element; one bad instance
# would make the whole registry unreadable for those who ask for it (XML 1.0, 2.2).
_KEY: Final = re.compile(r"(?!(?i:xml))[A-Za-z_][A-Za-z0-9_.-]{0,254}")
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class EurekaRecord:
    """One instance, as far as a server shows it again."""

    app: str
    instance: str
    """Its id there: the service's own where it can stand in the path of a URL."""
    host: str
    address: str
    port: int
    vip: str
    status: str
    """What we say; an operator's override may stand in its place."""
    health_url: str
    secure_health_url: str
    metadata: Mapping[str, str]
    lease: tuple[int, int]
    elsewhere: frozenset[str] = frozenset()
    """Other applications that hold an instance of ours with the same id."""

    @property
    def service(self) -> ServiceId:
        """The service's id."""
        return ServiceId(self.metadata.get(ID, self.instance))

    @property
    def place(self) -> tuple[str, str]:
        """What no two instances of a registry share."""
        return self.app, self.instance

    def body(self, dirty: int, status: str = "") -> bytes:
        """Write the request that registers it, as changed at *dirty* (ms of 1970).

        *status* stands in for its own.
        """
        return json.dumps(
            {"instance": self._instance(dirty, status or self.status)}
        ).encode()

    def _instance(self, dirty: int, status: str) -> Mapping[str, object]:
        duration, interval = self.lease
        return {
            "instanceId": self.instance,
            "hostName": self.host,
            "app": self.app,
            "ipAddr": self.address,
            "port": {"$": self.port, "@enabled": "true"},
            "securePort": {"$": 9443, "@enabled": "false"},
            "countryId": 1,
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
            "leaseInfo": {
                "renewalIntervalInSecs": interval,
                "durationInSecs": duration,
                "registrationTimestamp": 0,
                "lastRenewalTimestamp": 0,
                "evictionTimestamp": 0,
                "serviceUpTimestamp": 0,
            },
            "metadata": dict(sorted(self.metadata.items())),
            "homePageUrl": "",
            "statusPageUrl": "",
            "healthCheckUrl": self.health_url,
            "secureHealthCheckUrl": self.secure_health_url,
            "vipAddress": self.vip,
            "secureVipAddress": self.vip,
            "isCoordinatingDiscoveryServer": "false",
            "status": status,
            "overriddenstatus": "UNKNOWN",
            "lastUpdatedTimestamp": str(dirty),
            "lastDirtyTimestamp": str(dirty),
        }


def render(service: Service, node: str, lease: tuple[int, int]) -> EurekaRecord:
    """Say what Eureka should hold; raise `Rejected` where it could not."""
    metadata = _metadata(service, node)
    _refuse_unfit(service, metadata)
    health, secure = _health_urls(service)
    return EurekaRecord(
        app=service.name.upper(),
        instance=instance_id(service.id),
        host=service.address,
        address=service.address,
        port=service.port,
        vip=service.name.lower(),
        status=status_of(service),
        health_url=health,
        secure_health_url=secure,
        metadata=metadata,
        lease=lease,
    )


def read(entry: Entry, elsewhere: frozenset[str] = frozenset()) -> EurekaRecord:
    """Read what a server holds."""
    overridden = entry.overridden != "UNKNOWN"
    return EurekaRecord(
        app=entry.app,
        instance=entry.id,
        host=entry.host,
        address=entry.address,
        port=entry.port,
        vip=entry.vip,
        status=entry.metadata.get(_STATUS, "UP") if overridden else entry.status,
        health_url=entry.health_url,
        secure_health_url=entry.secure_health_url,
        metadata=entry.metadata,
        lease=entry.lease,
        elsewhere=elsewhere,
    )


def status_of(service: Service) -> str:
    """Say how fit it is in Eureka's words; there is none for a warning."""
    decides = service.finding
    if decides.status is not Status.CRITICAL:
        return "UP"
    if decides.cause is Cause.MAINTENANCE:
        return "OUT_OF_SERVICE"
    by_engine = decides.cause is Cause.ENGINE
    return _BY_ENGINE.get(service.health, "DOWN") if by_engine else "DOWN"


def instance_id(service: ServiceId) -> str:
    """Give a service its id in Eureka; no two have the same.

    Containers that serve Eureka refuse the escapes of slashes and the like in a path
    (Tomcat %2F and %5C, Spring's firewall %25 and %3B too).
    """
    if _PLAIN_ID.fullmatch(service):
        return service
    octets = service.encode(errors="surrogatepass")
    mark = hashlib.sha256(octets).hexdigest()[:16]
    plain = re.sub(r"[^A-Za-z0-9._:-]+", "_", service)[:100]
    return f"x:{plain}_{mark}"


def _metadata(service: Service, node: str) -> Mapping[str, str]:
    plain = instance_id(service.id) == service.id
    status, weight = status_of(service), service.weight_when(service.status)
    notes = {
        ID: "" if plain else service.id,
        TAGS: json.dumps(service.tags, ensure_ascii=False) if service.tags else "",
        TRANSPORT: "" if service.transport == "tcp" else service.transport,
        PRIORITY: "" if service.priority == 1 else str(service.priority),
        WEIGHT: "" if weight == 1 else str(weight),
        _STATUS: "" if status == "UP" else status,
        _CONTAINER: service.container_name,
        _CONTAINER_ID: service.container[:12],
    }
    return {
        "management.port": str(service.port),
        **service.metadata,
        OWNER: node,
        **{key: value for key, value in notes.items() if value},
    }


def _health_urls(service: Service) -> tuple[str, str]:
    """Find the first check by http and by https; servers show them, no more."""
    urls = [check.target for check in service.checks if check.kind == "http"]
    secure = [url for url in urls if url.startswith("https:")]
    plain = [url for url in urls if url not in secure]
    return "".join(plain[:1]), "".join(secure[:1])


def _refuse_unfit(service: Service, metadata: Mapping[str, str]) -> None:
    """Raise `Rejected` for what a server, or a reader of it, could not take."""
    if not service.id or len(service.id) > 1024:
        raise Rejected(f"id {service.id[:128]!r}: Eureka takes 1 to 1024 characters")
    if not _APP.fullmatch(service.name):
        raise Rejected(
            f"name {service.name[:128]!r}: an application's name is of 1 to 255"
            " letters, digits, ., - and _"
        )
    for key in service.metadata:
        if key.startswith(RESERVED):
            raise Rejected(f"metadata {key[:128]!r}: the name is reserved")
        if not _KEY.fullmatch(key):
            raise Rejected(
                f"metadata {key[:128]!r}: Eureka's answers in XML take names of 1 to"
                " 255 letters, digits, ., - and _, a letter or _ first"
            )
    if _NO_XML.search("".join(_health_urls(service))):
        raise Rejected("a check's URL holds what cannot stand in XML")
    for key, value in metadata.items():
        if _NO_XML.search(key + value):
            raise Rejected(
                f"metadata {key[:128]!r}: it holds what cannot stand in XML, in which"
                " Eureka answers too"
            )
        if len(value) > 65_536:
            raise Rejected(f"metadata {key!r}: longer than 65,536 characters")
