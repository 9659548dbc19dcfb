"""Reads many keys of etcd: at one revision, in requests of bounded size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from registrator.errors import Unavailable
from registrator.http_client import TooLong
from registrator_backends.etcd import operations, wire
from registrator_backends.etcd.client import EtcdClient
from registrator_backends.etcd.faults import Compacted
from registrator_backends.etcd.layout import range_end

T = TypeVar("T")

_PAGE: Final = 1000
_GETS: Final = 64 * 64  # as operations.gets puts them together
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in a cluster's history; revisions count the changes to any key."""

    cluster: str
    revision: int

    def is_before(self, other: "Moment") -> bool:
        """Whether what is known of *other* may be wrong: its history is another."""
        return self.cluster != other.cluster or self.revision < other.revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What stood under a prefix at one moment."""

    moment: Moment
    entries: Sequence[wire.Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What stands under a prefix, in short."""

    count: int
    latest: frozenset[tuple[bytes, int]]
    """The keys that were written last, with the revision that wrote them."""


async def values(client: EtcdClient, keys: Sequence[bytes]) -> list[wire.Entry]:
    """Read these keys; those that are not there are left out."""
    found: list[wire.Entry] = []
    for at in range(0, len(keys), _GETS):
        found += await _together(client, keys[at : at + _GETS])
    return found


async def listing(
    client: EtcdClient, prefix: bytes, *, keys_only: bool = False
) -> Listing:
    """Read everything under *prefix*, as it was at one moment."""
    for _ in range(_TRIES):
        try:
            return await _pages(client, prefix, keys_only=keys_only)
        except Compacted as error:
            # The history was cut off between two pages.
            last = error
    raise Unavailable(str(last)) from last


async def state(client: EtcdClient, prefix: bytes, at: Moment, *, since: int) -> State:
    """Read in short what stood under *prefix* at that moment, written *since*.

    Raise `Compacted` where that is forgotten, `Refused` where it is yet to come.
    """
    said = {
        "key": wire.encoded(prefix),
        "range_end": wire.encoded(range_end(prefix)),
        "revision": str(at.revision),
        "min_mod_revision": str(since),
        "keys_only": True,
    }
    return await client.ask("kv/range", said, _state)


def moment(answer: wire.Json) -> Moment:
    """Read what stands in the header of every answer."""
    header = wire.part(answer, "header")
    return Moment(
        cluster=str(header.get("cluster_id", "")),
        revision=wire.number(header, "revision"),
    )


async def _pages(client: EtcdClient, prefix: bytes, *, keys_only: bool) -> Listing:
    begin, end, limit = prefix, wire.encoded(range_end(prefix)), _PAGE
    entries: list[wire.Entry] = []
    first: Moment | None = None
    while True:
        said = {
            "key": wire.encoded(begin),
            "range_end": end,
            "limit": str(limit),
            "revision": str(first.revision if first else 0),
            "keys_only": keys_only,
        }
        try:
            page, more, now = await client.ask("kv/range", said, _page)
        except TooLong:
            # Somebody put large values there: fewer of them at a time.
            if limit == 1:
                raise
            limit = max(1, limit // 8)
            continue
        first = first or now
        entries += page
        if not (more and page):
            return Listing(moment=first, entries=entries)
        begin = page[-1].key + b"\0"


async def _together(client: EtcdClient, keys: Sequence[bytes]) -> list[wire.Entry]:
    """Read keys in one request, or in two where the values are large."""
    try:
        return await client.ask("kv/txn", operations.gets(keys), _found)
    except TooLong:
        if len(keys) == 1:
            raise
    half = len(keys) // 2
    first = await _together(client, keys[:half])
    return [*first, *await _together(client, keys[half:])]


def _page(answer: wire.Json) -> tuple[Sequence[wire.Entry], bool, Moment]:
    return wire.entries(answer), answer.get("more") is True, moment(answer)


def _state(answer: wire.Json) -> State:
    return State(
        count=wire.number(answer, "count"),
        latest=frozenset((each.key, each.changed) for each in wire.entries(answer)),
    )


def _found(answer: wire.Json) -> list[wire.Entry]:
    return [
        entry
        for outer in wire.parts(answer, "responses")
        for part in wire.parts(wire.part(outer, "response_txn"), "responses")
        for entry in wire.entries(wire.part(part, "response_range"))
    ]
