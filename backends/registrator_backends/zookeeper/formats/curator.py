"""Apache Curator's service discovery: ``NAME/<id>``, as Spring Cloud has it.

Source of the fields: what Spring Cloud ZooKeeper writes (ServiceInstance with a
ZookeeperInstance as its payload), and its StatusConstants.
"""

from typing import Final

from registrator.fitness import Status
from registrator.model import Instance, Service
from registrator_backends.zookeeper.formats.fields import Entry, Fields, written
from registrator_backends.zookeeper.paths import escaped

_PAYLOAD: Final = "org.springframework.cloud.zookeeper.discovery.ZookeeperInstance"
_STATUS: Final = "instance_status"
_URI: Final = (
    *(("scheme", True), ("://", False), ("address", True), (":", False)),
    ("port", True),
)


def render(service: Service, node: str, lasting: bool) -> Entry:
    """Write a ServiceInstance; metadata are those of its payload.

    So is the status, which Spring has as UP where nothing is said.

    Its time of registration is 0: a record is compared by what it says, and says
    the same of a service at any time. ZooKeeper itself knows when it was made.
    """
    del node
    metadata = dict(sorted(service.metadata.items()))
    if service.status is Status.CRITICAL:
        metadata[_STATUS] = "OUT_OF_SERVICE"
    body = {
        "name": service.name,
        "id": service.id,
        "address": service.address,
        "port": service.port,
        "sslPort": None,
        "payload": {
            "@class": _PAYLOAD,
            "id": service.id,
            "name": service.name,
            "metadata": metadata,
        },
        "registrationTimeUTC": 0,
        "serviceType": "STATIC" if lasting else "DYNAMIC",
        "uriSpec": {
            "parts": [{"value": value, "variable": is_name} for value, is_name in _URI]
        },
    }
    return Entry(escaped(service.id), written(body))


def read(found: Fields, name: str, leaf: str) -> Instance | None:
    """Read an instance; a payload that is none of Spring's is passed over."""
    address = found.host("address")
    port = found.number("port")
    port = found.number("sslPort") if port is None else port
    if address is None or port is None:
        return None
    metadata = dict(found.fields("payload").map("metadata"))
    up = metadata.pop(_STATUS, "UP") == "UP"
    return Instance(
        id=found.text("id") or leaf,
        name=found.text("name") or name,
        address=address,
        port=port,
        metadata=metadata,
        status=Status.PASSING if up else Status.CRITICAL,
    )
