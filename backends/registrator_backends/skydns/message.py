"""The messages that SkyDNS and CoreDNS keep in etcd: JSON, a field where it matters.

Pure. Sources: SkyDNS, msg/service.go; CoreDNS, plugin/etcd/msg/service.go. Both read
them with Go's encoding/json, which takes names of fields in any case, and leaves
fields that it does not know alone: of ours that is the id.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from registrator.uri import is_host
from registrator_backends.values import LONGEST

PRIORITY: Final = 10
"""The priority where a message names none, or 0."""
WEIGHT: Final = 100
"""The weight where a message names none, or 0."""

_LARGEST: Final = 2**31 - 1
_HALVES: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, as far as it concerns services."""

    host: str
    """An IP address, or a host name, which makes it a CNAME."""
    port: int = 0
    priority: int = PRIORITY
    weight: int = WEIGHT
    text: str = ""
    ttl: int = 0
    """Seconds that an answer may be kept; 0: as the server says."""
    group: str = ""
    id: str = ""
    """Ours: the service's id, where the key cannot hold it."""


def write_message(message: Message) -> bytes:
    """Write *message*: fields in SkyDNS's order, and only those that say something.

    Raise UnicodeEncodeError for half a character.
    """
    fields: dict[str, object] = {"host": message.host, "port": message.port}
    fields["priority"] = message.priority if message.priority != PRIORITY else 0
    fields["weight"] = message.weight if message.weight != WEIGHT else 0
    fields |= {"text": message.text, "ttl": message.ttl, "group": message.group}
    fields["id"] = message.id
    said = {name: value for name, value in fields.items() if value}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def read_message(value: bytes) -> Message | None:
    """Read what anybody wrote; None where it is no message, or one without a host."""
    if len(value) > LONGEST:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    fields = {key.lower(): each for key, each in found.items() if each is not None}
    texts = [_text(fields.get(name, "")) for name in ("host", "text", "group")]
    numbers = [
        _number(fields.get(name, 0)) for name in ("port", "priority", "weight", "ttl")
    ]
    if None in texts or None in numbers:
        return None
    host, text, group = (each or "" for each in texts)
    port, priority, weight, ttl = (each or 0 for each in numbers)
    host = host.removesuffix(".")
    if not is_host(host) or port > 65535:
        return None
    return Message(
        host=host,
        port=port,
        priority=min(priority or PRIORITY, 65535),
        weight=min(weight or WEIGHT, 65535),
        text=text,
        ttl=ttl,
        group=group,
        id=_text(fields.get("id", "")) or "",
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and not _HALVES.search(value) else None


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _LARGEST else None
