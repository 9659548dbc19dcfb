"""What Consul's catalog says of a service's instances, whoever registered them.

Pure. Source: Consul's HTTP API, "Health", list service instances.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from registrator.fitness import Status
from registrator.model import Instance, Transport
from registrator_backends.consul.record import OURS, OWNER

_WORST_FIRST: Final = (Status.CRITICAL, Status.WARNING, Status.PASSING)
_TRANSPORTS: Final[tuple[Transport, ...]] = ("udp", "sctp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The instances of one name, by node and id, and how many are unreadable."""

    instances: Mapping[str, Instance]
    skipped: int = 0


def read_shelf(found: Iterable[object]) -> Shelf:
    """Read what ``/v1/health/service/NAME`` lists; what makes no sense is counted."""
    instances: dict[str, Instance] = {}
    skipped = 0
    for entry in found:
        try:
            node, instance = _read(entry)
        except (KeyError, TypeError, AttributeError, ValueError):
            skipped += 1
        else:
            # Ids are a node's own: two nodes may have the same.
            instances[f"{quote(node, safe=':')}/{instance.id}"] = instance
    return Shelf(instances=instances, skipped=skipped)


def _read(entry: Any) -> tuple[str, Instance]:
    service, node = entry["Service"], entry["Node"]
    name = _text(node["Node"])
    id_ = _text(service["ID"])
    tags = tuple(map(_text, _listed(service.get("Tags") or [])))
    meta = {_text(k): _text(v) for k, v in (service.get("Meta") or {}).items()}
    status = _worst(check["Status"] for check in entry["Checks"] or ())
    return name, Instance(
        id=id_,
        name=_text(service["Service"]),
        address=_host(service.get("Address") or node["Address"]),
        port=_number(service["Port"]),
        transport=_transport(id_, tags),
        tags=tags,
        metadata={k: v for k, v in meta.items() if not k.startswith(OURS)},
        status=status,
        weight=_weight(service.get("Weights") or {}, status),
        # Where hosts share an agent, it says nothing of who offers this.
        node=(owner := meta.get(OWNER, name)),
        node_address=_text(node.get("Address", "")) if owner == name else "",
    )


def _worst(said: Iterable[object]) -> Status:
    """Take the worst of all checks; what is no status of Consul's is the worst."""
    known = tuple(map(Status, map(str, said)))
    return next((each for each in _WORST_FIRST if each in known), Status.PASSING)


def _transport(id_: str, tags: tuple[str, ...]) -> Transport:
    """Tell udp and sctp by how registrators mark them: in the id, or as a tag."""
    for transport in _TRANSPORTS:
        if transport in tags or id_.endswith(f":{transport}"):
            return transport
    return "tcp"


def _weight(weights: Mapping[str, Any], status: Status) -> int:
    """Take the weight that goes with the status, as in Consul's DNS."""
    kind = "Warning" if status is Status.WARNING else "Passing"
    return _number(weights.get(kind, 1))


def _host(value: object) -> str:
    """Take an address or a host name; ValueError where it can be neither."""
    host = _text(value)
    if not host or len(host) > 253 or not host.isprintable() or " " in host:
        raise ValueError("no address")
    return host


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()  # half a character, which JSON may hold, raises ValueError
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 65536:
        raise ValueError("no number of 16 bits")
    return value
