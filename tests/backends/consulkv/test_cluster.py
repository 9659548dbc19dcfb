"""Three servers: a leader that dies, too few of them, and all of them emptied."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from consul_keys import Key, keys
from contract.stores import agree, records
from fixtures.clusters import ConsulCluster, StartCluster
from fixtures.consul import ConsulAgent
from registrator.backend import Site
from registrator.errors import Unavailable
from registrator.model import Service
from registrator_backends.consulkv import ConsulKvBackend
from samples import web
from waiting import PAUSE, eventually

pytestmark = pytest.mark.needs_consul

SERVICES = [web(f"here:{n}:80") for n in range(30)]


@pytest.fixture
def cluster(start_cluster: StartCluster) -> ConsulCluster:
    return start_cluster(ConsulCluster)


@pytest.fixture
def follower(cluster: ConsulCluster) -> ConsulAgent:
    """The server that we speak to, and that does not lead."""
    return cluster.followers()[0]


@pytest.fixture
async def backend(follower: ConsulAgent) -> AsyncIterator[ConsulKvBackend]:
    uri = f"consulkv://127.0.0.1:{follower.port}/services"
    async with ConsulKvBackend.from_uri(uri, Site(node="here")) as opened:
        yield opened


async def keys_of(agent: ConsulAgent, prefix: str = "") -> dict[str, Key]:
    """Read them, as soon as there is a leader: busy servers may elect another."""
    return await eventually(lambda: keys(agent, prefix), "there are keys")


async def agree_at_last(backend: ConsulKvBackend, *services: Service) -> None:
    """Do as the reconciler: try until it holds."""
    async with asyncio.timeout(60.0):
        while True:
            with suppress(Unavailable):
                if not await agree(backend, *services):
                    await backend.refresh({})
                    return
            await asyncio.sleep(PAUSE)


async def test_no_key_changes_when_the_leader_dies(
    cluster: ConsulCluster, follower: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await agree_at_last(backend, *SERVICES)
    before = await keys_of(follower)

    cluster.leader().kill()
    await agree_at_last(backend, *SERVICES)

    assert await keys_of(follower) == before


async def test_when_there_are_too_few_servers_nothing_is_lost(
    cluster: ConsulCluster, backend: ConsulKvBackend
) -> None:
    await agree_at_last(backend, *SERVICES)
    before = await keys_of(cluster.leader())

    with cluster.quorum_lost(), pytest.raises(Unavailable):
        await agree(backend, *SERVICES[:10])

    await agree_at_last(backend, *SERVICES)
    assert await keys_of(cluster.leader()) == before
    await agree_at_last(backend, *SERVICES[:10])
    assert await backend.owned() == records(backend, SERVICES[:10])


async def test_a_cluster_that_lost_everything_is_filled_again(
    cluster: ConsulCluster, follower: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await agree_at_last(backend, *SERVICES)

    cluster.kill()
    cluster.forget()
    cluster.start()

    await agree_at_last(backend, *SERVICES)
    assert len(await keys_of(follower, "services/")) == len(SERVICES)


async def test_the_keys_outlive_the_agent_that_they_were_written_through(
    cluster: ConsulCluster, follower: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await agree_at_last(backend, *SERVICES)
    leader = cluster.leader()
    before = await keys_of(leader)
    node = follower.get("/v1/agent/self")["Config"]["NodeName"]

    follower.kill()
    await eventually(
        lambda: serf_says(leader, node) == "critical", "the others miss it"
    )

    assert await keys_of(leader) == before


def serf_says(agent: ConsulAgent, node: str) -> str:
    checks = agent.get(f"/v1/health/node/{node}")
    return str(next(c["Status"] for c in checks if c["CheckID"] == "serfHealth"))
