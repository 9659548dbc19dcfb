"""Messages as octets: the numbers DNS uses and how records are written."""

from collections.abc import Iterable
from struct import Struct
from typing import Final

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
OPT: Final = 41
HTTPS: Final = 65
IXFR: Final = 251
AXFR: Final = 252
ANY: Final = 255

IN: Final = 1
CH: Final = 3

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
BADVERS: Final = 16

QR: Final = 0x8000
OPCODE: Final = 0x7800
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010

COOKIE: Final = 10
"""The option that has a cookie (RFC 7873)."""

HEADER_SIZE: Final = 12
OPT_SIZE: Final = 11

PLAIN_UDP: Final = 512
"""What a client without EDNS takes (RFC 1035 4.2.1), and the least any does."""
OWN_UDP: Final = 1232
"""What passes every usual path unfragmented (DNS flag day 2020)."""
TCP: Final = 65_535

ROOT: Final = b"\0"
QUESTION_NAME: Final = (0xC000 | HEADER_SIZE).to_bytes(2)
"""A pointer to the name that was asked."""

header: Final = Struct("!2s5H").pack
"""Write id, flags and the counts of question, answer, authority, additional."""

_record = Struct("!2HIH").pack
_srv = Struct("!3H").pack
_opt = Struct("!x2HBBHH").pack
_option = Struct("!2H").pack


def record(owner: bytes, kind: int, ttl: int, rdata: bytes, *, cls: int = IN) -> bytes:
    """Write one record; *owner* is complete: it ends in the root or a pointer."""
    return owner + _record(kind, cls, ttl, len(rdata)) + rdata


def srv(priority: int, weight: int, port: int, target: bytes) -> bytes:
    """Write the data of an SRV; its *target* is never compressed (RFC 2782)."""
    return _srv(priority, weight, port) + target


def txt(strings: Iterable[bytes]) -> bytes:
    """Write the data of a TXT: *strings* of at most 255 octets, or one empty one."""
    return b"".join([bytes((len(part),)) + part for part in strings]) or b"\0"


def soa(domain: bytes, serial: int, ttl: int) -> bytes:
    """Write the data of the SOA of every zone here; *ttl* is also the negative one.

    Nobody transfers these zones, so refresh, retry and expiry are only Consul's.
    """
    numbers = (serial & 0xFFFF_FFFF, 3600, 600, 86_400, ttl)
    return b"".join(
        [b"\x02ns", domain, b"\x0ahostmaster", domain]
        + [number.to_bytes(4) for number in numbers]
    )


def opt(rcode: int, *, do: bool, size: int = OWN_UDP, options: bytes = b"") -> bytes:
    """Write our OPT, with the upper bits of *rcode* (RFC 6891 6.1.3)."""
    flags = 0x8000 if do else 0
    return _opt(OPT, size, rcode >> 4, 0, flags, len(options)) + options


def option(code: int, content: bytes) -> bytes:
    """Write one option of an OPT."""
    return _option(code, len(content)) + content


def pointer(offset: int) -> bytes:
    """Refer to the name that starts at *offset* of the message."""
    return (0xC000 | offset).to_bytes(2)
