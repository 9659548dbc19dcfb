"""Durations as Go writes them, for those used to the anchor and to Consul."""

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "\N{MICRO SIGN}s": 1e-6,
    "\N{GREEK SMALL LETTER MU}s": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_NUMBER = r"(?:[0-9]{1,12}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})"
_PART = re.compile(rf"({_NUMBER})({'|'.join(_UNITS)})")
_WHOLE = re.compile(rf"(?:{_PART.pattern}){{1,8}}")
_PLAIN = re.compile(_NUMBER)

LONGEST = 366 * 86400.0


def seconds(text: str) -> float:
    """Read `1h2m3.5s`, `300ms`, or a plain number of seconds.

    Raise `ValueError` for all else, and for more than a year.
    """
    if _PLAIN.fullmatch(text):
        total = float(text)
    elif _WHOLE.fullmatch(text):
        total = sum(
            float(number) * _UNITS[unit] for number, unit in _PART.findall(text)
        )
    else:
        raise ValueError(f"no duration: {text[:40]!r}")
    if total > LONGEST:
        raise ValueError(f"a duration of more than a year: {text[:40]!r}")
    return round(total, 9)
