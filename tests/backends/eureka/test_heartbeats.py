"""Heartbeats, as they arrive at a server."""

import pytest

from registrator.backend import Site
from registrator.errors import Unavailable
from registrator_backends.eureka import EurekaBackend
from registrator_backends.eureka.client import CONNECTIONS
from samples import drop, put, web
from standin_eureka import EurekaServer

pytestmark = pytest.mark.needs_eureka

WEB = ("WEB", "here:web.1:80")


def beats(server: EurekaServer) -> list[str]:
    return [str(request) for request in server.asked("PUT ")]


async def test_a_heartbeat_says_what_was_registered_and_when(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web())
    dirty = real_eureka.registry.leases[WEB].dirty
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as later:
        real_eureka.advance(30)
        await later.refresh(await later.owned())

    path = "/eureka/apps/WEB/here%3Aweb.1%3A80"
    assert beats(real_eureka) == [f"PUT {path}?status=UP&lastDirtyTimestamp={dirty}"]


async def test_a_lease_that_is_kept_alive_does_not_end(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web(), web("here:web.2:80"))
    for _ in range(10):
        real_eureka.advance(60)
        await renew(real_eureka)

    assert real_eureka.registry.evictions == []
    real_eureka.advance(300)
    assert len(real_eureka.registry.evictions) == 2


async def renew(server: EurekaServer) -> None:
    """Send heartbeats as a daemon that has just started does: for all."""
    async with EurekaBackend.from_uri(server.uri, Site(node="here")) as backend:
        await backend.refresh(await backend.owned())


async def test_nothing_is_refreshed_where_nothing_is(
    real_eureka: EurekaServer,
) -> None:
    paces = []
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as backend:
        paces.append(backend.refresh_every)
        await backend.refresh({})
        await put(backend, web())
        paces.append(backend.refresh_every)
        await drop(backend, web().id)
        paces.append(backend.refresh_every)

    assert paces == [None, 10, None]
    assert beats(real_eureka) == []


async def test_few_connections_carry_many_heartbeats(
    real_eureka: EurekaServer,
) -> None:
    many = [web(f"here:web.{number}:80") for number in range(200)]
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as backend:
        await put(backend, *many)
        await backend.owned()

    assert 0 < real_eureka.connections <= CONNECTIONS


async def test_an_instance_that_the_server_lost_is_found_out(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, web(), web("here:web.2:80"))
    async with EurekaBackend.from_uri(real_eureka.uri, Site(node="here")) as later:
        real_eureka.advance(30)
        found = await later.owned()
        real_eureka.registry.cancel(*WEB)

        with pytest.raises(Unavailable, match=r"here:web\.1:80: no such lease"):
            await later.refresh(found)
        assert set(await later.owned()) == {"here:web.2:80"}
        await put(later, web())

        assert set(await later.owned()) == set(found)
