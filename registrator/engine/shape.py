"""Typed access to JSON that somebody else wrote.

What is missing or null reads as empty, for engines differ in what they leave out; what
has another type than it must have raises `Misshapen`, which names the field.
"""

from collections.abc import Mapping, Sequence


class Misshapen(ValueError):
    """A field has a type that it must not have."""


def obj(value: object, field: str) -> Mapping[str, object]:
    """Return an object's members."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _misshapen(value, field, "an object")


def array(value: object, field: str) -> Sequence[object]:
    """Return an array's elements."""
    if value is None:
        return ()
    if isinstance(value, list):
        return value
    raise _misshapen(value, field, "an array")


def text(value: object, field: str) -> str:
    """Return a string."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise _misshapen(value, field, "a string")


def number(value: object, field: str) -> int:
    """Return a whole number."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    raise _misshapen(value, field, "a whole number")


def _misshapen(value: object, field: str, wanted: str) -> Misshapen:
    return Misshapen(f"{field} is a {type(value).__name__}, not {wanted}")
