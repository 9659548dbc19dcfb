"""How CoreDNS's etcd plugin answers, by its own rules, from what is really in etcd.

No CoreDNS runs here: these are the rules of plugin/etcd (etcd.go, msg/) and of
plugin/backend_lookup.go, told again. What Go's encoding/json would refuse is an error
here too, and one bad value spoils the whole name, as it does there.
"""

import ipaddress
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fixtures.etcd import EtcdServer

_TYPES: Final[Mapping[str, type]] = {
    "host": str,
    "port": int,
    "priority": int,
    "weight": int,
    "text": str,
    "mail": bool,
    "ttl": int,
    "targetstrip": int,
    "group": str,
}


class Nxdomain(Exception):
    """There is neither such a key nor one below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One message, with the defaults filled in."""

    key: str
    host: str
    port: int
    priority: int
    weight: int
    text: str
    ttl: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Srv:
    """One SRV record, and the address that comes with it."""

    priority: int
    weight: int
    port: int
    target: str
    address: str


class CoreDns:
    """Answers questions from one etcd, without a cache.

    Before 1.12.4 a lease's id passed for its seconds (GHSA-93mf-426m-g6x9).
    """

    def __init__(self, etcd: EtcdServer, path: str = "skydns") -> None:
        self._etcd = etcd
        self._path = path

    def addresses(self, name: str, version: int = 4) -> list[str]:
        """A, or AAAA with *version* 6."""
        hosts = {each.host for each in self.services(name)}
        return sorted(host for host in hosts if _version(host) == version)

    def srv(self, name: str) -> list[Srv]:
        """SRV, with the weight as a share of 100 among those of one priority."""
        services = self.services(name)
        sums = Counter[int]()
        for each in services:
            sums[each.priority] += each.weight
        return sorted(
            Srv(
                priority=each.priority,
                weight=max(1, 100 * each.weight // sums[each.priority]),
                port=each.port,
                target=self._domain(each.key) if _version(each.host) else each.host,
                address=each.host,
            )
            for each in services
        )

    def ptr(self, address: str) -> list[str]:
        """PTR: the message under exactly this key."""
        name = ipaddress.ip_address(address).reverse_pointer
        found = self.services(name, exact=True)
        return [each.host for each in found if not _version(each.host)]

    def ttls(self, name: str) -> set[int]:
        return {each.ttl for each in self.services(name)}

    def services(self, name: str, *, exact: bool = False) -> Sequence[Found]:
        """All messages that a name stands for; of its group only, if it has one."""
        labels = name.lower().rstrip(".").split(".")[::-1]
        wild = [at for at, label in enumerate(labels) if label in {"*", "any"}]
        place = "/".join(("", self._path, *labels[: wild[0] if wild else None]))
        keys = {} if exact else self._etcd.range(f"{place}/")
        if not keys and (entry := self._etcd.get(place)):
            keys = {place: entry}
        if not keys:
            raise Nxdomain(name)
        pattern = ["", self._path, *labels]
        found = [
            _decoded(key, entry.value, entry.lease)
            for key, entry in keys.items()
            if _matches(key.split("/"), pattern)
        ]
        return _group([each for each in found if each.host])

    def _domain(self, key: str) -> str:
        return ".".join(reversed(key.split("/")[2:]))


def _matches(key: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(key) >= len(pattern) and all(
        wanted in {"*", "any", label}
        for label, wanted in zip(key, pattern, strict=False)
    )


def _decoded(key: str, value: bytes, lease: int) -> Found:
    fields: dict[str, Any] = {}
    for name, each in json.loads(value).items():
        kind = _TYPES.get(name.lower())
        if kind is not None and each is not None:
            assert type(each) is kind, f"{key}: Go cannot read {name}"
            fields[name.lower()] = each
    lives = [each for each in (lease & 0xFFFFFFFF, fields.get("ttl", 0)) if each]
    return Found(
        key=key,
        host=fields.get("host", ""),
        port=fields.get("port", 0),
        priority=fields.get("priority", 0) or 10,
        weight=fields.get("weight", 0) or 100,
        text=fields.get("text", ""),
        ttl=min(lives, default=300),
        group=fields.get("group", ""),
    )


def _group(found: Sequence[Found]) -> Sequence[Found]:
    shortest = min((each.key.count("/") for each in found), default=0)
    groups = {e.group for e in found if e.key.count("/") == shortest and e.group}
    if len(groups) != 1:
        return found
    return [each for each in found if each.group in {"", *groups}]


def _version(host: str) -> int:
    """4, 6, or 0 for a host name."""
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return 0
