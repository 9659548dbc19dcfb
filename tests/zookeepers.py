"""Backends for the tests of the ZooKeeper registry."""

from typing import Any, Protocol

from registrator.backend import Failures, Site
from registrator.model import Service
from registrator.planner import plan
from registrator_backends.zookeeper import ZooKeeperBackend
from registrator_backends.zookeeper.session import DEADLINE
from registrator_backends.zookeeper.uri import read_address


class Listening(Protocol):
    """A server, or what stands in front of one."""

    port: int


def at(
    server: Listening,
    path: str = "/www",
    *,
    node: str = "here",
    deadline: float = DEADLINE,
    login: str = "",
    **site: Any,
) -> ZooKeeperBackend:
    """Make a backend; *path* is what stands behind the port, options too."""
    uri = f"zookeeper://{login}{'@' if login else ''}127.0.0.1:{server.port}{path}"
    return ZooKeeperBackend(read_address(uri, {}), Site(node=node, **site), deadline)


async def agree(backend: ZooKeeperBackend, *services: Service) -> Failures:
    """Have the store hold exactly these: a full round, and the look that follows it."""
    wanted = {each.id: backend.record(each) for each in services}
    kept = {key: record for key, record in wanted.items() if record is not None}
    steps = plan(kept, await backend.owned())
    failures = {**await backend.put(steps.puts), **await backend.drop(steps.drops)}
    await backend.refresh(kept)
    return failures
