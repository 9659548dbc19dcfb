"""What a registry's server really holds, seen by its own client, and what befalls it.

A walk compares it with what was wanted: not only what a backend says of itself, but
every key, znode or instance that there is.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from consul_keys import end, keys
from contract.stores import Row
from fixtures.consul import ConsulAgent
from fixtures.etcd import EtcdServer
from fixtures.zookeeper import ZooKeeper
from registrator.backend import Site
from registrator.model import Service, ServiceId
from registrator_backends.consulkv.uri import read_kv_address
from registrator_backends.skydns.arpa import place_of
from standin_eureka import EurekaServer

Held = Mapping[ServiceId, tuple[Service, Any]]
"""A node's services that a store keeps, each with its record."""

_NUMBER: Final = re.compile(r"(?<=_)[0-9]{10}$")


class Ground(ABC):
    """One server of a test's own; every method may block."""

    keeps: ClassVar[bool]
    """Whether its readers find all as it was after the server was killed."""

    def __init__(self, server: Any, row: Row) -> None:
        self.server = server
        self.row = row

    @abstractmethod
    def found(self) -> object:
        """Say what is there."""

    @abstractmethod
    def wanted(self, nodes: Mapping[str, Held]) -> object:
        """Say what `found` should say where *nodes* want just that."""

    @abstractmethod
    def trace(self, word: str) -> Mapping[str, object]:
        """Show what no write leaves the same, of every entry that speaks of *word*."""

    def revoke(self, word: str) -> bool:
        """End what the entries that speak of *word* live with; whether it was there."""
        del word
        return False

    def kill(self) -> None:
        self.server.kill()

    def forget(self) -> None:
        """Lose everything; while it is down."""
        self.server.forget()

    def start(self) -> None:
        self.server.start()


class EtcdGround(Ground):
    """All keys, whether they are a service's or lead to one; and leases."""

    server: EtcdServer
    keeps = True

    def found(self) -> object:
        entries = self.server.range()
        return (
            {key: entry.value for key, entry in entries.items()},
            set(self.server.leases()) - {entry.lease for entry in entries.values()},
        )

    def wanted(self, nodes: Mapping[str, Held]) -> object:
        records = [record for held in nodes.values() for _, record in held.values()]
        return dict(pair for record in records for pair in record.entries), set()

    def trace(self, word: str) -> Mapping[str, object]:
        return {
            key: (entry.created, entry.changed, entry.lease)
            for key, entry in self.server.range().items()
            if word in key or word.encode() in entry.value
        }

    def revoke(self, word: str) -> bool:
        entries = self.server.range().items()
        leases = {entry.lease for key, entry in entries if word in key} - {0}
        for lease in leases:
            self.server.revoke(lease)
        return bool(leases)


class SkydnsGround(EtcdGround):
    """The same, and a pointer of every address; whose, where two share it, is open."""

    def found(self) -> object:
        entries = self.server.range()
        hosts = {
            key: json.loads(entry.value)["host"]
            for key, entry in entries.items()
            if key.startswith("/skydns/arpa/")
        }
        places = {
            key: entry.value for key, entry in entries.items() if key not in hosts
        }
        return places, {
            (place, host in self._names.get(place, ())) for place, host in hosts.items()
        }

    def wanted(self, nodes: Mapping[str, Held]) -> object:
        self._names: dict[str, set[str]] = {}
        for held in nodes.values():
            first: dict[str, str] = {}
            for service, _ in held.values():
                place = f"/skydns/arpa/{place_of(service.address)}"
                name = f"{service.name}.cluster.local"
                first[place] = min(first.get(place, name), name)
            for place, name in first.items():
                self._names.setdefault(place, set()).add(name)
        records = [record for held in nodes.values() for _, record in held.values()]
        services = dict(pair for record in records for pair in record.entries)
        return services, {(place, True) for place in self._names}


class ConsulGround(Ground):
    """All services of the agent and its catalog, and checks of no service."""

    server: ConsulAgent
    keeps = False

    def found(self) -> object:
        catalog = self.server.get("/v1/catalog/node/n1")["Services"]
        services = self.server.services()
        checks = {check["ServiceID"] for check in self.server.checks().values()}
        return set(services), set(catalog) - {"consul"}, checks - {""} - set(services)

    def wanted(self, nodes: Mapping[str, Held]) -> object:
        ids = {key for held in nodes.values() for key in held}
        return ids, ids, set()

    def trace(self, word: str) -> Mapping[str, object]:
        return {
            each["ServiceID"]: (each["CreateIndex"], each["ModifyIndex"])
            for each in self.server.get(f"/v1/catalog/service/{word}")
        }


