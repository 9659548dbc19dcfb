"""Backends on a real etcd, as on two hosts."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from coredns_rules import CoreDns
from fixtures.etcd import EtcdServer
from registrator.backend import Site
from registrator_backends.skydns import SkydnsBackend

Make = Callable[..., SkydnsBackend]


@pytest.fixture
def make(etcd: EtcdServer) -> Make:
    """Makes a backend: ``make("?path=x", node="there")``; to be opened."""

    def made(options: str = "", *, node: str = "here", **site: Any) -> SkydnsBackend:
        uri = f"skydns2://127.0.0.1:{etcd.port}/cluster.local{options}"
        return SkydnsBackend.from_uri(uri, Site(node=node, **site))

    return made


@pytest.fixture
async def backend(make: Make) -> AsyncIterator[SkydnsBackend]:
    async with make() as opened:
        yield opened


@pytest.fixture
async def elsewhere(make: Make) -> AsyncIterator[SkydnsBackend]:
    """The same on another host."""
    async with make(node="there") as opened:
        yield opened


@pytest.fixture
def dns(etcd: EtcdServer) -> CoreDns:
    return CoreDns(etcd)
