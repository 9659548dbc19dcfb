"""The znodes of nerve, which synapse reads: ``NAME/<instance id>_NNNNNNNNNN``."""

import re
from typing import Final

from registrator.model import Instance, Service
from registrator_backends.zookeeper.formats.fields import Entry, Fields, written
from registrator_backends.zookeeper.paths import escaped

_OPTIONS: Final = "haproxy_server_options"
_NUMBER: Final = re.compile(r"_[0-9]+$", re.ASCII)


def render(service: Service, node: str, lasting: bool) -> Entry:
    """Write nerve's fields in nerve's order; metadata become labels.

    nerve's instance id tells one host from another: it is our node's name.
    """
    del lasting
    labels = dict(sorted(service.metadata.items()))
    options = labels.pop(_OPTIONS, "")
    body: dict[str, object] = {
        "host": service.address,
        "port": service.port,
        "name": node,
    }
    if service.weight != 1:
        body["weight"] = service.weight
    if options:
        body[_OPTIONS] = options
    if labels:
        body["labels"] = labels
    return Entry(f"{escaped(node)}_", written(body))


def read(found: Fields, name: str, leaf: str) -> Instance | None:
    """Read a znode of nerve's or of ours; its number may be written as text."""
    address, port = found.host("host"), found.number("port")
    if address is None or port is None:
        return None
    options = found.text(_OPTIONS)
    weight = found.number("weight")
    return Instance(
        id=leaf,
        name=name,
        address=address,
        port=port,
        metadata={**found.map("labels"), **({_OPTIONS: options} if options else {})},
        weight=1 if weight is None else weight,
        node=found.text("name") or _NUMBER.sub("", leaf),
    )
