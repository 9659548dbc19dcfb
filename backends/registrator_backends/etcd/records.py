"""What is found in etcd, put together to records again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registrator.model import ServiceId
from registrator_backends.etcd import wire
from registrator_backends.etcd.layout import EtcdRecord, Layout


@dataclass(slots=True)
class _Found:
    entries: dict[str, bytes] = field(default_factory=dict)
    lives: set[float | None] = field(default_factory=set)


def gather(
    layout: Layout,
    entries: Iterable[wire.Entry],
    lives: Mapping[int, float | None],
    ttl: float,
) -> Mapping[ServiceId, EtcdRecord]:
    """Put the entries of each service together.

    *lives* says how long the entries on a lease outlive us; those on others are left
    out. An entry of which the layout knows nothing stands for itself: what an older
    version wrote is seen, and so it goes. Where the lives of a service's entries
    differ, it has one that is not *ttl*, so that it is written anew.
    """
    found: dict[ServiceId, _Found] = {}
    for entry in entries:
        key = text(entry.key)
        if key is None or entry.lease not in lives:
            continue
        service = layout.identify(key, entry.value) or ServiceId(key)
        record = found.setdefault(service, _Found())
        record.entries[key] = entry.value
        record.lives.add(lives[entry.lease])
    return {
        service: EtcdRecord(
            entries=tuple(sorted(record.entries.items())),
            ttl=next(iter(record.lives - {ttl}), ttl),
        )
        for service, record in found.items()
    }


def text(key: bytes) -> str | None:
    """Read a key; None where it is no text."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
