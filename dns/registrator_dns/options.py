"""The responder's URI: ``dns://[address][:port][,...][/domain][?dc=...&ttl=...]``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from registrator.errors import ConfigError
from registrator.model import endpoint
from registrator_dns import names
from registrator_dns.names import MAX_LABEL, Labels
from registrator_dns.places import WORDS

Endpoint = tuple[str, int]
"""An IP address and a port."""

_ADDRESS = "127.0.0.1"
_PORT = 8600
_DEFAULTS = {"dc": "dc1", "ttl": "0"}

_LISTEN = re.compile(r"(?:\[(?P<ipv6>[^]]+)\]|(?P<ipv4>[^]:[]*))(?::(?P<port>[0-9]+))?")
_LABEL = re.compile("[a-z0-9_-]+")

_LONGEST_TTL = 0x7FFF_FFFF  # RFC 2181 section 8
_LONGEST_DOMAIN = 90  # so that every denial, SOA and all, fits 512 octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where to answer, for which names, and with which TTL in seconds."""

    listen: tuple[Endpoint, ...]
    domain: Labels
    dc: bytes
    ttl: int

    @property
    def uri(self) -> str:
        """The URI of this responder, without its query."""
        listen = ",".join(endpoint(*each) for each in self.listen)
        return f"dns://{listen}/{b'.'.join(self.domain).decode()}"


def read_options(uri: str) -> Options:
    """Read *uri*; raise `ConfigError` with every mistake."""
    mistakes: list[str] = []
    _, slashes, rest = uri.partition("://")
    if not slashes:
        mistakes.append("write dns://address:port/domain")
    place, _, query = rest.partition("?")
    listen, _, domain = place.partition("/")
    pairs = _pairs(query, mistakes)
    options = Options(
        listen=tuple(_listen(listen, mistakes)),
        domain=_domain(domain.strip("/").removesuffix(".") or "consul", mistakes),
        dc=_dc(pairs["dc"], mistakes),
        ttl=_ttl(pairs["ttl"], mistakes),
    )
    if mistakes:
        raise ConfigError(*(f"dns: {mistake}" for mistake in mistakes))
    return options


def _listen(text: str, mistakes: list[str]) -> Iterator[Endpoint]:
    if "@" in text:
        # Not repeated: what stands there may be a password.
        mistakes.append("the address takes no user")
        return
    seen = set()
    for part in (text or _ADDRESS).split(","):
        match = _LISTEN.fullmatch(part)
        if not part or not match:
            mistakes.append(f"{part!r} is not address:port (IPv6 stands in brackets)")
            continue
        address = match["ipv6"] or match["ipv4"] or _ADDRESS
        port = int(match["port"] or _PORT)
        if not _is_address(address, size=16 if match["ipv6"] else 4):
            mistakes.append(f"{part!r}: {address!r} is not an IP address")
        if port > 0xFFFF:
            mistakes.append(f"{part!r}: a port is at most 65535")
        if (address, port) in seen:
            mistakes.append(f"{part!r} is given twice")
        seen.add((address, port))
        yield address, port


def _is_address(address: str, *, size: int) -> bool:
    try:
        return len(names.packed(address)) == size
    except (OSError, ValueError):
        return False


def _domain(text: str, mistakes: list[str]) -> Labels:
    labels = tuple(text.lower().split("."))
    if not all(map(_is_label, labels)):
        mistakes.append(f"domain {text!r} is not made of labels of a-z, 0-9, - and _")
        return ()
    domain = names.parse(".".join(labels))
    if domain[-1] == b"arpa":
        mistakes.append(f"domain {text!r} belongs to the names of addresses")
    if len(names.wire(domain)) > _LONGEST_DOMAIN:
        mistakes.append(f"domain {text!r} is longer than {_LONGEST_DOMAIN} octets")
    return domain


def _dc(text: str, mistakes: list[str]) -> bytes:
    dc = text.lower()
    if not _is_label(dc) or dc.startswith("_"):
        mistakes.append(f"dc {text!r} is not one label of a-z, 0-9, - and _")
    elif dc.encode() in WORDS:
        mistakes.append(f"dc {text!r} already means something in a name")
    return dc.encode(errors="replace")


def _is_label(text: str) -> bool:
    return bool(_LABEL.fullmatch(text)) and len(text) <= MAX_LABEL


def _ttl(text: str, mistakes: list[str]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 10:
        ttl = int(text)
        if ttl <= _LONGEST_TTL:
            return ttl
    mistakes.append(f"ttl {text!r} is not a number of seconds up to {_LONGEST_TTL}")
    return 0


def _pairs(query: str, mistakes: list[str]) -> Mapping[str, str]:
    given = parse_qsl(query, keep_blank_values=True)
    pairs = dict(given)
    known = ", ".join(_DEFAULTS)
    mistakes += [
        f"unknown option {name!r} (known: {known})"
        for name in pairs
        if name not in _DEFAULTS
    ]
    if len(pairs) < len(given):
        mistakes.append("an option is given twice")
    return {**_DEFAULTS, **pairs}
