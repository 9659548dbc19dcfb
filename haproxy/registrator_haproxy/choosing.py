"""Which of a service's servers this host uses, and in which order. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from registrator_haproxy import tiers
from registrator_haproxy.configuration.model import Service
from registrator_haproxy.layout import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A server that may be used, and how far away it is."""

    server: Server
    distance: int = 0


def choose(
    candidates: Sequence[Candidate], service: Service, seed: str
) -> tuple[Server, ...]:
    """Put servers into their order; leave out those that are too many, or too far."""
    near, far = (_few(each, service, seed) for each in _by_tier(candidates, service))
    kept = (*near, *far)
    roles = dict(
        zip((s.name for s in kept), _in_their_roles(near, far, service), strict=True)
    )
    if service.order == "registry":
        names = (each.server.name for each in candidates)
        return tuple(roles[name] for name in names if name in roles)
    if service.order == "host":
        ordered = sorted(roles, key=lambda name: _draw(seed, name))
    else:
        ordered = sorted(roles, reverse=service.order == "name-descending")
    return tuple(roles[name] for name in ordered)


def _by_tier(
    candidates: Sequence[Candidate], service: Service
) -> tuple[Sequence[Server], Sequence[Server]]:
    """Tell those that are near from those that are far and of some use."""
    if service.far == "alike":
        return [each.server for each in candidates], ()
    distances = [each.distance for each in candidates]
    reach = tiers.reach(distances, service.near_at_least)
    near = [each.server for each in candidates if each.distance <= reach]
    far = [each.server for each in candidates if each.distance > reach]
    return near, () if service.far == "none" else far


def _few(servers: Sequence[Server], service: Service, seed: str) -> Sequence[Server]:
    """Leave out those that are too many.

    Which those are says the highest random weight, so that one more or less moves no
    other (Thaler and Ravishankar 1998); on each host others, so that not all begin with
    the same one.
    """
    drawn = sorted(servers, key=lambda each: _draw(seed, each.name))
    return drawn[: service.at_most or None]


def _in_their_roles(
    near: Sequence[Server], far: Sequence[Server], service: Service
) -> Sequence[Server]:
    if service.far == "backup":
        return (*near, *tiers.in_reserve(far))
    if service.far == "weight":
        return tiers.weighed(near, far, service.far_weight)
    return (*near, *far)


def _draw(seed: str, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()
