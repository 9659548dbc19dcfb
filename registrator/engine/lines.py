"""Lines out of a stream that comes in pieces of any size."""

from collections.abc import Iterator

LIMIT = 4 * 2**20
"""Bytes; a longer line is no event."""


class Lines:
    """Cuts pieces into lines; holds at most one unfinished line, up to a limit."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._skipping = False

    def feed(self, piece: bytes) -> Iterator[bytes | None]:
        """Yield each line that *piece* ends, without its end; None: it was too long.

        Empty lines are left out.
        """
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._add(part)
            if self._skipping:
                yield None
            elif self._rest:
                yield bytes(self._rest)
            self._rest.clear()
            self._skipping = False
        self._add(rest)

    def _add(self, part: bytes) -> None:
        if len(self._rest) + len(part) > self._limit:
            self._skipping = True
            self._rest.clear()
        if not self._skipping:
            self._rest += part
