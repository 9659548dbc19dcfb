"""Backends on a server of the tests' own, and with a proxy between the two."""

from collections.abc import AsyncIterator

import pytest

from proxy import Proxy
from registrator.backend import Site
from registrator_backends.eureka import EurekaBackend
from registrator_backends.eureka.uri import read_address
from standin_eureka import EurekaServer

HERE = Site(node="here")


@pytest.fixture
async def backend(real_eureka: EurekaServer) -> AsyncIterator[EurekaBackend]:
    """A backend that speaks to a running server, which holds no instance."""
    async with EurekaBackend.from_uri(real_eureka.uri, HERE) as opened:
        yield opened


@pytest.fixture
async def proxy(real_eureka: EurekaServer) -> AsyncIterator[Proxy]:
    """A proxy in front of a running server, which holds no instance."""
    async with Proxy(real_eureka.port) as opened:
        yield opened


@pytest.fixture
async def watched(proxy: Proxy) -> AsyncIterator[EurekaBackend]:
    """A backend that speaks to the server through the proxy."""
    async with EurekaBackend.from_uri(f"eureka://127.0.0.1:{proxy.port}", HERE) as it:
        yield it


@pytest.fixture
async def hurried(proxy: Proxy) -> AsyncIterator[EurekaBackend]:
    """The same, for a server that will not answer anyway."""
    address = read_address(f"eureka://127.0.0.1:{proxy.port}")
    async with EurekaBackend(address, HERE, deadline=0.2) as opened:
        yield opened
