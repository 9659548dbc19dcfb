"""The part of ``dns://...?`` that says what is forwarded, for whom, and where to."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registrator_dns import names
from registrator_dns.forward.clients import Network
from registrator_dns.names import Endpoint, Labels

RESOLV_CONF = "resolv.conf"
"""Stands for the servers that the host itself asks."""

NAMES: Mapping[str, str] = {
    "upstream": "",
    "zone-upstream": "",
    "allow": "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,"
    "::1/128,fc00::/7,fe80::/10",
    "cache": "10000",
}
"""The options, and what they are where they are not given."""

_PORT = 53
_LARGEST_CACHE = 1_000_000
_PLACE = re.compile(r"(?:\[(?P<ipv6>[^]]+)\]|(?P<ipv4>[^]:[]+))(?::(?P<port>[0-9]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Whom to ask for what, for whom, and how many answers to keep."""

    upstreams: tuple[Endpoint, ...]
    resolv_conf: bool
    zones: Mapping[Labels, tuple[Endpoint, ...]]
    allow: tuple[Network, ...]
    cache: int

    @property
    def is_on(self) -> bool:
        """Whether anything is forwarded."""
        return bool(self.upstreams or self.resolv_conf or self.zones)


def read(pairs: Mapping[str, str], mistakes: list[str]) -> Forwarding:
    """Read the options of `NAMES`, all given; add what is wrong to *mistakes*."""
    upstream = pairs["upstream"]
    is_file = upstream == RESOLV_CONF
    return Forwarding(
        upstreams=()
        if is_file
        else tuple(_places("upstream", upstream, mistakes) if upstream else ()),
        resolv_conf=is_file,
        zones=dict(_zones(pairs["zone-upstream"], mistakes)),
        allow=tuple(_networks(pairs["allow"], mistakes)),
        cache=_size(pairs["cache"], mistakes),
    )


def _places(option: str, text: str, mistakes: list[str]) -> Iterator[Endpoint]:
    seen = set()
    for part in text.split(","):
        match = _PLACE.fullmatch(part)
        if match is None:
            mistakes.append(
                f"{option} {part!r} is not address:port (IPv6 stands in brackets)"
            )
            continue
        place = (match["ipv6"] or match["ipv4"], int(match["port"] or _PORT))
        reason = _unusable(place, is_bracketed=bool(match["ipv6"]))
        if place in seen:
            reason = "given twice"
        if reason:
            mistakes.append(f"{option} {part!r}: {reason}")
        seen.add(place)
        yield place


def _unusable(place: Endpoint, *, is_bracketed: bool) -> str:
    """Say why no query can go to *place*; "" where one can."""
    address, port = place
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"{address!r} is not an IP address"
    if (parsed.version == 6) is not is_bracketed:
        return "an IPv6 address, and no other, stands in brackets"
    if "%" in address:
        return "an address with an interface can only be had from resolv.conf"
    if parsed.is_unspecified or parsed.is_multicast:
        return "this is not the address of one server"
    if not 0 < port <= 0xFFFF:
        return "a port is from 1 to 65535"
    return ""


def _zones(
    text: str, mistakes: list[str]
) -> Iterator[tuple[Labels, tuple[Endpoint, ...]]]:
    seen = set()
    for part in text.split(";") if text else ():
        zone, equals, places = part.partition("=")
        if not equals:
            mistakes.append(f"zone-upstream {part!r} is not zone=address,address")
            continue
        try:
            labels = names.parse(zone.removesuffix("."))
        except ValueError as error:
            mistakes.append(f"zone-upstream {part!r}: {error}")
            continue
        if labels in seen:
            mistakes.append(f"zone-upstream {zone!r} is given twice")
        seen.add(labels)
        yield labels, tuple(_places("zone-upstream", places, mistakes))


def _networks(text: str, mistakes: list[str]) -> Iterator[Network]:
    found: list[Network] = []
    for part in text.split(","):
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as error:
            mistakes.append(f"allow: {error}")
    v4 = [each for each in found if isinstance(each, ipaddress.IPv4Network)]
    v6 = [each for each in found if isinstance(each, ipaddress.IPv6Network)]
    smallest = [
        *(each.prefixlen for each in ipaddress.collapse_addresses(v4)),
        *(each.prefixlen for each in ipaddress.collapse_addresses(v6)),
    ]
    if 0 in smallest:
        mistakes.append(
            f"allow {text!r} has every address in it: name the networks that may ask,"
            " an open resolver serves attacks on others"
        )
    return iter(found)


def _size(text: str, mistakes: list[str]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 7:
        size = int(text)
        if size <= _LARGEST_CACHE:
            return size
    mistakes.append(f"cache {text!r} is not a number of answers up to {_LARGEST_CACHE}")
    return 0
