"""The znodes of gliderlabs/registrator: ``NAME/IP:PORT``, with JSON as Go writes it."""

import re
from typing import Final, cast

from registrator.model import Instance, Service, Transport
from registrator_backends.zookeeper.formats.fields import Entry, Fields, written

# encoding/json escapes these for the sake of HTML.
_ESCAPED: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_SUFFIX: Final = re.compile(r":(udp|sctp)$")


def render(service: Service, node: str, lasting: bool) -> Entry:
    """Write the anchor's fields in the anchor's order.

    It gave TCP and UDP on one port the same znode; here all but TCP is told by the
    name, as in its ids.
    """
    del node, lasting
    suffix = "" if service.transport == "tcp" else f":{service.transport}"
    body = written(
        {
            "Name": service.name,
            "IP": service.address,
            "PublicPort": service.port,
            "PrivatePort": _private(service),
            # The anchor has the container's hostname here, by default the same.
            "ContainerID": service.container[:12],
            "Tags": list(service.tags),
            "Attrs": dict(sorted(service.metadata.items())),
        }
    ).decode()
    for character, escaped in _ESCAPED.items():
        body = body.replace(character, escaped)
    return Entry(f"{service.address}:{service.port}{suffix}", body.encode())


def read(found: Fields, name: str, leaf: str) -> Instance | None:
    """Read a znode of the anchor's or of ours."""
    address, port = found.host("IP"), found.number("PublicPort")
    if address is None or port is None:
        return None
    transport = _SUFFIX.search(leaf)
    return Instance(
        id=leaf,
        name=found.text("Name") or name,
        address=address,
        port=port,
        transport=cast("Transport", transport[1] if transport else "tcp"),
        tags=found.texts("Tags"),
        metadata=found.map("Attrs"),
    )


def _private(service: Service) -> int:
    """Find the container's own port, which an id of the usual form ends with."""
    usual = re.search(r":([0-9]{1,5})(?::(?:udp|sctp))?$", service.id)
    return (
        int(usual[1])
        if usual and service.container_name in service.id
        else service.port
    )