class ConsulKvGround(Ground):
    """All keys, the index's too."""

    server: ConsulAgent
    keeps = False

    def found(self) -> object:
        return {key: each.value for key, each in keys(self.server).items()}

    def wanted(self, nodes: Mapping[str, Held]) -> object:
        wanted = {}
        for node, held in nodes.items():
            uri = self.row.uri.format(server=self.server)
            layout = read_kv_address(uri, Site(node=node)).layout
            for key, (_, record) in held.items():
                wanted[record.key] = record.value
                wanted[layout.index_key(key)] = record.key.encode()
        return wanted

    def trace(self, word: str) -> Mapping[str, object]:
        return {
            key: (each.modified, each.session)
            for key, each in keys(self.server).items()
            if word in key or word.encode() in each.value
        }

    def revoke(self, word: str) -> bool:
        found = keys(self.server).items()
        held = {each.session for key, each in found if word in key} - {""}
        for session in held:
            end(self.server, session)
        return bool(held)


class EurekaGround(Ground):
    """All instances, past the caches."""

    server: EurekaServer
    keeps = False

    def found(self) -> object:
        return set(self.server.instances())

    def wanted(self, nodes: Mapping[str, Held]) -> object:
        held = [each for node in nodes.values() for each in node.values()]
        return {record.place for _, record in held}

    def trace(self, word: str) -> Mapping[str, object]:
        return {
            "/".join(place): shown["lastDirtyTimestamp"]
            for place, shown in self.server.instances().items()
            if place[0] == word.upper()
        }

    def kill(self) -> None:
        self.server.stop()
        self.server.empty()

    def forget(self) -> None:
        """It is without data already."""


class ZooKeeperGround(Ground):
    """All znodes, numbers that the server gave left out.

    But for the empty znodes of names: whoever dies, or whose session ends, between a
    record and its name's znode leaves that, which nobody takes for an instance.
    """

    server: ZooKeeper
    keeps = True

    def found(self) -> object:
        tree = self.server.tree()
        marks = {p: json.loads(tree[p].data) for p in tree if _is_mark(p, tree)}
        records = {
            path: node
            for path, node in tree.items()
            if node.owner and path not in marks
        }
        owners = {(path.split("/")[2], tree[path].owner) for path in marks}
        return (
            sorted(
                (_NUMBER.sub("", path), node.data) for path, node in records.items()
            ),
            sorted(
                (path, mark["id"], _NUMBER.sub("", mark["path"]))
                for path, mark in marks.items()
            ),
            # A record ends with its mark, and all those of one node together.
            {
                path
                for p, mark in marks.items()
                if (path := mark["path"]) not in records
                or records[path].owner != tree[p].owner
            },
            len(owners) - len({node for node, _ in owners}),
            {
                path
                for path in set(tree) - {*marks, *records, *_above(records, marks)}
                if tree[path].data
            },
        )

    def wanted(self, nodes: Mapping[str, Held]) -> object:
        held = [
            (node, key, record)
            for node, each in nodes.items()
            for key, (_, record) in each.items()
        ]
        scopes = {
            p.split("/")[3]
            for p in self.server.tree()
            if p.count("/") == 4 and p.startswith("/registrator.owners/")
        }
        scope = "/".join(scopes)
        return (
            sorted((record.path, record.data) for _, _, record in held),
            sorted(
                (f"/registrator.owners/{node}/{scope}/{key}", key, record.path)
                for node, key, record in held
            ),
            set(),
            0,
            set(),
        )

    def trace(self, word: str) -> Mapping[str, object]:
        return {
            path: (node.created, node.changed, node.owner)
            for path, node in self.server.tree().items()
            if word in path or word.encode() in node.data
        }

    def revoke(self, word: str) -> bool:
        tree = self.server.tree().items()
        owners = {node.owner for path, node in tree if word in path} - {0}
        for owner in owners:
            self.server.expire(owner)
        return bool(owners)


GROUNDS: Final[Mapping[str, type[Ground]]] = {
    "etcd": EtcdGround,
    "skydns": SkydnsGround,
    "consul": ConsulGround,
    "consulkv": ConsulKvGround,
    "eureka": EurekaGround,
    "zookeeper": ZooKeeperGround,
}
"""By the package that the row's backend comes from."""


def ground(server: object, row: Row) -> Ground:
    """Say how to look at *server*."""
    package = row.kind.partition(":")[0].rpartition(".")[2]
    return GROUNDS[package](server, row)


def _is_mark(path: str, tree: Mapping[str, Any]) -> bool:
    return path.startswith("/registrator.owners/") and bool(tree[path].data)


def _above(*groups: Any) -> Iterator[str]:
    """List the root, and all that something in one of the groups is below."""
    yield "/"
    for path in [path for group in groups for path in group]:
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts)):
            yield "/" + "/".join(parts[:depth])
