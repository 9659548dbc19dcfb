"""What has been forwarded so far, in plain integers."""

from collections.abc import Mapping


class Counts:
    """Counts since the start; who counts adds to the fields."""

    __slots__ = (
        "asked",
        "cached",
        "failed",
        "joined",
        "overload",
        "refused",
        "special",
    )

    def __init__(self) -> None:
        self.asked = 0
        """Questions that upstreams were asked."""
        self.cached = 0
        """Queries that were answered from the cache."""
        self.joined = 0
        """Queries that waited for a question that was on its way already."""
        self.special = 0
        """Queries for names that are never asked elsewhere."""
        self.refused = 0
        """Queries of clients who may not recurse, and for what is not forwarded."""
        self.failed = 0
        """Questions that no upstream answered."""
        self.overload = 0
        """Queries that were one too many."""

    def by_name(self) -> Mapping[str, int]:
        """Count everything, in words."""
        return {f"forwarded {name}": getattr(self, name) for name in self.__slots__}
