"""DNS answers over the death of the whole daemon, while it follows a registry."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dnsprocesses import ask, holders
from dnsroom import data
from fixtures.consul import ConsulAgent
from registries import against, shift
from servers import free_ports
from standins import standin
from waiting import eventually

pytestmark = pytest.mark.needs_consul


def register(agent: ConsulAgent, name: str, address: str) -> None:
    service = {"ID": name, "Name": name, "Address": address, "Port": 80}
    agent.put("/v1/agent/service/register", service)


async def addresses(port: int, service: str) -> list[str]:
    return sorted(data(await ask(port, f"{service}.service.consul")))


@asynccontextmanager
async def asking(port: int, *services: str) -> AsyncIterator[list[list[str]]]:
    """Ask on and on; what is answered, without repetitions."""
    seen: list[list[str]] = []
    # Not cancelled: asyncio.wait_for, in dnspython, may take that for an answer.
    over = asyncio.Event()

    async def keep_asking() -> None:
        while not over.is_set():
            answers = [
                each for name in services for each in await addresses(port, name)
            ]
            if answers not in seen:
                seen.append(answers)

    async with asyncio.TaskGroup() as rooms:
        rooms.create_task(keep_asking(), name="ask")
        try:
            await eventually(lambda: seen, "there are answers")
            yield seen
        finally:
            over.set()


async def test_a_killed_daemon_is_missed_by_nobody_who_asks(
    consul: ConsulAgent,
) -> None:
    (port,) = free_ports(1)
    uri = f"dns://127.0.0.1:{port}?from={consul.uri}"
    register(consul, "stays", "10.0.0.8")
    register(consul, "goes", "10.0.0.9")

    async def has(service: str, *expected: str) -> bool:
        return await addresses(port, service) == list(expected)

    with standin(10) as engine, against(engine, uri) as daemon:
        await eventually(lambda: has("goes", "10.0.0.9"), "the registry is shown")
        (responder,) = holders(port) - {daemon.pid}
        async with asking(port, "stays", "s05") as seen:
            daemon.end(signal.SIGKILL)
            consul.put("/v1/agent/service/deregister/goes")
            register(consul, "comes", "10.0.0.7")
            shift(engine, 0)
            assert await has("goes", "10.0.0.9")
            assert await has("s00", "10.0.0.1")

            await asyncio.to_thread(daemon.start)
            await eventually(lambda: has("comes", "10.0.0.7"), "what came is shown")
            await eventually(lambda: has("goes"), "what went is not")
            await eventually(lambda: has("s14", "10.0.0.1"), "so is what started here")
            await eventually(lambda: has("s00"), "what died is not")

        assert seen == [["10.0.0.8", "10.0.0.1"]]
        assert holders(port) - {daemon.pid} == {responder}
