"""How a daemon and its responder talk: JSON in frames over a stream socket.

A frame is its length, in four octets, and an object. Pure. The two
ends may be of different versions, until the daemon has begun a responder of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from registrator.fitness import Status
from registrator.model import Instance

Message = Mapping[str, Any]

LENGTH: Final = 4
LARGEST: Final = 1 << 26
"""Octets of a frame."""

_FIELDS: Final = tuple(field.name for field in fields(Instance))
_NEEDED: Final[Message] = {"id": "", "name": "", "address": "", "port": 0}
_USUAL: Final = Instance(**_NEEDED)


class Garbled(ValueError):
    """What was said is no frame, no message or no instance."""


def frame(message: Message) -> bytes:
    """Write one message."""
    # Nothing is escaped that need not be: what registries may hold stays within bounds.
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
    octets = text.encode(errors="surrogatepass")
    return len(octets).to_bytes(LENGTH) + octets


def size(head: bytes) -> int:
    """Read the length that a frame begins with; raise `Garbled` where it is absurd."""
    length = int.from_bytes(head)
    if length > LARGEST:
        raise Garbled(f"frame of {length} octets")
    return length


def body(heard: bytes | bytearray) -> bytes | None:
    """Return what is in the first frame; None where that has not come wholly.

    Raise `Garbled`.
    """
    if len(heard) < LENGTH:
        return None
    end = LENGTH + size(bytes(heard[:LENGTH]))
    return bytes(heard[LENGTH:end]) if len(heard) >= end else None


def message(body: bytes) -> Message:
    """Read what follows the length of a frame; raise `Garbled`."""
    try:
        found = json.loads(body.decode(errors="surrogatepass"))
    except ValueError as error:
        raise Garbled("no JSON") from error
    if not isinstance(found, dict):
        raise Garbled("no object")
    return found


def written(instance: Instance) -> Message:
    """Write an instance as part of a message: what is not as usual of it."""
    values = {name: getattr(instance, name) for name in _FIELDS}
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value != getattr(_USUAL, name)
    }


def instance(values: object) -> Instance:
    """Read an instance back; raise `Garbled`.

    What another version says besides is left out.
    """
    if not isinstance(values, Mapping):
        raise Garbled("no instance")
    try:
        given = {name: values[name] for name in _FIELDS if name in values}
        given["status"] = Status(given.get("status", Status.PASSING))
        tuples = {k: tuple(v) for k, v in given.items() if isinstance(v, list)}
        return Instance(**{**_NEEDED, **given, **tuples})
    except (TypeError, ValueError) as error:
        raise Garbled("no instance") from error
