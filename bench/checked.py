"""What is checked: ``python -m bench.checked PORT SOCKET COUNT INTERVAL``.

A web server for so many services, which all are at one port, and a stand-in engine with
a container for each, which asks to be checked at that interval. The path of a request,
``/NUMBER``, says whose it is. Takes a command a line, and answers with a line:

    hang SHARE        services with a number that SHARE divides never answer; 0: all do
    forget            forget all requests so far
    gaps              the seconds between requests for each service that answers
    fall NUMBER       have one answer 503 from now on
    fallen NUMBER     when it first did: nanoseconds of the clock that all share; 0: not
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from standin import Fake, StandIn

_WELL: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_ILL: Final = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Services:
    """What is known of all of them."""

    def __init__(self) -> None:
        self.asked: dict[int, list[float]] = defaultdict(list)
        self.falling: set[int] = set()
        self.fallen: dict[int, int] = {}
        self.hanging = 0

    def hangs(self, number: int) -> bool:
        """Whether it never answers."""
        return bool(self.hanging) and number % self.hanging == 0

    def gaps(self) -> list[float]:
        """List the seconds between two requests of the same, for those that answer."""
        return [
            later - earlier
            for number, times in self.asked.items()
            if not self.hangs(number)
            for earlier, later in pairwise(times)
        ]


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, services: Services) -> None:
        self._services = services

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        number = int(data.split(b" ", 2)[1][1:])
        services = self._services
        services.asked[number].append(time.monotonic())
        if services.hangs(number):
            return
        if number in services.falling:
            services.fallen.setdefault(number, time.monotonic_ns())
        self.transport.write(_ILL if number in services.falling else _WELL)
        self.transport.close()


async def main(port: int, socket: Path, count: int, interval: str) -> None:
    services = Services()
    loop = asyncio.get_running_loop()
    web = await loop.create_server(
        lambda: _Connection(services), "127.0.0.1", port, backlog=4096
    )
    async with web, StandIn(socket) as engine:
        engine.present(*_fakes(count, port, interval))
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(_told(services, line.split()), flush=True)


def _told(services: Services, command: list[str]) -> object:
    match command:
        case ["hang", share]:
            services.hanging = int(share)
        case ["forget"]:
            services.asked.clear()
        case ["gaps"]:
            return json.dumps(services.gaps())
        case ["fall", number]:
            services.falling.add(int(number))
        case ["fallen", number]:
            return services.fallen.get(int(number), 0)
    return "done"


def _fakes(count: int, port: int, interval: str) -> Iterator[Fake]:
    for number in range(count):
        yield Fake(
            name=f"c{number:05}",
            labels={
                "SERVICE_NAME": f"s{number:05}",
                "SERVICE_CHECK_HTTP": f"/{number}",
                "SERVICE_CHECK_INTERVAL": f"{interval}s",
            },
            ports={"80/tcp": port},
            networks={"bridge": f"10.77.{number // 250}.{number % 250 + 1}"},
        )


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    )
