"""The layout of SkyDNS: ``/skydns/<domain backwards>/<name backwards>/<id>``.

Pure. The last label of a key is the id, whoever wrote it; those between domain and
id are the name. Sources: CoreDNS, plugin/etcd/etcd.go and msg/path.go; for what others
wrote, gliderlabs/registrator's skydns2 and the coredns of its fork by fayrus.
"""

from dataclasses import dataclass
from typing import Final

from registrator.errors import Rejected
from registrator.model import Instance, Service, ServiceId, Transport
from registrator_backends.etcd.layout import Entries
from registrator_backends.skydns.arpa import place_of
from registrator_backends.skydns.fayrus import left_by_fayrus
from registrator_backends.skydns.labels import LONGEST, label_of, labels_of
from registrator_backends.skydns.message import (
    PRIORITY,
    WEIGHT,
    Message,
    read_message,
    write_message,
)
from registrator_backends.skydns.text import read_text, write_text

_MOST: Final = 65535  # what a field of an SRV record holds
_SHIFT: Final = PRIORITY - 1  # our least urgent but one is SkyDNS's default
_LONGEST_TEXT: Final = 60_000  # a message of DNS ends at 65535
_TRANSPORTS: Final[tuple[Transport, ...]] = ("udp", "sctp")


@dataclass(frozen=True, slots=True, kw_only=True)
class SkydnsLayout:
    """One message a service."""

    domain: str
    """In lower case, without a dot at its end."""
    path: str = "skydns"
    """Where SkyDNS's tree begins, without slashes around it."""
    record_ttl: int = 5
    """Seconds that a DNS server may keep an answer; 0: as it thinks best."""
    node: str = ""
    address: str = ""
    """This host's, where it is known."""
    adopting: bool = False
    """Whether what fayrus/registrator wrote with that address is ours."""

    @property
    def kind(self) -> str:
        """SkyDNS and CoreDNS read the same."""
        return "skydns"

    @property
    def has_status(self) -> bool:
        """DNS servers answer with whatever stands there."""
        return False

    @property
    def prefix(self) -> str:
        """The path and the domain."""
        return f"/{self.path}/{_backwards(self.domain)}/"

    @property
    def arpa(self) -> str:
        """How the keys start that lead from addresses to names."""
        return f"/{self.path}/arpa/"

    def entries(self, service: Service) -> Entries:
        """Write one entry; raise `Rejected` where DNS could not show it."""
        if not service.id or service.id.startswith(f"/{self.path}/"):
            raise Rejected(f"id {service.id[:128]!r} makes no key")
        try:
            label = label_of(service.id)
            message = self._message(service, label)
            value = write_message(message)
        except UnicodeEncodeError as error:
            raise Rejected("its id, tags or metadata hold what is no text") from error
        labels = labels_of(service.name)
        if len(".".join((label, *labels, self.domain))) > LONGEST:
            raise Rejected(f"name {service.name!r} is too long under {self.domain}")
        return (("/".join((self._of(labels), label)), value),)

    def identify(self, key: str, value: bytes) -> ServiceId | None:
        """Read the id from the value, or else from the end of the key."""
        parts = self._parts(key)
        if len(parts) < 2:
            return None
        message = read_message(value)
        if message and self.adopting and message.host == self.address:
            found = left_by_fayrus(parts[-1], message, self.node)
            if found is not None:
                return found
        return ServiceId(_id(parts[-1], message))

    def readers_prefix(self, name: str) -> str:
        """The name's own key as well as all below it, and keys that only begin so."""
        return self._of(labels_of(name)) if name else self.prefix

    def read(self, key: str, value: bytes) -> Instance | None:
        """Read a message; a key right below the domain is its own name and id."""
        parts = self._parts(key)
        message = read_message(value) if parts else None
        if message is None:
            return None
        own = _id(parts[-1], message)
        tags, metadata = read_text(message.text)
        if message.group:
            metadata = {**metadata, "group": message.group}
        return Instance(
            id=own,
            name=_forwards(parts[:-1]) or parts[-1],
            address=message.host,
            port=message.port,
            transport=_transport(own, tags),
            tags=tags,
            metadata=metadata,
            priority=message.priority,
            weight=message.weight,
        )

    def pointer(self, key: str, value: bytes) -> tuple[str, str] | None:
        """Say which key leads from an entry's address back, and to what name."""
        parts, message = self._parts(key), read_message(value)
        place = place_of(message.host) if len(parts) > 1 and message else None
        if place is None:
            return None
        return f"{self.arpa}{place}", f"{_forwards(parts[:-1])}.{self.domain}"

    def _message(self, service: Service, label: str) -> Message:
        if not 0 <= service.priority <= _MOST - _SHIFT:
            raise Rejected(
                f"priority {service.priority} is not from 0 to {_MOST - _SHIFT}:"
                f" SkyDNS counts from {PRIORITY}"
            )
        if not 0 <= service.weight <= _MOST:
            raise Rejected(f"weight {service.weight} is not from 0 to {_MOST}")
        group = service.metadata.get("group", "")
        others = {k: v for k, v in service.metadata.items() if k != "group" or not v}
        text = write_text(service.tags, others)
        if len(text.encode()) > _LONGEST_TEXT:
            raise Rejected(f"its metadata is longer than {_LONGEST_TEXT} octets in all")
        return Message(
            host=service.address,
            port=service.port,
            priority=service.priority + _SHIFT,
            weight=service.weight * WEIGHT or 1,
            text=text,
            ttl=self.record_ttl,
            group=group,
            id="" if label == service.id else service.id,
        )

    def _of(self, labels: tuple[str, ...]) -> str:
        return self.prefix + "/".join(reversed(labels))

    def _parts(self, key: str) -> tuple[str, ...]:
        """Take the labels behind the domain; none where there are none, or empty."""
        parts = tuple(key.removeprefix(self.prefix).split("/"))
        return parts if key.startswith(self.prefix) and all(parts) else ()


def _id(label: str, message: Message | None) -> str:
    """Take the id that a message names if its key is made of that, else the key's."""
    said = message.id if message else ""
    return said if said and label_of(ServiceId(said)) == label else label


def _backwards(name: str) -> str:
    return "/".join(reversed(name.split(".")))


def _forwards(parts: tuple[str, ...]) -> str:
    return ".".join(reversed(parts))


def _transport(own: str, tags: tuple[str, ...]) -> Transport:
    """Tell udp and sctp by how registrators mark them: in the id, or as a tag."""
    for transport in _TRANSPORTS:
        if transport in tags or own.endswith(f":{transport}"):
            return transport
    return "tcp"
