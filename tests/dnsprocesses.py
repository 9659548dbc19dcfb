"""Responders as processes: those of a daemon that works, stops, or is killed."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.asyncquery
import dns.message

from registrator_dns.backend import DnsBackend
from samples import web

NAME = "web.service.consul"
A = web(address="10.0.0.2")

Make = Callable[..., DnsBackend]


async def ask(port: int, name: str = NAME) -> dns.message.Message:
    return await dns.asyncquery.udp(
        dns.message.make_query(name, "A"), "127.0.0.1", 10, port
    )


def port_of(backend: DnsBackend) -> int:
    return backend.endpoints[0][1]


def process(backend: DnsBackend) -> int:
    """The one process that answers, apart from this one."""
    (found,) = holders(port_of(backend)) - {os.getpid()}
    return found


def holders(port: int) -> set[int]:
    """The processes that hold a port."""
    found = subprocess.run(
        ["ss", "-Hlunp", f"sport = :{port}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {int(word.partition(",")[0]) for word in found.split("pid=")[1:]}


def runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except FileNotFoundError:
        return False


@asynccontextmanager
async def killed(backend: DnsBackend) -> AsyncIterator[None]:
    """Have a daemon's backend that is never closed, until all is over."""
    await backend.__aenter__()
    try:
        yield
    finally:
        await backend.__aexit__(None, None, None)


@asynccontextmanager
async def at_work(backend: DnsBackend) -> AsyncIterator[DnsBackend]:
    async with backend, asyncio.TaskGroup() as rooms:
        running = rooms.create_task(backend.run(), name="run")
        yield backend
        running.cancel()


def children() -> set[int]:
    """Responders that run, and that this process has started."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    numbers = {int(each) for file in found for each in file.read_text().split()}
    return {each for each in numbers if runs(each) and _is_responder(each)}


def _is_responder(pid: int) -> bool:
    try:
        return b"registrator_dns" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
