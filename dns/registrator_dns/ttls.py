"""For how long resolvers may keep what is said of a service, by its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_LONGEST: Final = 0x7FFF_FFFF  # RFC 2181 section 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ttls:
    """Seconds by name: the name itself goes before the longest beginning of it."""

    default: int = 0
    """Of all other names, and of what belongs to no service."""
    exact: Mapping[str, int] = field(default_factory=dict)
    beginnings: Mapping[str, int] = field(default_factory=dict)
    """The longest first."""

    def least(self, names: Iterable[str]) -> int:
        """Find the TTL of records that are of all *names*: an RRset has but one.

        Source: RFC 2181 section 5.2.
        """
        if not self.exact and not self.beginnings:
            return self.default
        return min(map(self._of, {name.lower() for name in names}), default=0)

    def _of(self, name: str) -> int:
        if name in self.exact:
            return self.exact[name]
        for beginning, ttl in self.beginnings.items():
            if name.startswith(beginning):
                return ttl
        return self.default


def read_ttls(text: str, mistakes: list[str]) -> Ttls:
    """Read ``5`` or ``db:10,web*:3,*:5``; add what is wrong to *mistakes*."""
    patterns: dict[str, int] = {}
    for part in text.split(","):
        pattern, _, seconds = part.rpartition(":")
        pattern = pattern.lower() if ":" in part else "*"
        if "*" in pattern[:-1] or not pattern:
            mistakes.append(f"ttl {part!r}: write name:5, beginning*:5 or *:5")
        elif pattern in patterns:
            mistakes.append(f"ttl {text!r} has two for {pattern}")
        patterns[pattern] = read_seconds("ttl", seconds, mistakes)
    beginnings = {p[:-1]: ttl for p, ttl in patterns.items() if p[-1:] == "*"}
    default = beginnings.pop("", 0)
    return Ttls(
        default=default,
        exact={p: ttl for p, ttl in patterns.items() if p[-1:] != "*"},
        beginnings=dict(sorted(beginnings.items(), key=lambda it: -len(it[0]))),
    )


def read_seconds(option: str, text: str, mistakes: list[str]) -> int:
    """Read the TTL that *option* is given."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        ttl = int(text)
        if ttl <= _LONGEST:
            return ttl
    mistakes.append(f"{option} {text!r} is not a number of seconds up to {_LONGEST}")
    return 0
