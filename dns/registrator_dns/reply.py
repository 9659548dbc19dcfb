"""One answer as octets, in every order and for every size of message."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from struct import Struct

from registrator_dns import wire

MOST_ORDERS = 8
"""With more answers than these, an order is put together when it is due."""

_shape = Struct("!5H").pack
_USUAL_FLAGS = [rd | bits for rd in (0, wire.RD) for bits in (0, 0x10, 0x20, 0x30)]


class Reply:
    """The records that answer one question; each use begins one answer further.

    Without answers it may be a denial, which ends in a SOA that is not kept here.
    """

    __slots__ = (
        "_answers",
        "_glue",
        "_orders",
        "_turn",
        "_turns",
        "apex",
        "count",
        "heads",
        "heads_with_opt",
        "usual_size",
    )

    def __init__(
        self,
        answers: Sequence[bytes] = (),
        glue: Sequence[tuple[int, bytes]] = (),
        *,
        apex: bytes = b"",
        turn: int = 0,
    ) -> None:
        """Take *answers*, one record each, and *glue*, RRsets with their counts.

        *apex* is the owner of the SOA of a denial, *turn* says where to begin.
        """
        self.count = len(answers)
        self.apex = apex
        self._answers = (*answers,)
        self._glue = (*glue,)
        self._turns = max(self.count, 1)
        self._turn = turn % self._turns
        extra = sum(count for count, _ in glue)
        self.heads = _heads(self.count, len(apex) > 0, extra)
        """What follows the id in a reply, by what follows it in a usual query."""
        self.heads_with_opt = _heads(self.count, len(apex) > 0, extra, opts=1)
        """The same where query and reply carry an OPT."""
        all_glue = b"".join(octets for _, octets in glue)
        self.usual_size = sum(map(len, answers)) + len(all_glue)
        """The room that `usual` needs; more than there is where that has nothing."""
        self._orders: tuple[bytes, ...] = ()
        if self.usual_size > wire.OWN_UDP or self.count > MOST_ORDERS:
            self.usual_size = wire.TCP
        else:
            self._orders = tuple(
                b"".join(self._order(first)) + all_glue + apex
                for first in range(self._turns)
            )

    def usual(self) -> bytes:
        """Give the next order, whole; of a denial, the owner of its SOA."""
        turn = self._turn
        self._turn = (turn + 1) % self._turns
        return self._orders[turn]

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
        return self._answers[first:] + self._answers[:first]


def _fitting(parts: Sequence[bytes], room: int) -> tuple[int, int]:
    """Count the first *parts* that *room* octets hold, and their octets."""
    ends = list(accumulate(map(len, parts), initial=0))
    count = bisect_right(ends, room) - 1
    return count, ends[count]


@lru_cache(1024)
def _heads(
    answers: int, authority: int, extra: int, *, opts: int = 0
) -> Mapping[bytes, bytes]:
    """List the queries that need no closer look, with the heads of their replies.

    They have one question, no record but *opts* OPTs, and RD, AD and CD as the
    client likes.
    """
    return {
        _shape(flags, 1, 0, 0, opts): _shape(
            wire.QR | wire.AA | flags & wire.RD, 1, answers, authority, extra + opts
        )
        for flags in _USUAL_FLAGS
    }
