"""What a connection leaves behind when it is over."""

import asyncio
from pathlib import Path

import pytest

from fixtures.zookeeper import ZooKeeper
from registrator_backends.zookeeper.link import Link
from registrator_backends.zookeeper.terms import Terms
from registrator_backends.zookeeper.wire import Server, connect
from servers import swallowing
from waiting import until

pytestmark = pytest.mark.needs_zookeeper

TERMS = Terms(uri="zookeeper://127.0.0.1", timeout=10.0, deadline=10.0)


def open_files() -> set[str]:
    """What this process has open, by number and kind."""
    numbers = Path("/proc/self/fd").iterdir()
    return {str(each.readlink()) for each in numbers if each.is_symlink()}


def test_a_link_that_outlives_its_loop_leaves_nothing_open(
    zookeeper: ZooKeeper,
) -> None:
    before, made = open_files(), set[str]()

    async def enter() -> Link:
        server = Server(host="127.0.0.1", port=zookeeper.port)
        link = Link(await connect(server), TERMS, None)
        await link.begin()
        made.update(open_files() - before)
        return link

    link = asyncio.run(enter())
    link.cut()

    assert made
    until(lambda: not open_files() & made, "everything is closed")
    assert not link.living


async def test_a_network_that_swallows_everything_is_given_up_soon() -> None:
    with swallowing() as port:
        server = Server(host="127.0.0.1", port=port)
        with pytest.raises(TimeoutError, match=r"no connection in 2 s"):
            await connect(server)
