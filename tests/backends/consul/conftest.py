"""Backends on a real agent, and with a proxy between the two."""

from collections.abc import AsyncIterator

import pytest

from fixtures.consul import ConsulAgent
from proxy import Proxy
from registrator.backend import Site
from registrator_backends.consul import ConsulBackend
from registrator_backends.consul.uri import read_address

HERE = Site(node="here")


@pytest.fixture
async def backend(consul: ConsulAgent) -> AsyncIterator[ConsulBackend]:
    """A backend that speaks to a running agent, which holds no service."""
    async with ConsulBackend.from_uri(consul.uri, HERE) as opened:
        yield opened


@pytest.fixture
async def proxy(consul: ConsulAgent) -> AsyncIterator[Proxy]:
    """A proxy in front of a running agent, which holds no service."""
    async with Proxy(consul.port) as opened:
        yield opened


@pytest.fixture
async def watched(proxy: Proxy) -> AsyncIterator[ConsulBackend]:
    """A backend that speaks to the agent through the proxy."""
    async with ConsulBackend.from_uri(proxy_uri(proxy), HERE) as opened:
        yield opened


@pytest.fixture
async def hurried(proxy: Proxy) -> AsyncIterator[ConsulBackend]:
    """The same, for an agent that will not answer anyway."""
    address = read_address(proxy_uri(proxy), {})
    async with ConsulBackend(address, HERE, deadline=0.2) as opened:
        yield opened


def proxy_uri(proxy: Proxy) -> str:
    return f"consul://127.0.0.1:{proxy.port}"
