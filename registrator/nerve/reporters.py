"""Says where nerve would send a service: the registry, and where in it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from registrator.labels.whitelist import Refused, shown
from registrator.model import endpoint
from registrator.nerve.values import Note, text, whole

NODE_TYPE: Final = "ephemeral_sequential"

KEYS: Final = {
    "zookeeper": {
        *("zk_hosts", "zk_path", "use_path_encoding", "node_type", "ttl_seconds")
    },
    "etcd": {"etcd_host", "etcd_port", "etcd_path"},
}
"""What a service says to each kind of reporter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service is reported."""

    registry: str
    """The URI of the backend."""
    path: str = ""
    """Where it is in there, if its name does not say."""
    name: str = ""
    """What it is called there, if not as here."""


def reported(said: Mapping[str, Any], where: str, instance: str, note: Note) -> Place:
    """Read where a service goes; raise `Refused` where that is nowhere we know."""
    kind = said.get("reporter_type", "zookeeper")
    read = _READ.get(str(kind))
    if read is None:
        raise Refused(f"{where}.reporter_type: {shown(str(kind))} is not known here")
    return read(said, where, instance, note)


def _zookeeper(said: Mapping[str, Any], where: str, instance: str, note: Note) -> Place:
    hosts = said.get("zk_hosts")
    if not isinstance(hosts, list) or not hosts:
        raise Refused(f"{where}.zk_hosts is no list of servers")
    named = sorted({text(each, f"{where}.zk_hosts") for each in hosts})
    chroots = {"/" + root for _, _, root in (each.partition("/") for each in named)}
    if len(chroots) > 1 and chroots != {"/", max(chroots)}:
        raise Refused(f"{where}.zk_hosts: the servers have different roots")
    servers = [_server(each.partition("/")[0], where) for each in named]
    path = _path(said.get("zk_path"), f"{where}.zk_path")
    if path == "/":
        raise Refused(f"{where}.zk_path is the root of ZooKeeper")
    node_type = said.get("node_type", NODE_TYPE)
    if node_type != NODE_TYPE:
        note(f"{where}.node_type: written as {NODE_TYPE}, not {shown(str(node_type))}")
    if said.get("use_path_encoding"):
        note(f"{where}.use_path_encoding: the path is plain, which synapse reads too")
    if "ttl_seconds" in said:
        note(f"{where}.ttl_seconds: the znode ends with its session, after -ttl")
    options = ["format=nerve", "paths"]
    options += [f"instance={quote(instance, safe='')}"] if instance else []
    options += [f"chroot={quote(max(chroots))}"] if max(chroots) != "/" else []
    servers = list(dict.fromkeys(servers))
    return Place(
        registry=f"zookeeper://{','.join(servers)}/?{'&'.join(options)}", path=path
    )


def _server(said: str, where: str) -> str:
    if not said or any(char in said for char in "@?#%, "):
        raise Refused(f"{where}.zk_hosts: {shown(said)} is no server")
    return said


def _etcd(said: Mapping[str, Any], where: str, instance: str, note: Note) -> Place:
    del instance
    host = text(said.get("etcd_host"), f"{where}.etcd_host")
    port = whole(said.get("etcd_port", 4003), f"{where}.etcd_port", 1, 65535)
    path = _path(said.get("etcd_path", "/"), f"{where}.etcd_path")
    if not host or any(char in host for char in "@?#%/, "):
        raise Refused(f"{where}.etcd_host: {shown(host)} is no server")
    above, _, name = path.rpartition("/")
    note(f"{where}.reporter_type: written as our JSON, by etcd's v3 API; nerve has v2")
    return Place(
        registry=f"etcd://{endpoint(host.strip('[]'), port)}{quote(above)}?format=json",
        name=name,
    )


def _path(said: Any, where: str) -> str:
    """Read a path, with one slash in front of each part and none behind."""
    parts = [part for part in text(said, where).split("/") if part]
    if {".", ".."} & {*parts} or parts[:1] == ["zookeeper"]:
        raise Refused(f"{where} is no path for services: {shown(str(said))}")
    return "/" + "/".join(parts)


_READ: Final[Mapping[str, Callable[[Mapping[str, Any], str, str, Note], Place]]] = {
    "zookeeper": _zookeeper,
    "etcd": _etcd,
}
