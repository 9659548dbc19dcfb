"""Real engines: what runs there is shown, and what was killed is not."""

import asyncio

import pytest
from docker.models.containers import Container

from fixtures.engine import IMAGE, Podman, RunContainer, unique_name
from registrator import stores
from registrator.readable import Site
from servers import free_ports
from watching import Watched, watching

pytestmark = [pytest.mark.needs_engine, pytest.mark.xdist_group("podman")]


def source_of(host: str) -> str:
    """Say an engine's address as a source's."""
    return host.replace("unix://", "docker-unix://").replace("tcp://", "docker://")


def ports(seen: Watched) -> list[int]:
    return sorted(each.port for each in seen.instances)


async def shows(seen: Watched, *wanted: int) -> None:
    await seen.until(lambda: ports(seen) == sorted(wanted), f"{wanted} are shown")


async def test_a_container_of_docker_is_shown_until_it_is_killed(
    docker_host: str, run_container: RunContainer
) -> None:
    name = unique_name()
    one, two = free_ports(2)

    def run(port: int) -> Container:
        wishes = {"SERVICE_NAME": name}
        return run_container(ports={"80/tcp": port}, environment=wishes)

    first = await asyncio.to_thread(run, one)
    uri = f"{source_of(docker_host)}?address=127.0.0.1"
    source = stores.readable(uri, Site(node="here"))
    async with source, watching(source, name) as seen:
        await shows(seen, one)
        await asyncio.to_thread(run, two)
        await shows(seen, one, two)
        await asyncio.to_thread(first.kill)
        await shows(seen, two)


async def test_a_container_of_podman_is_found_by_its_image(podman: Podman) -> None:
    (port,) = free_ports(1)

    def run() -> Container:
        return podman.client.containers.run(
            f"localhost/{IMAGE}",
            name=unique_name(),
            ports={"80/tcp": port},
            detach=True,
        )

    container = await asyncio.to_thread(run)
    uri = f"{source_of(podman.host)}?image={IMAGE}&port=80&address=127.0.0.1"
    source = stores.readable(uri, Site(node="here"))
    async with source, watching(source, "any") as seen:
        await seen.until(lambda: port in ports(seen), "it is shown")
        await asyncio.to_thread(container.kill)
        await seen.until(lambda: port not in ports(seen), "it is shown no more")
    await asyncio.to_thread(container.remove, force=True)
