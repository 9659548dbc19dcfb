"""What gliderlabs/registrator left: znodes that may be taken over with -cleanup.

Its znodes do not name a host, and end with its session, 10 s after it has ended. One
that lives is known to be this host's where it stands just where one of ours should,
and tells of the same service at the same address and port: nobody else can serve it.
"""

from collections.abc import Mapping

from registrator.model import ServiceId
from registrator_backends.zookeeper.formats import read
from registrator_backends.zookeeper.index import ZooKeeperRecord
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.paths import leaf
from registrator_backends.zookeeper.znode import Znode


async def left_by_the_anchor(
    link: Link, wanted: Mapping[ServiceId, ZooKeeperRecord]
) -> Mapping[ServiceId, bytes]:
    """Look at what stands where records should; what of it is the anchor's."""
    found = await link.get([record.path for record in wanted.values()])
    return {
        key: znode.data
        for (key, record), znode in zip(wanted.items(), found, strict=True)
        if isinstance(znode, Znode) and _tells_the_same(record, znode.data)
    }


def _tells_the_same(record: ZooKeeperRecord, data: bytes) -> bool:
    name, at = leaf(record.directory), record.name
    ours, theirs = read(name, at, record.data), read(name, at, data)
    if ours is None or theirs is None or b'"ContainerID"' not in data:
        return False
    said = [(each.name, each.address, each.port) for each in (ours, theirs)]
    return said[0] == said[1]
