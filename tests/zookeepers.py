"""Backends for the tests of the ZooKeeper registry."""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

from registrator.backend import Failures, Site
from registrator.errors import Unavailable
from registrator.model import Service
from registrator.planner import plan
from registrator_backends.zookeeper import ZooKeeperBackend
from registrator_backends.zookeeper.session import DEADLINE
from registrator_backends.zookeeper.uri import read_address
from waiting import PAUSE


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


async def until_lost(backend: ZooKeeperBackend) -> None:
    """Wait until a look at the session says that it is not what it was."""
    with suppress(Unavailable):
        async with asyncio.timeout(30.0):
            while True:
                await backend.refresh({})
                await asyncio.sleep(PAUSE)


async def at_last(backend: ZooKeeperBackend, *services: Service) -> None:
    """Have the store agree, as soon as it answers."""

    async with asyncio.timeout(60.0):
        while True:
            with suppress(Unavailable):
                if await agree(backend, *services) == {}:
                    return
            await asyncio.sleep(PAUSE)
