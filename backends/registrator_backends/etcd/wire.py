"""etcd's JSON gateway: how it writes things, and how its answers are read.

Pure. Keys and values are base64, 64-bit numbers are text, and what is zero, empty
or false is left out of an answer (etcd's documentation, "gRPC gateway").
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registrator.errors import RegistratorError

Json = Mapping[str, Any]


class Nonsense(RegistratorError):
    """The answer is not as etcd answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with its value, and the lease that it hangs on; 0 for none."""

    key: bytes
    value: bytes
    lease: int
    changed: int
    """The revision that wrote it."""


def encoded(octets: bytes) -> str:
    """Write a key or a value."""
    return b64encode(octets).decode()


def document(body: bytes) -> Json:
    """Read an answer; raise `Nonsense` where it is no JSON object."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Nonsense("the answer is not JSON") from error
    if not isinstance(found, dict):
        raise Nonsense("this is not etcd")
    return found


def number(answer: Json, name: str) -> int:
    """Read a number; 0 where it is left out."""
    try:
        return int(answer.get(name, 0))
    except (TypeError, ValueError) as error:
        raise Nonsense(f"{name} is no number") from error


def part(answer: Json, name: str) -> Json:
    """Read what is an object; empty where it is left out."""
    found = answer.get(name, {})
    if not isinstance(found, dict):
        raise Nonsense(f"{name} is no object")
    return found


def parts(answer: Json, name: str) -> Sequence[Json]:
    """Read a list of objects; empty where it is left out."""
    found = answer.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Nonsense(f"{name} is no list")
    return found


def entries(answer: Json) -> Sequence[Entry]:
    """Read the entries that a range or a transaction's part holds."""
    return [entry(each) for each in parts(answer, "kvs")]


def entry(found: Json) -> Entry:
    """Read one entry."""
    return Entry(
        key=octets(found.get("key", "")),
        value=octets(found.get("value", "")),
        lease=number(found, "lease"),
        changed=number(found, "mod_revision"),
    )


def octets(text: object) -> bytes:
    """Read a key or a value."""
    try:
        return b64decode(text if isinstance(text, str) else "?", validate=True)
    except ValueError as error:
        raise Nonsense("a key or a value is not base64") from error
