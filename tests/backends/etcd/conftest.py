"""Backends on a real etcd, and with a proxy between the two."""

from collections.abc import AsyncIterator, Iterator

import pytest

from etcds import at, opening
from fixtures.etcd import ETCDS, EtcdServer, StartEtcd
from proxy import Proxy
from registrator_backends.etcd import EtcdBackend
from tcp_proxy import TcpProxy


@pytest.fixture
async def backend(etcd: EtcdServer) -> AsyncIterator[EtcdBackend]:
    """A backend that speaks to a running etcd, which holds nothing."""
    async with opening(at(etcd)) as opened:
        yield opened


@pytest.fixture
async def proxy(etcd: EtcdServer) -> AsyncIterator[Proxy]:
    """A proxy in front of a running etcd, which holds nothing."""
    async with Proxy(etcd.port) as opened:
        yield opened


@pytest.fixture
async def watched(proxy: Proxy) -> AsyncIterator[EtcdBackend]:
    """A backend that speaks to the etcd through the proxy."""
    async with opening(at(proxy)) as opened:
        yield opened


@pytest.fixture
def line(etcd: EtcdServer) -> Iterator[TcpProxy]:
    """A network between a running etcd, which holds nothing, and who asks it."""
    with TcpProxy(etcd.port) as opened:
        yield opened


@pytest.fixture(params=ETCDS, ids=["system", "newer"][: len(ETCDS)])
def either(request: pytest.FixtureRequest, start_etcd: StartEtcd) -> EtcdServer:
    """Each etcd that there is: versions differ in what they answer."""
    return start_etcd(binary=request.param)
