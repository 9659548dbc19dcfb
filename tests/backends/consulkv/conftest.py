"""Backends that keep keys in a real agent, and with a proxy between the two."""

from collections.abc import AsyncIterator

import pytest

from fixtures.consul import ConsulAgent
from proxy import Proxy
from registrator.backend import Site
from registrator_backends.consulkv import ConsulKvBackend
from registrator_backends.consulkv.uri import read_kv_address

HERE = Site(node="here")


@pytest.fixture
async def backend(consul: ConsulAgent) -> AsyncIterator[ConsulKvBackend]:
    """A backend that speaks to a running agent, which holds no key."""
    async with ConsulKvBackend.from_uri(uri(consul.port), HERE) as opened:
        yield opened


@pytest.fixture
async def proxy(consul: ConsulAgent) -> AsyncIterator[Proxy]:
    """A proxy in front of a running agent, which holds no key."""
    async with Proxy(consul.port) as opened:
        yield opened


@pytest.fixture
async def watched(proxy: Proxy) -> AsyncIterator[ConsulKvBackend]:
    """A backend that speaks to the agent through the proxy."""
    async with ConsulKvBackend.from_uri(uri(proxy.port), HERE) as opened:
        yield opened


@pytest.fixture
async def hurried(proxy: Proxy) -> AsyncIterator[ConsulKvBackend]:
    """The same, for an agent that will not answer anyway."""
    address = read_kv_address(uri(proxy.port), HERE)
    async with ConsulKvBackend(address, HERE, deadline=0.2) as opened:
        yield opened


def uri(port: int) -> str:
    return f"consulkv://127.0.0.1:{port}/services"
