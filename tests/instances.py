"""What a load balancer leads to: small HTTP servers that say who they are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from servers import free_ports
from waiting import eventually


@dataclass(slots=True, kw_only=True)
class Instance:
    """A server that answers `/` with its name, and anything below `/slow` when let."""

    name: str
    port: int
    served: int = 0
    held: int = 0
    """How many requests it is at and has not answered."""
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path.startswith("/slow"):
            self.held += 1
            try:
                await self.let.wait()
            finally:
                self.held -= 1
        self.served += 1
        return web.Response(text=self.name)


@asynccontextmanager
async def instances(count: int) -> AsyncIterator[list[Instance]]:
    """Have some of them, each on its own loopback port, named after it."""
    made = [Instance(name=f"i{port}", port=port) for port in free_ports(count)]
    async with AsyncExitStack() as opened:
        for each in made:
            await opened.enter_async_context(serve(each))
        yield made


@asynccontextmanager
async def serve(instance: Instance) -> AsyncIterator[None]:
    """Have it listen and answer."""
    application = web.Application()
    application.router.add_get("/{path:.*}", instance.answer)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", instance.port).start()
        yield
    finally:
        instance.let.set()  # it would wait for what is held
        await runner.cleanup()


@dataclass(slots=True, kw_only=True)
class Traffic:
    """What became of the requests: who answered, and what went wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.answers.total() + len(self.failures)

    async def goes_on(self, requests: int = 50) -> None:
        """Wait until so many more have been answered."""
        enough = self.count + requests
        await eventually(lambda: self.count >= enough, f"{requests} more requests")


@asynccontextmanager
async def traffic(url: str, clients: int = 4) -> AsyncIterator[Traffic]:
    """Have requests made one after the other by so many clients."""
    seen, over = Traffic(), asyncio.Event()

    async def client() -> None:
        async with aiohttp.ClientSession() as session:
            while not over.is_set():
                try:
                    async with session.get(url) as response:
                        text = await response.text()
                except aiohttp.ClientError as error:
                    seen.failures.append(repr(error))
                    continue
                if response.status == 200:
                    seen.answers[text] += 1
                else:
                    seen.failures.append(f"{response.status} {text}")

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(), name=f"client {number}")
        try:
            yield seen
        finally:
            over.set()


async def ask(url: str, times: int = 1) -> Counter[str]:
    """Make so many requests one after the other; who answered, and how often."""
    seen: Counter[str] = Counter()
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            async with session.get(url) as response:
                text = await response.text()
                seen[text if response.status == 200 else str(response.status)] += 1
    return seen
