"""Domain names as labels and as octets (RFC 1035 section 3.1)."""

import socket

Labels = tuple[bytes, ...]
"""The labels of a name, leftmost first, in lower case, without the root."""

Endpoint = tuple[str, int]
"""An IP address and a port."""

MAX_LABEL = 63
MAX_NAME = 255
"""Octets of a whole name, length octets and root included."""

_IPV4_ARPA: Labels = (b"in-addr", b"arpa")
_IPV6_ARPA: Labels = (b"ip6", b"arpa")

_LENGTHS = [bytes((length,)) for length in range(MAX_LABEL + 1)]


def parse(text: str) -> Labels:
    """Split *text* at its dots; raise ValueError where it makes no labels."""
    labels = tuple(text.encode().lower().split(b"."))
    if not all(0 < len(label) <= MAX_LABEL for label in labels):
        raise ValueError(f"{text!r} does not split into labels of 1 to 63 octets")
    return labels


def wire(labels: Labels) -> bytes:
    """Write *labels* as they stand in a message, without the root's octet."""
    return b"".join([_LENGTHS[len(label)] + label for label in labels])


def packed(address: str) -> bytes:
    """Turn an address literal into its 4 or 16 octets; OSError where it is none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


def reverse(address: bytes) -> Labels:
    """Name the place of *address* in arpa (RFC 1035 3.5, RFC 3596 2.5)."""
    if len(address) == 4:
        return tuple(b"%d" % octet for octet in reversed(address)) + _IPV4_ARPA
    nibbles = reversed(address.hex().encode())
    return tuple(bytes((nibble,)) for nibble in nibbles) + _IPV6_ARPA


def address_place(labels: Labels) -> tuple[Labels, bytes]:
    """Find the place in arpa that a name is at, or is below, and whose it is.

    Raise ValueError for a name that is at no address's place.
    """
    if labels[-2:] == _IPV4_ARPA:
        place = labels[-6:]
        address = bytes(int(label) for label in reversed(place[:-2]))
    elif labels[-2:] == _IPV6_ARPA:
        place = labels[-34:]
        address = bytes.fromhex(b"".join(reversed(place[:-2])).decode("ascii"))
    else:
        raise ValueError("not in arpa")
    # int() and fromhex() read more spellings than the one that DNS uses.
    if len(address) not in {4, 16} or reverse(address) != place:
        raise ValueError("not the place of an address")
    return place, address


def from_hex(label: bytes) -> bytes:
    """Read the address that eight or 32 hexadecimal digits spell, else ValueError."""
    address = bytes.fromhex(label.decode("ascii"))
    if len(address) not in {4, 16} or to_hex(address) != label:
        raise ValueError("not an address in hexadecimal")
    return address


def to_hex(address: bytes) -> bytes:
    """Spell *address* as one label."""
    return address.hex().encode()
