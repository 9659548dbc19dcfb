"""Server sets, as Finagle and Aurora have them: ``NAME/member_NNNNNNNNNN``.

Source of the fields: finagle-serversets, serverset2/Entry.scala.
"""

from types import MappingProxyType
from typing import Final

from registrator.fitness import Cause, Health, Status
from registrator.model import Instance, Service, endpoint
from registrator_backends.zookeeper.formats.fields import Entry, Fields, written

_STATUS: Final = MappingProxyType(
    {"ALIVE": Status.PASSING, "UNKNOWN": Status.PASSING, "WARNING": Status.WARNING}
)


def render(service: Service, node: str, lasting: bool) -> Entry:
    """Write a member with its status, in the words of Finagle's.

    Tagged addresses are its additional endpoints; metadata ``shard`` is its shard.
    """
    del node, lasting
    shard = service.metadata.get("shard", "")
    is_shard = shard.isascii() and shard.isdigit() and len(shard) < 10
    body: dict[str, object] = {
        "serviceEndpoint": {"host": service.address, "port": service.port},
        "additionalEndpoints": {
            name: {"host": host, "port": port}
            for name, (host, port) in sorted(service.tagged_addresses.items())
        },
        "status": _word(service),
        **({"shard": int(shard)} if is_shard else {}),
    }
    return Entry("member_", written(body))


def _word(service: Service) -> str:
    decides = service.finding
    if decides.status is not Status.CRITICAL:
        return "WARNING" if decides.status is Status.WARNING else "ALIVE"
    if decides.cause is Cause.MAINTENANCE:
        return "STOPPED"
    starts = decides.cause is Cause.ENGINE and service.health is Health.STARTING
    return "STARTING" if starts else "DEAD"


def read(found: Fields, name: str, leaf: str) -> Instance | None:
    """Read a member; one that is not alive is there, and not to be used."""
    place = found.fields("serviceEndpoint")
    address, port = place.host("host"), place.number("port")
    if address is None or port is None:
        return None
    shard = found.number("shard")
    more = found.fields("additionalEndpoints")
    metadata = {} if shard is None else {"shard": str(shard)}
    for key in more.names:
        other = more.fields(key)
        host, number = other.host("host"), other.number("port")
        if host is not None and number is not None:
            metadata[f"endpoint-{key}"] = endpoint(host, number)
    return Instance(
        id=leaf,
        name=name,
        address=address,
        port=port,
        metadata=metadata,
        status=_STATUS.get(found.text("status") or "ALIVE", Status.CRITICAL),
    )
