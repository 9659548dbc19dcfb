"""Entries of Consul's key/value store, and how a transaction changes them.

Pure. Every change holds only for what was seen before: who else writes the same key
meanwhile makes it fail, and nothing is lost. Source: Consul's HTTP API, "Transactions".
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

MOST: Final = 64
"""Operations in one transaction."""
LARGEST: Final = 384 * 1024
"""Octets of one transaction; an agent refuses more than 512 KiB, as it comes."""

Operation = dict[str, dict[str, object]]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with all that Consul keeps of it."""

    key: str
    value: bytes
    flags: int
    session: str
    """Who holds the key, and takes it along when it ends; "" for nobody."""
    index: int
    """Another one with every change."""


def read_entries(found: object) -> list[Entry]:
    """Read what Consul lists; ValueError where it is no such list."""
    try:
        return [_read(each) for each in _listed(found)]
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError("no entry") from error


def claim(
    key: str, value: bytes, flags: int, found: Entry | None, session: str
) -> list[Operation]:
    """Have *key* hold all this, under *session* or nobody's; nothing if it does.

    Whoever else holds it loses it: whether that is right is for the caller to know.
    """
    holder = found.session if found else ""
    if found and (found.value, found.flags, holder) == (value, flags, session):
        return []
    written = {
        "Key": key,
        "Value": base64.b64encode(value).decode(),
        "Flags": flags,
    }
    if holder == session:
        return [_operation("cas", **written, Index=found.index if found else 0)]
    steps = [
        _operation("check-index", Key=key, Index=found.index)
        if found
        else _operation("check-not-exists", Key=key)
    ]
    if holder:
        steps.append(_operation("unlock", **written, Session=holder))
    if session:
        steps.append(_operation("lock", **written, Session=session))
    return steps


def release(found: Entry) -> list[Operation]:
    """Remove a key."""
    return [_operation("delete-cas", Key=found.key, Index=found.index)]


def look(keys: Iterable[str]) -> list[Operation]:
    """Read keys, whether they exist or not, with all that start like them."""
    return [_operation("get-tree", Key=key) for key in keys]


def packed(
    items: Iterable[tuple[T, Sequence[Operation]]],
) -> Iterator[list[tuple[T, Sequence[Operation]]]]:
    """Share *items* out to transactions, none of them in two."""
    pack: list[tuple[T, Sequence[Operation]]] = []
    room, octets = MOST, LARGEST
    for item, steps in items:
        length = len(json.dumps(steps))
        if pack and (len(steps) > room or length > octets):
            yield pack
            pack, room, octets = [], MOST, LARGEST
        pack.append((item, steps))
        room, octets = room - len(steps), octets - length
    if pack:
        yield pack


def _listed(found: object) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _read(found: Any) -> Entry:
    key, session = found["Key"], found.get("Session", "")
    flags, index = found["Flags"], found["ModifyIndex"]
    if not (
        isinstance(key, str)
        and isinstance(session, str)
        and isinstance(flags, int)
        and isinstance(index, int)
    ):
        raise TypeError("no entry")
    value = base64.b64decode(found["Value"] or "")
    return Entry(key=key, value=value, flags=flags, session=session, index=index)


def _operation(verb: str, **fields: object) -> Operation:
    return {"KV": {"Verb": verb, **fields}}
