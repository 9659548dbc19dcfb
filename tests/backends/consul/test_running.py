"""Who runs a check: a real agent what it can, and the daemon all else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from fixtures.consul import ConsulAgent
from registrator.backend import Site
from registrator.check import Check
from registrator.fitness import Cause, Finding, Status
from registrator_backends.consul import ConsulBackend
from samples import put, web
from waiting import eventually

pytestmark = pytest.mark.needs_consul

OWN = "service:here:web.1:80"
SAID = "health:here:web.1:80"


class Endpoint:
    """Answers requests with *status*, and counts the answers."""

    def __init__(self) -> None:
        self.status = 200
        self.answers = 0
        self.port = 0

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.answers += 1
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\nConnection: close"
        writer.write(f"{head}\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


async def test_an_agent_counts_rise_and_fall_as_the_daemon_does(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    counted: list[int] = []
    async with endpoint() as web_server:
        target = f"http://127.0.0.1:{web_server.port}/"
        check = Check(kind="http", target=target, interval=1, rise=2, fall=2)
        await put(backend, web(checks=(check,)))

        def stands_at(status: str) -> bool:
            return bool(consul.checks()[OWN]["Status"] == status)

        # The first result decides at once, here as there.
        for answer, status in ((200, "passing"), (503, "critical"), (200, "passing")):
            web_server.status, before = answer, web_server.answers
            await eventually(partial(stands_at, status), f"it is {status}")
            counted.append(web_server.answers - before)

    assert counted[0] >= 1
    assert counted[1] >= 2
    assert counted[2] >= 2


async def test_with_local_checks_an_agent_is_told_what_they_say(
    consul: ConsulAgent,
) -> None:
    check = Check(kind="http", target="http://127.0.0.1:9/")
    failed = Finding(cause=Cause.CHECK, status=Status.CRITICAL, output="no connection")
    site = Site(node="here", local_checks=True)
    async with ConsulBackend.from_uri(consul.uri, site) as backend:
        await put(backend, web(checks=(check,), results=(failed,)))

    shown = consul.checks()
    assert not backend.runs(check)
    assert backend.runs(Check(kind="ttl", ttl=30))
    assert OWN not in shown
    assert (shown[SAID]["Status"], shown[SAID]["Output"]) == (
        "critical",
        "no connection",
    )


async def test_an_operators_word_is_shown_with_its_reason(
    backend: ConsulBackend, consul: ConsulAgent
) -> None:
    await put(backend, web(maintenance="new disk"))

    shown = consul.checks()[SAID]
    assert (shown["Status"], shown["Output"]) == (
        "critical",
        "in maintenance: new disk",
    )
