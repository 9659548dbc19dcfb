"""Who may recurse: clients of the networks that are named, and nobody else."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REMEMBERED = 4096


class Clients:
    """Tells by its address whether a client may recurse."""

    def __init__(self, allowed: Iterable[Network]) -> None:
        self._allowed = (*allowed,)
        self.may_recurse = lru_cache(_REMEMBERED)(self._may_recurse)
        """Tell whether the client with this address may recurse."""

    def _may_recurse(self, address: str) -> bool:
        client: ipaddress.IPv4Address | ipaddress.IPv6Address
        client = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
            client = client.ipv4_mapped
        return any(client in network for network in self._allowed)
