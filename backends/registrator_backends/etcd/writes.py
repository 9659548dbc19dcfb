"""What becomes of services in transactions, each guarded by whose its keys are.

Pure. A transaction compares the leases of all its keys, and writes only if all are
as expected; if not, it shows those leases, and so whom to leave alone. Transactions
inside of transactions would tell for each service by itself, but etcd does not count
their puts against its quota: they would fill a database that is full already.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from registrator.errors import NotOwner
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.etcd import operations, wire
from registrator_backends.etcd.layout import EtcdRecord

MOST: Final = 128
"""Operations in one request, and compares: etcd's --max-txn-ops."""

HEAVIEST: Final = 700 * 1024
"""Octets of keys and values in one request, which base64 makes a third longer. etcd
takes 1.5 MiB; the longest value by itself is less than this."""

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
    def operations(self) -> int:
        """How many compares it takes; there are no more of anything else."""
        return len(self.keys) + sum(key in self.marked for key in self.keys)

    @property
    def weight(self) -> int:
        """Octets, about: each key is compared, written, and may be shown."""
        return 4 * sum(map(len, self.keys)) + sum(map(len, self.puts.values()))


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
    return operations.transaction(
        [operation for write in writes for operation in _operations(write, lease)],
        compare=[compare for write in writes for compare in _compares(write, ours)],
        failure=[
            operations.get(key, keys_only=True) for each in writes for key in each.keys
        ],
    )


def verdict(answer: wire.Json) -> Leases | None:
    """Say what came of it: None if all was written, else the leases of all keys."""
    if answer.get("succeeded") is True:
        return None
    looks = wire.parts(answer, "responses")
    ranges = [wire.entries(wire.part(each, "response_range")) for each in looks]
    return {entry.key: entry.lease for entries in ranges for entry in entries}


def again(
    write: Write,
    leases: Leases,
    ours: tuple[int, int],
    adoptable: Callable[[ServiceId], bool],
) -> Write:
    """Say how to repeat *write* on the keys as they are; raise `NotOwner`.

    *leases* may be those of more keys, of the whole transaction.

    What is to be deleted and is another's is left alone if there is something to
    put: then it is only a trace of an earlier form of the service.
    """
    found = {key: leases[key] for key in write.keys if key in leases}
    foreign = {key for key, lease in found.items() if lease not in {0, *ours}}
    free = {key for key in write.deletes if found.get(key) == 0}
    for key in foreign:
        if key in write.puts or not write.puts:
            raise NotOwner(f"its record {key.decode()} hangs on the lease of another")
    if free and not write.puts and not adoptable(write.id):
        raise NotOwner(f"its record {min(free).decode()} carries nobody's mark")
    kept = foreign if adoptable(write.id) else foreign | free
    return replace(
        write,
        deletes=(write.deletes & found.keys()) - kept,
        marked=frozenset(key for key, lease in found.items() if lease in ours),
    )


def batches(writes: Sequence[Write]) -> Iterator[tuple[Write, ...]]:
    """Put writes together as etcd takes them in one request."""
    batch: list[Write] = []
    operations = weight = 0
    for write in writes:
        operations += write.operations
        weight += write.weight
        if batch and (operations > MOST or weight > HEAVIEST):
            yield tuple(batch)
            batch, operations, weight = [], write.operations, write.weight
        batch.append(write)
    if batch:
        yield tuple(batch)


def _entries(record: EtcdRecord | None) -> Mapping[bytes, bytes]:
    return {key.encode(): value for key, value in (record.entries if record else ())}


def _operations(write: Write, lease: int) -> Iterator[wire.Json]:
    for key, value in write.puts.items():
        yield operations.put(key, value, lease)
    for key in sorted(write.deletes):
        yield operations.delete(key)


def _compares(write: Write, ours: tuple[int, int]) -> Iterator[wire.Json]:
    for key in write.keys:
        if key in write.marked:
            yield operations.lease_is(key, "GREATER", ours[0] - 1)
            yield operations.lease_is(key, "LESS", ours[1] + 1)
        else:
            # So it is also where there is no such key.
            yield operations.lease_is(key, "EQUAL", 0)
