"""Records as people write them (RFC 1035 section 5.1)."""

import socket
from collections.abc import Iterator, Mapping
from typing import Final

from registrator_dns import wire
from registrator_dns.names import Labels, parse

KINDS: Final[Mapping[str, int]] = {
    "A": wire.A,
    "NS": wire.NS,
    "CNAME": wire.CNAME,
    "SOA": wire.SOA,
    "PTR": wire.PTR,
    "TXT": wire.TXT,
    "AAAA": wire.AAAA,
    "SRV": wire.SRV,
    "HTTPS": wire.HTTPS,
    "ANY": wire.ANY,
}

_RCODES: Final = {
    wire.NOERROR: "NOERROR",
    wire.SERVFAIL: "SERVFAIL",
    wire.NXDOMAIN: "NXDOMAIN",
    wire.REFUSED: "REFUSED",
}
_WORDS: Final = {number: word for word, number in KINDS.items()}
_FAMILIES: Final = {wire.A: socket.AF_INET, wire.AAAA: socket.AF_INET6}
_PRINTABLE: Final = range(0x21, 0x7F)


def kind_of(word: str) -> int:
    """Read a type; raise ValueError for one that is not known here."""
    if word.upper() in KINDS:
        return KINDS[word.upper()]
    number = word.upper().removeprefix("TYPE")
    if not number.isascii() or not number.isdigit() or int(number) > 0xFFFF:
        raise ValueError(f"{word!r} is no type of record")
    return int(number)


def word_of(kind: int) -> str:
    """Write a type."""
    return _WORDS.get(kind, f"TYPE{kind}")


def rcode(number: int) -> str:
    """Write an rcode that we answer with."""
    return _RCODES[number]


def name_of(text: str) -> Labels:
    """Read a name, with or without the root; raise ValueError where it is none."""
    return parse(text.removesuffix(".")) if text != "." else ()


def name(octets: bytes) -> str:
    """Write a name that ends in the root."""
    labels = []
    at = 0
    while size := octets[at]:
        labels.append("".join(map(_escaped, octets[at + 1 : at + 1 + size])))
        at += 1 + size
    return ".".join([*labels, ""]) if labels else "."


def data(kind: int, rdata: bytes) -> str:
    """Write the data of a record of ours."""
    if kind in _FAMILIES:
        return socket.inet_ntop(_FAMILIES[kind], rdata)
    if kind in {wire.PTR, wire.NS, wire.CNAME}:
        return name(rdata)
    if kind == wire.SRV:
        numbers = [int.from_bytes(rdata[at : at + 2]) for at in (0, 2, 4)]
        return f"{' '.join(map(str, numbers))} {name(rdata[6:])}"
    if kind == wire.TXT:
        return " ".join(_strings(rdata))
    if kind == wire.SOA:
        return _soa(rdata)
    return f"\\# {len(rdata)} {rdata.hex()}"  # RFC 3597 section 5


def _soa(rdata: bytes) -> str:
    hostmaster = 0
    while size := rdata[hostmaster]:
        hostmaster += 1 + size
    both = f"{name(rdata)} {name(rdata[hostmaster + 1 :])}"
    numbers = [int.from_bytes(rdata[at:][:4]) for at in range(-20, 0, 4)]
    return f"{both} {' '.join(map(str, numbers))}"


def _strings(rdata: bytes) -> Iterator[str]:
    at = 0
    while at < len(rdata):
        size = rdata[at]
        string = rdata[at + 1 : at + 1 + size]
        quoted = "".join(" " if octet == 0x20 else _escaped(octet) for octet in string)
        yield f'"{quoted}"'
        at += 1 + size


def _escaped(octet: int) -> str:
    if octet not in _PRINTABLE:
        return f"\\{octet:03d}"
    return f"\\{chr(octet)}" if chr(octet) in '."\\;()' else chr(octet)
