"""Probes for what is run, and what they are to ask: real servers on loopback ports."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome, Probe


class LineProbe(Probe):
    """Connects, and takes the first line it is sent: the status, and why."""

    def __init__(self, means: Means | None = None) -> None:
        super().__init__(means or Means())
        self.at_work = 0
        self.most_at_work = 0

    async def run(self, check: Check) -> Outcome:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        host, _, port = check.target.rpartition(":")
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            line = (await reader.readline()).decode().rstrip("\n")
        except OSError as error:
            raise Failed(f"{check.target}: {error.strerror}") from error
        finally:
            self.at_work -= 1
            if writer is not None:
                writer.close()
        status, _, output = line.partition(" ")
        return Outcome(Status(status), output)


class Peer:
    """A server that says what it is told to; silent: it never answers."""

    def __init__(self, port: int) -> None:
        self.target = f"127.0.0.1:{port}"
        self.says = "passing well"
        self.asked = 0
        self.hanging = 0


@asynccontextmanager
async def peer(says: str = "passing well") -> AsyncIterator[Peer]:
    """Have a server; with *says* empty it takes connections, and never answers."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        found.asked += 1
        found.hanging += 1
        try:
            if found.says:
                writer.write(f"{found.says}\n".encode())
            await reader.read()
        except OSError:
            pass
        finally:
            found.hanging -= 1
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    found = Peer(server.sockets[0].getsockname()[1])
    found.says = says
    async with server:
        yield found


def opening(
    **probes: Callable[[Check], Awaitable[Outcome]] | Probe,
) -> Callable[[str], Awaitable[Probe]]:
    """Open these by their kinds, as `Kinds.probe` does; count nothing, load nothing."""

    async def probe(kind: str) -> Probe:
        if kind not in probes:
            raise Failed(f"no {kind} here")
        found = probes[kind]
        return found if isinstance(found, Probe) else Lambda(found)

    return probe


class Lambda(Probe):
    """Does what a function does."""

    def __init__(self, run: Callable[[Check], Awaitable[Outcome]]) -> None:
        super().__init__(Means())
        self._run = run
        self.runs: Counter[str] = Counter()

    async def run(self, check: Check) -> Outcome:
        self.runs[check.target] += 1
        return await self._run(check)
