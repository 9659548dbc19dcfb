"""What the operator's settings let checks have, and what is ours and not for them."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from registrator.engine import Endpoint
from registrator.health.guard import EVERYWHERE
from registrator.health.probe import Means
from registrator.tls import client_context


def read(allow: str, authorities: str, problems: list[str]) -> Means:
    """Read -check-allow and -check-ca; every mistake is added to *problems*."""
    if authorities:
        found: list[str] = []
        client_context(found, ca=authorities)
        problems += (f"-check-ca: {each}" for each in found)
    return Means(
        authorities=Path(authorities) if authorities else None,
        allowed=tuple(_networks(allow, problems)),
    )


def own(
    engine: Endpoint, listening: Iterable[tuple[str, int]], addresses: Iterable[str]
) -> frozenset[tuple[str, int]]:
    """Say where nothing may be checked: at the engine, and where we are *listening*.

    What listens everywhere does so at each of these *addresses* of the host, too.
    """
    here = frozenset(filter(None, addresses))
    return frozenset(
        (each, port)
        for host, port in (*listening, *_listened_at(engine))
        for each in ((host, *here) if host in EVERYWHERE else (host,))
    )


def _listened_at(engine: Endpoint) -> Iterator[tuple[str, int]]:
    if engine.socket is not None:
        return
    parts = urlsplit(engine.url)
    host = parts.hostname or "localhost"
    # What listens there does so at every loopback address, for all that is known.
    host = "" if host == "localhost" else host
    yield host, parts.port or 0


def _networks(text: str, problems: list[str]) -> list[IPv4Network | IPv6Network]:
    found: list[IPv4Network | IPv6Network] = []
    for word in text.replace(",", " ").split():
        try:
            found.append(ip_network(word))
        except ValueError as error:
            problems.append(
                f"-check-allow: {word!r} is no network such as 169.254.169.254/32:"
                f" {error}"
            )
    return found
