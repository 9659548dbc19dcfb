"""Backends on a real ZooKeeper, and with a network between the two."""

from collections.abc import AsyncIterator, Iterator

import pytest

from fixtures.zookeeper import ZooKeeper
from registrator_backends.zookeeper import ZooKeeperBackend
from tcp_proxy import TcpProxy
from zookeepers import at


@pytest.fixture
async def backend(zookeeper: ZooKeeper) -> AsyncIterator[ZooKeeperBackend]:
    """A backend that speaks to a running ZooKeeper, which holds nothing."""
    async with at(zookeeper, "/www") as opened:
        yield opened


@pytest.fixture
def line(zookeeper: ZooKeeper) -> Iterator[TcpProxy]:
    """A network between a running ZooKeeper, which holds nothing, and who asks it."""
    with TcpProxy(zookeeper.port) as opened:
        yield opened
