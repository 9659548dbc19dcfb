"""Instances of what DNS says. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from registrator.model import Instance, endpoint
from registrator_haproxy.layout import HEAVIEST
from registrator_haproxy.sources.dns.answers import Target
from registrator_haproxy.wishes import OPTIONS

BACKUP: Final = {OPTIONS: "backup"}
"""What is said of servers that serve only where none of a lower priority does."""


def of_addresses(
    name: str, addresses: Iterable[str], port: int, labels: Mapping[str, str], node: str
) -> Mapping[str, Instance]:
    """Make an instance of every address, whose name is *node*."""
    return {
        endpoint(address, port): Instance(
            id=endpoint(address, port),
            name=name,
            address=address,
            port=port,
            metadata=labels,
            node=node,
        )
        for address in addresses
    }


def of_targets(
    name: str,
    found: Mapping[Target, Iterable[str]],
    labels: Mapping[str, str],
) -> Mapping[str, Instance]:
    """Make an instance of every address of every target.

    Those that are not of the best priority are backups. Weights keep their
    proportions, and none is 0, which would take a server out of service.
    """
    best = min((each.priority for each in found), default=0)
    heaviest = max((each.weight for each in found), default=0)
    share = min(1.0, HEAVIEST / heaviest) if heaviest else 1.0
    made = {}
    for target, addresses in found.items():
        node = target.host.to_text(omit_final_dot=True)
        backup = BACKUP if target.priority > best else {}
        for address in addresses:
            key = f"{node}:{target.port}/{address}"
            made[key] = Instance(
                id=key,
                name=name,
                address=address,
                port=target.port,
                metadata={**backup, **labels},
                priority=target.priority,
                weight=max(1, round(target.weight * share)),
                node=node,
            )
    return made
