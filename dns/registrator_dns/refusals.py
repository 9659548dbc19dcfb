"""Why an instance cannot be shown in DNS."""

from collections.abc import Iterator
from itertools import chain

from registrator.model import Instance
from registrator_dns import names, records, spelling, wire
from registrator_dns.names import MAX_NAME
from registrator_dns.places import SERVICE, ends_as_pair

_LARGEST_TXT = wire.TCP - 512
"""Octets that are left in a message beside the longest question and an OPT."""

LONGEST = 96 * 1024
"""Characters of all that is known of an instance: what tells of many has an end too."""


def refusals(instance: Instance, suffix: int) -> Iterator[str]:
    """Yield each reason; none for an instance that can be shown.

    *suffix* counts the octets of data center and domain, the root's included.
    """
    yield from _of_name(instance.name, suffix)
    yield from _of_address(instance.address)
    for what, value in (
        ("port", instance.port),
        ("priority", instance.priority),
        ("weight", instance.weight),
    ):
        if not 0 <= value <= 0xFFFF:
            yield f"{what} {value} is not from 0 to 65535"
    yield from _of_text(instance)
    if _length(instance) > LONGEST:
        yield f"it is longer than {LONGEST} characters in all"


def _of_name(name: str, suffix: int) -> Iterator[str]:
    try:
        labels = names.parse(name)
    except ValueError:
        yield f"name {name!r:.80} does not split into labels of 1 to 63 octets"
        return
    if ends_as_pair(labels):
        yield f"name {name!r:.80} reads as the _name._proto of RFC 2782"
    if len(names.wire((*labels, SERVICE))) + suffix > MAX_NAME:
        yield f"name {name!r:.80} is too long under this domain"


def _of_address(address: str) -> Iterator[str]:
    try:
        names.packed(address)
    except (OSError, ValueError):
        try:
            spelling.host_name(address)
        except ValueError:
            yield f"address {address!r:.60} is neither an IP address nor a host's name"


def _of_text(instance: Instance) -> Iterator[str]:
    """Check what the TXT is made of (RFC 6763 section 6)."""
    for key in instance.metadata:
        if not key or "=" in key or not (key.isascii() and key.isprintable()):
            yield f"metadata key {key!r:.60} is not printable ASCII without ="
    try:
        strings = list(records.strings(instance))
    except UnicodeEncodeError:
        yield "metadata or tags are no text: they hold half of a surrogate pair"
        return
    if sum(len(string) + 1 for string in strings) > _LARGEST_TXT:
        yield f"metadata is longer than {_LARGEST_TXT} octets in all"


def _length(instance: Instance) -> int:
    pairs = chain.from_iterable(instance.metadata.items())
    texts = (instance.id, instance.container, instance.image)
    node = (instance.node, instance.node_address)
    return sum(map(len, chain(texts, node, instance.tags, pairs)))
