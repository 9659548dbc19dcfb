"""HAProxy in front of an engine's containers, with no registry between."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from docker.models.containers import Container

from entrypoint import EntryPoint
from fixtures.engine import RunContainer, unique_name
from servers import free_ports
from waiting import eventually

pytestmark = [pytest.mark.needs_engine, pytest.mark.needs_haproxy]


async def test_what_runs_serves_and_what_was_killed_does_not(
    docker_host: str, run_container: RunContainer, tmp_path: Path
) -> None:
    name, ports = unique_name(), free_ports(2)

    def run(port: int) -> Container:
        return run_container(ports={"80/tcp": port}, environment={"SERVICE_NAME": name})

    containers = [await asyncio.to_thread(run, port) for port in ports]
    engine = docker_host.replace("unix://", "docker-unix://")
    source = f"{engine.replace('tcp://', 'docker://')}?address=127.0.0.1"
    places = sorted(f"127.0.0.1:{port}" for port in ports)
    with EntryPoint(tmp_path, source, name=name) as entry:
        await eventually(lambda: entry.servers() == places, "both serve")
        async with aiohttp.ClientSession() as client, client.get(entry.url) as answer:
            assert answer.status < 500

        await asyncio.to_thread(containers[0].kill)

        def gone() -> bool:
            return f"127.0.0.1:{ports[0]}" not in entry.servers()

        await eventually(gone, "it serves no more")
        await eventually(lambda: f"127.0.0.1:{ports[0]}" not in entry.file, "nor is it")
        rest = [f"127.0.0.1:{ports[1]}"]
        await eventually(lambda: entry.servers() == rest, "the other serves")
        async with aiohttp.ClientSession() as client, client.get(entry.url) as answer:
            assert answer.status < 500
