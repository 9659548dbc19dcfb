"""The responder's URI: ``dns://[address][:port][,...][/domain][,...][?option=...]``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from registrator.errors import ConfigError
from registrator.fitness import Status
from registrator.model import endpoint
from registrator_dns import lasting, names
from registrator_dns.clients import options as limits
from registrator_dns.clients.options import Limits
from registrator_dns.forward import options as forwarding
from registrator_dns.forward.options import Forwarding
from registrator_dns.lasting import Lasting, read_lasting
from registrator_dns.names import MAX_LABEL, Endpoint, Labels
from registrator_dns.places import WORDS
from registrator_dns.reply import Order
from registrator_dns.ttls import Ttls, read_seconds, read_ttls

_ADDRESS = "127.0.0.1"
_PORT = 8600
_DOMAIN = "consul"
_DEFAULTS = {
    "dc": "dc1",
    "ttl": "0",
    "negative-ttl": "",
    "only": "passing",
    "order": "rotate",
    "limit": "0",
    "short": "",
    **lasting.NAMES,
    **forwarding.NAMES,
    **limits.NAMES,
}
_FROM = "from"

_LISTEN = re.compile(r"(?:\[(?P<ipv6>[^]]+)\]|(?P<ipv4>[^]:[]*))(?::(?P<port>[0-9]+))?")
_LABEL = re.compile("[a-z0-9_-]+")

_LONGEST_DOMAIN = 90  # so that every denial, SOA and all, fits 512 octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where to answer, for which names, and how; TTLs are seconds."""

    listen: tuple[Endpoint, ...]
    domains: tuple[Labels, ...]
    """The first is the one that addresses point into."""
    dc: bytes
    ttls: Ttls
    negative_ttl: int
    shown: frozenset[Status]
    """An instance with any other is as good as not there."""
    order: Order
    limit: int
    """How many addresses one answer may have; 0: as many as there are."""
    short: Labels
    """The labels that short names end in; none: there are no short names."""
    lasting: Lasting
    forwarding: Forwarding
    limits: Limits

    @property
    def uri(self) -> str:
        """The URI of this responder, without its query."""
        listen = ",".join(endpoint(*each) for each in self.listen)
        domains = ",".join(b".".join(each).decode() for each in self.domains)
        return f"dns://{listen}/{domains}"

    @property
    def suffix(self) -> int:
        """The octets that may follow a name: data center, domain and root."""
        return 1 + max(len(names.wire((self.dc, *each))) for each in self.domains)


def read_options(uri: str) -> Options:
    """Read *uri*; raise `ConfigError` with every mistake."""
    mistakes: list[str] = []
    _, slashes, rest = uri.partition("://")
    if not slashes:
        mistakes.append("write dns://address:port/domain")
    place, _, query = rest.partition("?")
    listen, _, domains = place.partition("/")
    pairs, sources = _pairs(query, mistakes)
    ttls = read_ttls(pairs["ttl"], mistakes)
    dc = _dc(pairs["dc"], mistakes)
    options = Options(
        listen=tuple(_listen(listen, mistakes)),
        domains=_domains(domains, mistakes),
        dc=dc,
        ttls=ttls,
        negative_ttl=_negative_ttl(pairs["negative-ttl"], ttls, mistakes),
        shown=_shown(pairs["only"], mistakes),
        order=_order(pairs["order"], mistakes),
        limit=_limit(pairs["limit"], mistakes),
        short=_short(pairs["short"], dc, mistakes),
        lasting=read_lasting(pairs, sources, mistakes),
        forwarding=forwarding.read(pairs, mistakes),
        limits=limits.read(pairs, mistakes),
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


def _domains(text: str, mistakes: list[str]) -> tuple[Labels, ...]:
    parts = (text.strip("/") or _DOMAIN).split(",")
    domains = tuple(_domain(part.removesuffix("."), mistakes) for part in parts)
    if len(set(domains)) < len(domains):
        mistakes.append(f"domain {text!r} is given twice")
    return domains


def _domain(text: str, mistakes: list[str]) -> Labels:
    labels = tuple(text.lower().split("."))
    if not all(map(_is_label, labels)):
        mistakes.append(f"domain {text!r} is not made of labels of a-z, 0-9, - and _")
        return (text.encode(errors="replace"),)
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


def _negative_ttl(text: str, ttls: Ttls, mistakes: list[str]) -> int:
    return read_seconds("negative-ttl", text, mistakes) if text else ttls.default


def _shown(text: str, mistakes: list[str]) -> frozenset[Status]:
    """Read what is shown at least: never what is critical."""
    known = {
        "passing": frozenset({Status.PASSING}),
        "warning": frozenset({Status.PASSING, Status.WARNING}),
    }
    if text not in known:
        mistakes.append(f"only {text!r} is neither passing nor warning")
    return known.get(text, frozenset())


def _order(text: str, mistakes: list[str]) -> Order:
    if text not in set(Order):
        mistakes.append(f"order {text!r} is none of {', '.join(Order)}")
        return Order.ROTATE
    return Order(text)


def _limit(text: str, mistakes: list[str]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5:
        return int(text)
    mistakes.append(f"limit {text!r} is not a number of addresses, or 0 for all")
    return 0


def _short(text: str, dc: bytes, mistakes: list[str]) -> Labels:
    """Read what short names end in: it must not mean anything else in a name."""
    if not text:
        return ()
    labels = tuple(text.lower().split("."))
    if not all(map(_is_label, labels)) or labels[-1].startswith("_"):
        mistakes.append(f"short {text!r} is not made of labels of a-z, 0-9, - and _")
    elif labels[-1].encode() in {*WORDS, dc}:
        mistakes.append(f"short {text!r} already means something in a name")
    return tuple(label.encode(errors="replace") for label in labels)


def without_sources(uri: str) -> str:
    """Leave out of *uri* where instances are read: a password may stand there."""
    place, mark, query = uri.partition("?")
    others = [e for e in query.split("&") if e.partition("=")[0] != _FROM]
    return f"{place}{mark}{'&'.join(others)}"


def _pairs(query: str, mistakes: list[str]) -> tuple[Mapping[str, str], list[str]]:
    """Split the query into options, and the registries that are read."""
    given = parse_qsl(query, keep_blank_values=True)
    sources = [value for name, value in given if name == _FROM]
    others = [pair for pair in given if pair[0] != _FROM]
    pairs = dict(others)
    known = ", ".join((*_DEFAULTS, _FROM))
    mistakes += [
        f"unknown option {name!r} (known: {known})"
        for name in pairs
        if name not in _DEFAULTS
    ]
    if len(pairs) < len(others):
        mistakes.append("an option is given twice")
    return {**_DEFAULTS, **pairs}, sources
