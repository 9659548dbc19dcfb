"""Answers that are kept, for as long as they may be and there is room."""

from collections.abc import Hashable
from dataclasses import dataclass

from registrator_dns.forward.response import Response

LARGEST_KEPT = 4096
"""Octets of an answer beyond which it is not kept: the bound is in answers."""


@dataclass(frozen=True, slots=True)
class _Kept:
    response: Response
    since: float
    until: float


class Cache:
    """Keeps at most *limit* answers; the one not asked for longest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[Hashable, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, now: float) -> tuple[Response, int] | None:
        """Find an answer that is still good at *now*, and its age in seconds."""
        kept = self._kept.pop(key, None)
        if kept is None or now >= kept.until:
            return None
        self._kept[key] = kept  # a dict keeps its order: the last used is the last
        return kept.response, int(now - kept.since)

    def put(
        self, key: Hashable, response: Response, now: float, seconds: float
    ) -> None:
        """Keep *response* from *now* on for so many *seconds*, if that may be."""
        if response.truncated or seconds <= 0 or not self._limit:
            return
        if len(response.octets) > LARGEST_KEPT:
            return
        self._kept.pop(key, None)
        if len(self._kept) >= self._limit:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = _Kept(response, now, now + seconds)
