"""How far away a server is, and what one that is far has to do. Pure.

A zone is a way from what is wide to what is narrow, such as eu-west-1 and a in it. The
more of it two have in common, from its beginning, the nearer they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Final

from registrator_haproxy.layout import HEAVIEST, Server

_SCALE: Final = 100
"""What a server with a weight of 1 weighs beside others of which it gets a share."""


def steps(zones: Iterable[str]) -> tuple[str, ...]:
    """Read a zone, or the parts of one: `eu-west-1/a` has two steps."""
    return tuple(step for zone in zones for step in zone.split("/") if step)


def distance(here: Sequence[str], there: Sequence[str]) -> int:
    """Say how much of *here* the other has not: 0 is the nearest."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False))
    return len(here) - len(list(same))


def reach(distances: Iterable[int], least: int) -> int:
    """Say how far away one may be to be near: so far that *least* are, or all."""
    near = sorted(distances)
    return near[min(least, len(near)) - 1] if near else 0


def in_reserve(servers: Iterable[Server]) -> tuple[Server, ...]:
    """Have them serve when no other does.

    A server cannot become one that is in reserve while HAProxy runs. So that one is
    another server, which comes before the one goes.
    """
    return tuple(
        each
        if "backup" in each.options
        else replace(each, name=f"{each.name}_backup", backup=True)
        for each in servers
    )


def weighed(
    near: Sequence[Server], far: Sequence[Server], percent: int
) -> tuple[Server, ...]:
    """Have those that are far weigh so much of what they would if they were near."""
    heaviest = max((each.weight_in_force for each in (*near, *far)), default=1)
    scale = max(1, min(_SCALE, HEAVIEST // max(heaviest, 1)))
    return (
        *(_weighing(each, each.weight_in_force * scale) for each in near),
        *(
            _weighing(each, _share(each.weight_in_force * scale, percent))
            for each in far
        ),
    )


def _share(weight: int, percent: int) -> int:
    """Take the share; what has a weight keeps one."""
    return min(weight, max(1, round(weight * percent / 100)))


def _weighing(server: Server, weight: int) -> Server:
    options = list(server.options)
    while "weight" in options:
        at = options.index("weight")
        del options[at : at + 2]
    return replace(server, weight=weight, options=tuple(options))
