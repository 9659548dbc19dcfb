"""Feeds a responder, its child: ``python -m bench.dns_responder PORT``.

Takes a command a line and answers with a line:

    fill NAMES EACH   so many services with so many instances; the seconds it took
    add NAME ADDRESS  one more instance of a service, told to the responder when the
                      answer is written
"""

import asyncio
import sys
import time

from bench.dns_zone import instances
from registrator.backend import Site
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_dns.backend import DnsBackend


async def main(port: int) -> None:
    site = Site(node="host1", address="192.0.2.1")
    async with DnsBackend.from_uri(f"dns://127.0.0.1:{port}", site) as backend:
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            match line.split():
                case ["fill", names, each]:
                    began = time.monotonic()
                    wanted = [
                        _service(one.name, one.address, one.port)
                        for one in instances(int(names), int(each))
                    ]
                    await _put(backend, wanted)
                    print(time.monotonic() - began, flush=True)
                case ["add", name, address]:
                    await _put(backend, [_service(name, address, 80)])
                    print("told", flush=True)


async def _put(backend: DnsBackend, services: list[Service]) -> None:
    await backend.put(
        [Change(each.id, backend.record(each), None) for each in services]
    )


def _service(name: str, address: str, port: int) -> Service:
    return Service(
        id=ServiceId(f"host1:{name}.{address}:{port}"),
        name=name,
        address=address,
        port=port,
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
