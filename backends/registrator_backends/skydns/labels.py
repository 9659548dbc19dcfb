"""Names and ids as labels of DNS names, as keys under SkyDNS's path hold them.

Pure. CoreDNS looks for the lower-cased labels of a question, so no other key is ever
found. Sources: RFC 1035 2.3.1; CoreDNS, plugin/etcd/msg/path.go.
"""

import re
from base64 import b32encode
from hashlib import sha256
from typing import Final

from registrator.errors import Rejected
from registrator.model import ServiceId

LONGEST: Final = 253
"""Octets of a whole name, its dots included."""

WILDCARDS: Final = frozenset({"any", "*"})
"""Labels that stand for every label in a question, and so never for themselves."""

OWN: Final = frozenset({"apex", "ns", "stub"})
"""What SkyDNS and CoreDNS keep for themselves below the label dns."""

_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_PLAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

# 100 bits of a digest, behind as much of the id as a label then has room for.
_DIGEST: Final = 20
_DIGESTED: Final = re.compile(rf".*-[a-z2-7]{{{_DIGEST}}}")
_READABLE: Final = 63 - 1 - _DIGEST


def label_of(service: ServiceId) -> str:
    """Make a label of an id: itself where it is one, else with a digest of it.

    No id that is left as it is looks like one with a digest: no two ids meet.
    """
    if is_plain(service):
        return service
    digest = b32encode(sha256(service.encode()).digest()).decode().lower()
    words = re.sub("[^a-z0-9]+", "-", service.lower()).strip("-")
    readable = words[:_READABLE].rstrip("-") or "id"
    return f"{readable}-{digest[:_DIGEST]}"


def is_plain(service: str) -> bool:
    """Whether an id is its own label."""
    return (
        _PLAIN.fullmatch(service) is not None
        and _DIGESTED.fullmatch(service) is None
        and service not in WILDCARDS | OWN
    )


def labels_of(name: str) -> tuple[str, ...]:
    """Split a name at its dots; raise `Rejected` where it is not one of DNS."""
    labels = tuple(name.lower().split("."))
    for label in labels:
        if not _NAME.fullmatch(label):
            raise Rejected(
                f"name {name[:128]!r}: {label[:64]!r} is not a label of a-z, 0-9, - and"
                " _, 63 at most"
            )
        if label in WILDCARDS:
            raise Rejected(f"name {name!r}: {label!r} asks for every name in SkyDNS")
    if labels[-1] == "dns" and len(labels) > 1 and labels[-2] in OWN:
        raise Rejected(f"name {name!r} is one that SkyDNS and CoreDNS need themselves")
    return labels
