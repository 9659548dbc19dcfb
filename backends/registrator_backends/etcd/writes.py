"""What becomes of services in transactions: each guarded, and with its own verdict.

Pure. A transaction of etcd's may hold others. Each write is one of them: it compares
the leases of all its keys, and where one is not as expected it writes nothing and
shows the keys instead. So many services take one request, and none spoils another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from registrator.errors import NotOwner
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.etcd import wire
from registrator_backends.etcd.layout import EtcdRecord

MOST: Final = 64
"""Writes in one request. etcd counts its 128 operations along each path: this leaves
the other half to the compares and operations of a single write."""

HEAVIEST: Final = 1024 * 1024
"""Octets of keys and values in one request; etcd takes 1.5 MiB of everything."""

Leases = Mapping[bytes, int]
"""The lease of each key that is there; 0 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What one service wants: keys set and deleted, all of them or none."""

    id: ServiceId
    puts: Mapping[bytes, bytes]
    deletes: frozenset[bytes]
    marked: frozenset[bytes]
    """The keys that hang on a lease of ours; the others are free, or not there."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """All keys, in a fixed order."""
        return (*self.puts, *sorted(self.deletes))

    @property
    def weight(self) -> int:
        """Octets, about."""
        return sum(map(len, (*self.keys, *self.keys, *self.puts.values())))


def write_of(change: Change[EtcdRecord]) -> Write:
    """Say what brings *change* about; what is there already is not written again."""
    wanted, present = _entries(change.wanted), _entries(change.present)
    same_life = (
        change.wanted is not None
        and change.present is not None
        and change.wanted.ttl == change.present.ttl
    )
    marked = change.present is not None and change.present.ttl is not None
    return Write(
        id=change.id,
        puts={
            key: value
            for key, value in wanted.items()
            if not same_life or present.get(key) != value
        },
        deletes=frozenset(present.keys() - wanted.keys()),
        marked=frozenset(present) if marked else frozenset(),
    )


def request(writes: Sequence[Write], lease: int, ours: tuple[int, int]) -> wire.Json:
    """Write the transaction: records go on *lease*, *ours* are both we may have."""
    return wire.transaction([_part(each, lease, ours) for each in writes])


def verdicts(answer: wire.Json, writes: Sequence[Write]) -> list[Leases | None]:
    """Say of each write, in order: None if it was done, else its keys' leases."""
    parts = wire.parts(answer, "responses")
    if len(parts) != len(writes):
        raise wire.Nonsense("a transaction lacks an answer")
    found = [wire.part(part, "response_txn") for part in parts]
    return [
        None if each.get("succeeded") is True else _leases(each, write)
        for each, write in zip(found, writes, strict=True)
    ]


def again(
    write: Write,
    leases: Leases,
    ours: tuple[int, int],
    adoptable: Callable[[ServiceId], bool],
) -> Write:
    """Say how to repeat *write* on the keys as they are; raise `NotOwner`.

    What is to be deleted and is another's is left alone if there is something to
    put: then it is only a trace of an earlier form of the service.
    """
    foreign = {key for key, lease in leases.items() if lease not in {0, *ours}}
    free = {key for key in write.deletes if leases.get(key) == 0}
    for key in foreign:
        if key in write.puts or not write.puts:
            raise NotOwner(f"its record {key.decode()} hangs on the lease of another")
    if free and not write.puts and not adoptable(write.id):
        raise NotOwner(f"its record {min(free).decode()} carries nobody's mark")
    kept = foreign if adoptable(write.id) else foreign | free
    return replace(
        write,
        deletes=(write.deletes & leases.keys()) - kept,
        marked=frozenset(key for key, lease in leases.items() if lease in ours),
    )


def batches(writes: Sequence[Write]) -> Iterator[tuple[Write, ...]]:
    """Put writes together as etcd takes them in one request."""
    batch: list[Write] = []
    weight = 0
    for write in writes:
        if batch and (len(batch) == MOST or weight + write.weight > HEAVIEST):
            yield tuple(batch)
            batch, weight = [], 0
        batch.append(write)
        weight += write.weight
    if batch:
        yield tuple(batch)


def _entries(record: EtcdRecord | None) -> Mapping[bytes, bytes]:
    return {key.encode(): value for key, value in (record.entries if record else ())}


def _part(write: Write, lease: int, ours: tuple[int, int]) -> wire.Json:
    puts = [wire.put(key, value, lease) for key, value in write.puts.items()]
    deletes = [wire.delete(key) for key in sorted(write.deletes)]
    compares: list[wire.Json] = []
    for key in write.keys:
        if key in write.marked:
            compares.append(wire.lease_is(key, "GREATER", ours[0] - 1))
            compares.append(wire.lease_is(key, "LESS", ours[1] + 1))
        else:
            compares.append(wire.lease_is(key, "EQUAL", 0))
    looks = [wire.get(key, keys_only=True) for key in write.keys]
    inner = wire.transaction([*puts, *deletes], compare=compares, failure=looks)
    return {"request_txn": inner}


def _leases(found: wire.Json, write: Write) -> Leases:
    """Read what a write shows that was not done."""
    looks = wire.parts(found, "responses")
    if len(looks) != len(write.keys):
        raise wire.Nonsense("a transaction lacks an answer")
    return {
        entry.key: entry.lease
        for look in looks
        for entry in wire.entries(wire.part(look, "response_range"))
    }
