"""One answer as octets, in every order and for every size of message."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate


class Order(StrEnum):
    """How the answers of one reply follow each other, from use to use."""

    ROTATE = "rotate"
    """Each use begins one answer further."""
    SHUFFLE = "shuffle"
    """Any order is as likely as any other."""
    FIXED = "fixed"
    """The same order each time."""


class Reply:
    """The records that answer one question, in another order each time.

    Without answers it may be a denial, which ends in a SOA that is not kept here.
    """

    __slots__ = (
        "_answers",
        "_arrangement",
        "_glue",
        "_turn",
        "_turns",
        "apex",
        "count",
        "orders",
        "size",
        "soa",
    )

    def __init__(
        self,
        answers: Sequence[bytes] = (),
        glue: Sequence[tuple[int, bytes]] = (),
        *,
        apex: bytes = b"",
        soa: int = 0,
        turn: int = 0,
        order: Order = Order.ROTATE,
        limit: int = 0,
    ) -> None:
        """Take *answers*, one record each, and *glue*, RRsets with their counts.

        *apex* is the owner of the SOA of a denial, and *soa* says which that is; 0 is
        none. *turn* says where to begin, *limit* how many answers one use may have,
        0 for all.
        """
        self.count = min(len(answers), limit or len(answers))
        self.apex = apex
        self.soa = soa
        self._answers = (*answers,)
        self._glue = (*glue,)
        self._arrangement = order
        self._turns = 1 if order is Order.FIXED else max(len(answers), 1)
        self._turn = turn % self._turns
        is_new_each_time = order is Order.SHUFFLE and len(answers) > 1
        self.orders = 0 if is_new_each_time or not answers else self._turns
        """How many orders follow each other; 0: it has none, or another each time."""
        largest = sorted(map(len, answers), reverse=True)[: self.count]
        self.size = sum(largest) + sum(len(octets) for _, octets in glue)
        """The octets that all records of one use have at most."""

    def fit(self, room: int) -> tuple[int, int, bytes]:
        """Give the next order: how many answers, how many glue records, the octets.

        What *room* octets cannot hold is left out: first glue, by whole RRsets,
        then answers, and with them all glue.
        """
        answers = self._order(self._turn)
        self._turn = (self._turn + 1) % self._turns
        fitting, used = _fitting(answers, room)
        if fitting < self.count:
            return fitting, 0, b"".join(answers[:fitting])
        whole, _ = _fitting([octets for _, octets in self._glue], room - used)
        glue = self._glue[:whole]
        octets = b"".join([*answers, *(octets for _, octets in glue)])
        return fitting, sum(count for count, _ in glue), octets

    def _order(self, first: int) -> Sequence[bytes]:
        return arranged(self._answers, self._arrangement, first, self.count)


def arranged(
    records: Sequence[bytes], order: Order, first: int, count: int
) -> Sequence[bytes]:
    """Give *count* of *records* in one order; *first* is whose turn it is."""
    if order is Order.SHUFFLE:
        # Spreads load, keeps no secret.
        return random.sample(records, count)
    if order is Order.FIXED:
        return records[:count]
    return (*records[first:], *records[:first])[:count]


def _fitting(parts: Sequence[bytes], room: int) -> tuple[int, int]:
    """Count the first *parts* that *room* octets hold, and their octets."""
    ends = list(accumulate(map(len, parts), initial=0))
    count = bisect_right(ends, room) - 1
    return count, ends[count]
