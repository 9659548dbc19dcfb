"""What a DNS server would answer for one name, out of all keys that begin with it.

Pure. Source: CoreDNS, plugin/etcd/etcd.go (get) and msg/service.go (Group).
"""

from collections.abc import Mapping
from dataclasses import replace

from registrator.backend import Reading
from registrator.model import Instance


def answer(reading: Reading, place: str, name: str) -> Reading:
    """Show those in *reading* that *name* stands for, whose key is *place*.

    All below it are its instances, however deep; its own key counts where there is
    nothing below.
    """
    below = {
        key: replace(each, name=name, id=_id(key, place, each))
        for key, each in reading.instances.items()
        if key.startswith(f"{place}/")
    }
    own = {key: each for key, each in reading.instances.items() if key == place}
    return Reading(instances=_group(below or own), skipped=reading.skipped)


def _id(key: str, place: str, instance: Instance) -> str:
    """Take an id that tells those apart which lie deeper."""
    between = key.removeprefix(place).split("/")[1:-1]
    return ".".join((instance.id, *reversed(between)))


def _group(instances: Mapping[str, Instance]) -> Mapping[str, Instance]:
    """Leave out other groups than that of the shortest keys, if these have but one."""
    depths = {key: key.count("/") for key in instances}
    shortest = min(depths.values(), default=0)
    groups = {
        instances[key].metadata.get("group", "")
        for key, depth in depths.items()
        if depth == shortest
    } - {""}
    if len(groups) != 1:
        return instances
    return {
        key: each
        for key, each in instances.items()
        if each.metadata.get("group", "") in {"", *groups}
    }
