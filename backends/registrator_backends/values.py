"""What key/value stores keep of a service: gliderlabs' ``ip:port``, or JSON.

Pure. Values that others wrote are read as they are, or not at all.
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

from registrator.errors import Rejected
from registrator.fitness import Status
from registrator.model import Instance, Service, Transport, endpoint
from registrator.uri import is_host, is_ipv6

LONGEST: Final = 512 * 1024
"""Octets of a value, beyond which it is not looked at: no service is that long."""

_HALVES: Final = re.compile("[\ud800-\udfff]")

Format = Literal["plain", "json"]


def render_plain(service: Service, node: str) -> bytes:
    """Write ``ip:port``, as gliderlabs/registrator does (``[ip]:port`` for IPv6)."""
    del node
    return endpoint(service.address, service.port).encode()


def render_json(service: Service, node: str) -> bytes:
    """Write all that readers can use of a service, with the node that owns it.

    Raise `Rejected` where it holds what is no text.
    """
    whole = {
        "id": service.id,
        "name": service.name,
        "address": service.address,
        "port": service.port,
        "transport": service.transport,
        "tags": list(service.tags),
        "metadata": dict(sorted(service.metadata.items())),
        "status": service.status.value,
        "priority": service.priority,
        "weight": service.weight_when(service.status),
        "node": node,
        "container": service.container[:12],
        "container_name": service.container_name,
    }
    try:
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise Rejected("its metadata or tags hold what is no text") from error


RENDER: Final[Mapping[Format, Callable[[Service, str], bytes]]] = MappingProxyType(
    {"plain": render_plain, "json": render_json}
)

HAS_STATUS: Final[frozenset[Format]] = frozenset({"json"})
"""The formats that say of a service how fit it is."""


def read_value(value: bytes, *, key_id: str, key_name: str) -> Instance | None:
    """Read either format; None where *value* is neither.

    *key_id* and *key_name* are what the entry's key says of it.
    """
    if len(value) > LONGEST:
        return None
    text = value.decode(errors="replace").strip()
    if text.startswith("{"):
        return _read_json(text, key_id, key_name)
    place = read_endpoint(text)
    if place is None:
        return None
    return Instance(id=key_id, name=key_name, address=place[0], port=place[1])


def read_endpoint(text: str) -> tuple[str, int] | None:
    """Take ``host:port`` or ``[ip]:port`` apart; None where it is neither."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        fits = is_ipv6(host)
    else:
        fits = ":" not in host and is_host(host)
    if not (colon and fits and port.isascii() and port.isdigit() and len(port) < 6):
        return None
    return (host, int(port)) if int(port) < 65536 else None


def _read_json(text: str, key_id: str, key_name: str) -> Instance | None:
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        return None
    address, port = found.get("address"), found.get("port", 0)
    tags, metadata = found.get("tags", []), found.get("metadata", {})
    transport, status = found.get("transport", "tcp"), found.get("status", "passing")
    priority, weight = found.get("priority", 1), found.get("weight", 1)
    if not (
        isinstance(address, str)
        and is_host(address)
        and _is_number(port)
        and isinstance(tags, list)
        and all(map(_is_text, tags))
        and isinstance(metadata, dict)
        and all(map(_is_text, (*metadata, *metadata.values())))
        and transport in get_args(Transport)
        and status in tuple(Status)
        and _is_number(priority)
        and _is_number(weight)
    ):
        return None
    return Instance(
        id=_text(found.get("id"), key_id),
        name=_text(found.get("name"), key_name),
        address=address,
        port=port,
        transport=cast("Transport", transport),
        tags=tuple(tags),
        metadata=metadata,
        status=Status(status),
        priority=priority,
        weight=weight,
        node=_text(found.get("node"), ""),
    )


def _is_text(value: object) -> bool:
    """Whether it is text that can be written again: JSON may hold half a character."""
    return isinstance(value, str) and not _HALVES.search(value)


def _is_number(value: object) -> bool:
    """Whether it fits a port, and the fields of an SRV record (RFC 2782)."""
    return type(value) is int and 0 <= value < 65536


def _text(value: object, otherwise: str) -> str:
    return value if value and isinstance(value, str) and _is_text(value) else otherwise
