"""Replaces containers one by one, while a load goes through HAProxy to them."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docker.models.containers import Container

from daemons import Daemon
from entrypoint import EntryPoint
from fixtures.engine import RunContainer, unique_name
from fixtures.etcd import EtcdServer
from instances import Traffic, traffic
from servers import free_ports
from waiting import eventually

SERVE: Final = (
    "sh -c 'hostname >/www/index.html; trap exit TERM; httpd -f -p 80 -h /www & wait'"
)
HEALTHY: Final = {
    "test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"],
    "interval": 200_000_000,
    "timeout": 10_000_000_000,
    "retries": 3,
}
"""Times are nanoseconds, as the engine has them."""
RECIPE: Final = {"stop_signal": "SIGURG", "healthcheck": HEALTHY}
"""An application that knows of nothing: it is sent SIGTERM when it was drained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A daemon that writes into etcd, and an entry point that reads it."""

    daemon: Daemon
    entry: EntryPoint
    run_container: RunContainer
    drain: str = "1s"

    async def serving(self, *containers: Container) -> None:
        """Wait until these take traffic, and no others."""
        wanted = sorted(map(place, containers))
        await eventually(lambda: self.entry.servers() == wanted, f"{wanted} serve")

    async def start(self) -> Container:
        """Start one more, which is registered when it is healthy."""
        return await asyncio.to_thread(
            self.run_container,
            SERVE,
            name=unique_name(),
            ports={"80/tcp": free_ports(1)[0]},
            environment={
                "SERVICE_NAME": "web",
                "SERVICE_HEALTH": "required",
                "SERVICE_DRAIN": self.drain,
            },
            **RECIPE,
        )

    async def replace_all(self, containers: list[Container], seen: Traffic) -> None:
        """Put a new one in the place of each, the old one by an order to stop."""
        for number, old in enumerate(containers):
            new = await self.start()
            await self.serving(*containers, new)
            await asyncio.to_thread(old.stop, timeout=60)
            containers[number] = new
            await self.serving(*containers)
            await seen.goes_on()


def place(container: Container) -> str:
    """Say where one is reached, as `EntryPoint.servers` does."""
    container.reload()
    bound = container.ports["80/tcp"] or []
    return f"127.0.0.1:{bound[0]['HostPort']}"


def writer(etcd: EtcdServer) -> Daemon:
    """Make the daemon that registers them."""
    return Daemon(f"{etcd.uri}/services", "-ip=127.0.0.1", "-node-name=h1")


def reader(etcd: EtcdServer, directory: Path) -> EntryPoint:
    """Make the entry point that leads to them, without a check of its own."""
    return EntryPoint(directory, f"{etcd.uri}/services", server="")


async def replaced(street: Street, count: int, requests: int) -> Traffic:
    """Replace so many, again and again until as many requests were made."""
    containers = [await street.start() for _ in range(count)]
    await street.serving(*containers)
    async with traffic(street.entry.url) as seen:
        await seen.goes_on()
        while True:
            await street.replace_all(containers, seen)
            if seen.count >= requests:
                return seen
