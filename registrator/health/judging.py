"""Pure: what an HTTP answer comes to, and how it is shown."""

from collections.abc import Iterator
from typing import Final

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.excerpt import excerpt
from registrator.health.probe import Outcome

LONGEST: Final = 65_536
"""Octets of a body that are looked at."""
SHOWN: Final = 100
"""Characters of it that are shown."""

_LOOKED_AT: Final = 4096
_HIDDEN: Final = "***"
_SHORTEST_SECRET: Final = 4


def verdict(check: Check, status: int) -> Status:
    """Say what an HTTP status is for this check."""
    if check.statuses:
        wanted = any(low <= status <= high for low, high in check.statuses)
        return Status.PASSING if wanted else Status.CRITICAL
    if status == 429:
        return Status.WARNING
    return Status.PASSING if 200 <= status <= 299 else Status.CRITICAL


def judge(check: Check, status: int, phrase: str, body: bytes) -> Outcome:
    """Sum up a whole answer; *body* is the beginning of its body."""
    line = f"{status} {excerpt(phrase, 40)}".rstrip()
    shown = _shown(check, body)
    said = f"{line}: {shown}" if shown else line
    found = verdict(check, status)
    if found is Status.PASSING and check.expect.encode() not in body:
        lacks = f"{line}, without {excerpt(check.expect, 40)!r}"
        return Outcome(Status.CRITICAL, f"{lacks}: {shown}" if shown else lacks)
    return Outcome(found, said)


def _shown(check: Check, body: bytes) -> str:
    """Show where the body begins: without what the check sent, which may come back."""
    text = body[:_LOOKED_AT].decode(errors="replace")
    for secret in sorted(_secrets(check), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return excerpt(text, SHOWN)


def _secrets(check: Check) -> Iterator[str]:
    """Name what may be a secret: headers, words of them (``Bearer ...``), the body."""
    values = [value for name, value in check.headers if name.lower() != "host"]
    for each in (*values, *(word for value in values for word in value.split())):
        if len(each) >= _SHORTEST_SECRET:
            yield each
    if len(check.body) >= _SHORTEST_SECRET:
        yield check.body
