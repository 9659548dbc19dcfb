"""The formats: one is written, each of them is read.

Pure. A format is chosen by the URI for writing; what a znode is written in is found
out by looking at it.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from registrator.model import Instance, Service
from registrator_backends.zookeeper.formats import curator, gliderlabs, nerve, serverset
from registrator_backends.zookeeper.formats.fields import Entry, Fields

LONGEST: Final = 512 * 1024
"""Octets of a value, beyond which it is not looked at: no service is that long."""

_BASE64: Final = re.compile(r"base64_[0-9]+_([A-Za-z0-9_=-]+)_[0-9]{10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write services."""

    render: Callable[[Service, str, bool], Entry]
    """Says what is written of a service, by which node, and whether it is to stay."""
    sequential: bool = False
    """Whether the server adds a number to the names of its znodes."""
    has_status: bool = False
    """Whether it says of a service how fit it is: not all readers look at that."""


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "registrator": Format(render=gliderlabs.render),
        "nerve": Format(render=nerve.render, sequential=True),
        "serverset": Format(render=serverset.render, sequential=True, has_status=True),
        "curator": Format(render=curator.render, has_status=True),
    }
)

# Each by a key that the others do not have.
_READERS: Final[Mapping[str, Callable[[Fields, str, str], Instance | None]]] = {
    "PublicPort": gliderlabs.read,
    "serviceEndpoint": serverset.read,
    "address": curator.read,
    "host": nerve.read,
}


def read(name: str, leaf: str, data: bytes) -> Instance | None:
    """Read the znode *leaf* below that of the service *name*; None where it is none."""
    if len(data) > LONGEST:
        return None
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    for key, reader in _READERS.items():
        if key in found:
            return reader(Fields(found), name, leaf)
    return None


def said_by_name(name: str, leaf: str) -> Instance | None:
    """Read what nerve put into the name itself (use_path_encoding); else None."""
    encoded = _BASE64.fullmatch(leaf)
    if encoded is None:
        return None
    try:
        data = base64.urlsafe_b64decode(encoded[1])
    except binascii.Error:
        return None
    return read(name, leaf, data)
