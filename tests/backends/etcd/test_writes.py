from itertools import pairwise

import pytest

from registrator.errors import NotOwner
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.etcd.layout import EtcdRecord
from registrator_backends.etcd.writes import (
    HEAVIEST,
    MOST,
    Write,
    again,
    batches,
    request,
    write_of,
)

ID = ServiceId("x")
OURS = (10, 11)


def record(ttl: float | None = 60.0, **entries: str) -> EtcdRecord:
    said = tuple((key, value.encode()) for key, value in entries.items())
    return EtcdRecord(entries=said, ttl=ttl)


def write(
    puts: dict[bytes, bytes] | None = None,
    deletes: frozenset[bytes] = frozenset(),
    marked: frozenset[bytes] = frozenset(),
) -> Write:
    return Write(id=ID, puts=puts or {}, deletes=deletes, marked=marked)


CHANGES = [
    (record(a="1"), None, write({b"a": b"1"})),
    (record(a="1"), record(a="1"), write(marked=frozenset({b"a"}))),
    (record(a="2"), record(a="1"), write({b"a": b"2"}, marked=frozenset({b"a"}))),
    (
        record(a="1", b="2"),
        record(a="1", b="1"),
        write({b"b": b"2"}, marked=frozenset({b"a", b"b"})),
    ),
    (
        record(b="1"),
        record(a="1"),
        write({b"b": b"1"}, frozenset({b"a"}), frozenset({b"a"})),
    ),
    (
        record(a="1"),
        record(a="1", ttl=30.0),
        write({b"a": b"1"}, marked=frozenset({b"a"})),
    ),
    (record(a="1"), record(a="1", ttl=None), write({b"a": b"1"})),
    (
        None,
        record(a="1"),
        write(deletes=frozenset({b"a"}), marked=frozenset({b"a"})),
    ),
    (None, record(a="1", ttl=None), write(deletes=frozenset({b"a"}))),
    (None, None, write()),
]


@pytest.mark.parametrize(("wanted", "present", "expected"), CHANGES)
def test_only_what_differs_is_written(
    wanted: EtcdRecord | None, present: EtcdRecord | None, expected: Write
) -> None:
    assert write_of(Change(ID, wanted, present)) == expected


PUT = write({b"a": b"1"})
MOVE = write({b"b": b"1"}, frozenset({b"a"}), frozenset({b"a"}))
DROP = write(deletes=frozenset({b"a"}), marked=frozenset({b"a"}))

AGAIN = [
    (PUT, {}, False, PUT),
    (PUT, {b"a": 0}, False, PUT),
    (PUT, {b"a": 10}, False, write({b"a": b"1"}, marked=frozenset({b"a"}))),
    (PUT, {b"a": 11}, False, write({b"a": b"1"}, marked=frozenset({b"a"}))),
    (PUT, {b"other": 99}, False, PUT),
    (MOVE, {}, False, write({b"b": b"1"})),
    (MOVE, {b"a": 99}, False, write({b"b": b"1"})),
    (MOVE, {b"a": 99}, True, write({b"b": b"1"})),
    (MOVE, {b"a": 0}, False, write({b"b": b"1"})),
    (MOVE, {b"a": 0}, True, write({b"b": b"1"}, frozenset({b"a"}))),
    (MOVE, {b"a": 10}, False, MOVE),
    (DROP, {}, False, write()),
    (DROP, {b"a": 11}, False, DROP),
    (DROP, {b"a": 0}, True, write(deletes=frozenset({b"a"}))),
]


@pytest.mark.parametrize(("first", "leases", "adoptable", "expected"), AGAIN)
def test_what_was_not_as_expected_is_repeated_as_it_is(
    first: Write, leases: dict[bytes, int], adoptable: bool, expected: Write
) -> None:
    assert again(first, leases, OURS, lambda _: adoptable) == expected


@pytest.mark.parametrize(
    ("first", "leases", "adoptable", "why"),
    [
        (PUT, {b"a": 99}, True, "on the lease of another"),
        (MOVE, {b"b": 99, b"a": 10}, True, "on the lease of another"),
        (DROP, {b"a": 99}, True, "on the lease of another"),
        (DROP, {b"a": 0}, False, "carries nobody's mark"),
    ],
)
def test_what_is_another_s_is_left_alone(
    first: Write, leases: dict[bytes, int], adoptable: bool, why: str
) -> None:
    with pytest.raises(NotOwner, match=why):
        again(first, leases, OURS, lambda _: adoptable)


def test_a_request_compares_every_key_that_it_writes() -> None:
    said = request([MOVE, write({b"c": b"1"})], 10, OURS)

    compared = {each["key"] for each in said["compare"]}
    assert len(compared) == len(said["success"]) == len(said["failure"]) == 3


@pytest.mark.parametrize(
    ("count", "size", "marked"), [(1, 1, 0), (500, 1, 0), (500, 1, 1), (9, 500_000, 1)]
)
def test_requests_stay_within_what_etcd_takes(
    count: int, size: int, marked: int
) -> None:
    keys = [f"{number}".encode() for number in range(count)]
    writes = [
        write({key: b"x" * size}, marked=frozenset([key] * marked)) for key in keys
    ]

    found = list(batches(writes))

    assert [each for batch in found for each in batch] == writes
    for batch in found:
        assert sum(each.operations for each in batch) <= MOST
        assert sum(each.weight for each in batch) <= HEAVIEST
    for one, other in pairwise(found):
        both = (*one, other[0])
        full = sum(each.operations for each in both) > MOST
        assert full or sum(each.weight for each in both) > HEAVIEST


def test_nothing_to_write_makes_no_request() -> None:
    assert list(batches([])) == []
