"""The messages of gRPC's health protocol, and what an answer comes to. Pure.

Sources: grpc/health/v1/health.proto, "gRPC over HTTP2", Protocol Buffers' "Encoding".
Two messages with one field each are read and written here: all of protobuf would be a
hundred times the code.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from registrator.health.excerpt import excerpt

PATH: Final = "/grpc.health.v1.Health/Check"
SERVING: Final = 1

_SAYS: Final = {
    0: "does not know how it is (UNKNOWN)",
    2: "does not serve (NOT_SERVING)",
    3: "does not know the service (SERVICE_UNKNOWN)",
}
_FAILS: Final = {
    "5": "does not know the service (NOT_FOUND)",
    "7": "does not let us ask (PERMISSION_DENIED)",
    "12": "has no health service, grpc.health.v1.Health (UNIMPLEMENTED)",
    "14": "is not available (UNAVAILABLE)",
    "16": "wants to know who asks (UNAUTHENTICATED)",
}
_HEAD: Final = 5  # octets: whether the message is compressed, and its length
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class Garbled(Exception):
    """An answer is none of this protocol; says why."""


def request(service: str) -> bytes:
    """Ask for a service, or with "" for the server as a whole."""
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return b"\0" + len(message).to_bytes(4) + message


def failure(headers: Mapping[str, str], body: bytes) -> str:
    """Say why a complete answer is no SERVING; "": it is.

    *headers* are those before the body and after it.
    """
    status = headers.get(":status", "")
    if "grpc-status" not in headers:
        return f"does not speak gRPC: it answers HTTP status {excerpt(status)}"
    if (code := headers["grpc-status"]) != "0":
        said = excerpt(unquote(headers.get("grpc-message", "")))
        known = _FAILS.get(code, f"answers gRPC status {excerpt(code)}")
        return f"{known}: {said}" if said else known
    try:
        serving = _serving(body)
    except Garbled as garbled:
        return f"answers what is no health message: {garbled}"
    if serving == SERVING:
        return ""
    return _SAYS.get(serving, f"answers the unknown health status {serving}")


def _serving(body: bytes) -> int:
    if len(body) < _HEAD or len(body) != _HEAD + int.from_bytes(body[1:_HEAD]):
        raise Garbled("its length is wrong")
    if body[0]:
        raise Garbled("it is compressed")
    # A field that is left out has the value 0; of one that is there twice the last.
    status = 0
    for number, value in _fields(body[_HEAD:]):
        if number == 1:
            status = value
    return status


def _fields(message: bytes) -> Iterator[tuple[int, int]]:
    """Yield fields that are whole numbers, and pass over all others."""
    place = 0
    while place < len(message):
        key, place = _number(message, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _number(message, place)
            yield key >> 3, value
        elif kind == _LENGTH:
            length, place = _number(message, place)
            place += length
        elif kind in {_FIXED64, _FIXED32}:
            place += 8 if kind == _FIXED64 else 4
        else:
            raise Garbled(f"a field is of the unknown kind {kind}")
    if place > len(message):
        raise Garbled("a field is cut short")


def _number(message: bytes, place: int) -> tuple[int, int]:
    """Read a whole number, and return it with where it ends."""
    value = 0
    for shift, octet in enumerate(message[place : place + 10]):
        value |= (octet & 0x7F) << (7 * shift)
        if octet < 0x80:
            return value, place + shift + 1
    raise Garbled("a number is cut short")


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*octets, number))
