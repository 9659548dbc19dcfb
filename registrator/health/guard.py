"""Where a check may go: to the services of this host, never to what guards secrets.

Pure. Who may set a label, or answer a check with a redirect, could otherwise have the
daemon ask a cloud for its keys, or itself and the engine for what only it may have.
Targets are addresses and never names, so that nothing is looked up that could come out
otherwise the next time.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from yarl import URL

from registrator.model import endpoint
from registrator.visible import visible

EVERYWHERE: Final = frozenset({"", "*", "0.0.0.0", "::"})
"""What stands for all addresses of a host where something listens."""

_Address = IPv4Address | IPv6Address

_NETWORKS: Final = {
    ip_network("169.254.0.0/16"): "a link-local address, where clouds keep secrets",
    ip_network("fe80::/10"): "a link-local address",
    ip_network("fd00:ec2::254/128"): "where a cloud keeps secrets",
    ip_network("fd20:ce::254/128"): "where a cloud keeps secrets",
    ip_network("100.100.100.200/32"): "where a cloud keeps secrets",
    ip_network("168.63.129.16/32"): "where a cloud keeps secrets",
}
"""What an operator may allow. Sources: RFC 3927 and 4291; the metadata services of EC2,
Compute Engine, Alibaba Cloud and Azure."""

_NO_HOST: Final = {
    ip_network("0.0.0.0/8"): "no host's address",
    ip_network("::/128"): "no host's address",
    ip_network("224.0.0.0/4"): "a multicast address",
    ip_network("ff00::/8"): "a multicast address",
    ip_network("255.255.255.255/32"): "a broadcast address",
}

_PORT: Final = re.compile(r"[0-9]{1,5}")


class Barred(Exception):
    """No check may go there, or it cannot be read where that is; says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address and a port that a check may reach."""

    host: str
    """An IP address in its canonical form, without brackets."""
    port: int

    def __str__(self) -> str:
        return endpoint(self.host, self.port)


def place(
    target: str,
    *,
    allowed: Collection[IPv4Network | IPv6Network] = (),
    own: Collection[tuple[str, int]] = (),
) -> Place:
    """Read ``address:port``, with the brackets that IPv6 needs; raise `Barred`.

    *own* is where the daemon listens itself. What it listens at on every address
    is known there by the loopback ones: others of this host's are to be named, as
    `means.own` does.
    """
    host, _, digits = target.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    address = _address(host[1:-1] if bracketed else host)
    if address is None or bracketed is not (":" in host):
        said = visible(target[:80])
        raise Barred(f"{said} is no IP address with a port, as 10.0.0.1:80 is")
    port = int(digits) if _PORT.fullmatch(digits) else 0
    if not 0 < port < 65536:
        raise Barred(f"{visible(target[:80])} has no port from 1 to 65535")
    # What a system connects to when it is given an IPv4 address in IPv6's clothes.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    reached = Place(str(mapped or address), port)
    _refuse(mapped or address, reached, allowed, own)
    return reached


def follow(before: URL, location: str) -> URL:
    """Say where a redirect leads; raise `Barred` unless that is where it came from."""
    try:
        after = before.join(URL(location))
        same = (after.host, after.port) == (before.host, before.port)
    except ValueError:
        raise Barred("redirected to what is no URL") from None
    if after.scheme not in {"http", "https"}:
        raise Barred(f"redirected to {after.scheme[:20]}:, which is no HTTP")
    if not same or after.user is not None or after.password is not None:
        raise Barred(
            f"redirected to {_shown(after)}, which is not followed: only the check's"
            f" own address and port are"
        )
    return after


def _refuse(
    address: _Address,
    reached: Place,
    allowed: Collection[IPv4Network | IPv6Network],
    own: Collection[tuple[str, int]],
) -> None:
    for network, what in _NO_HOST.items():
        if address in network:
            raise Barred(f"{reached} is refused: {what}")
    for network, what in _NETWORKS.items():
        if address in network and not any(address in each for each in allowed):
            raise Barred(f"{reached} is refused: {what}; -check-allow allows it")
    for host, port in own:
        if port == reached.port and _is_at(host, address):
            raise Barred(f"{reached} is refused: registrator or its engine is there")


def _is_at(host: str, address: _Address) -> bool:
    """Whether what listens at *host* is met at *address*."""
    if host in EVERYWHERE:
        return address.is_loopback
    return _address(host) == address


def _address(text: str) -> _Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _shown(url: URL) -> str:
    """Show a URL without what may be a secret in it, nor be too long to be read."""
    bare = URL.build(scheme=url.scheme, host=url.host or "", port=url.port)
    return visible(f"{bare}{url.path}"[:200])
