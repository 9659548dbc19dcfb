"""Which of a service's servers this host uses, and in which order. Pure."""

import hashlib
from collections.abc import Sequence

from registrator_haproxy.configuration.model import Service
from registrator_haproxy.layout import Server


def choose(
    servers: Sequence[Server], service: Service, seed: str
) -> tuple[Server, ...]:
    """Put servers into their order, and leave out those that are too many.

    Which those are says the highest random weight, so that one more or less moves no
    other (Thaler and Ravishankar 1998); on each host others, so that not all begin with
    the same one.
    """
    drawn = sorted(servers, key=lambda each: _draw(seed, each.name))
    kept = drawn[: service.at_most or None]
    if service.order == "registry":
        return tuple(each for each in servers if each in kept)
    if service.order != "host":
        down = service.order == "name-descending"
        kept.sort(key=lambda each: each.name, reverse=down)
    return tuple(kept)


def _draw(seed: str, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()
