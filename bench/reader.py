"""Readers of a registry: ``python -m bench.reader URI COUNT``.

Each watches everything. For each reading it writes a line: the reader's number, how
many instances there are, when it came in nanoseconds of the steady clock, and what is
new (``+``) and what is gone (``-``) as address:port.
"""

import asyncio
import sys
import time
from collections.abc import Mapping

from registrator.backend import Reading, Site
from registrator.errors import Unavailable
from registrator.model import Instance, endpoint
from registrator.stores import make
from registrator.watcher import opened


async def main(uri: str, count: int) -> None:
    async with asyncio.TaskGroup() as readers:
        for number in range(count):
            readers.create_task(read(uri, number))


async def read(uri: str, number: int) -> None:
    """Write down every reading, until cancelled."""
    [backend] = make([uri], Site(node=f"reader{number}"))
    known: Mapping[str, Instance] = {}
    async with backend:
        while True:
            try:
                async with opened(backend) as readings:
                    async for reading in readings:
                        known = _tell(number, known, reading)
            except Unavailable as error:
                print(f"reader {number}: {error}", file=sys.stderr)
                await asyncio.sleep(1.0)


def _tell(
    number: int, known: Mapping[str, Instance], reading: Reading
) -> Mapping[str, Instance]:
    now = time.monotonic_ns()
    found = reading.instances
    new = (found[key] for key in found.keys() - known.keys())
    gone = (known[key] for key in known.keys() - found.keys())
    changes = [*(f"+{_at(each)}" for each in new), *(f"-{_at(each)}" for each in gone)]
    print(number, len(found), now, *changes, flush=True)
    return found


def _at(instance: Instance) -> str:
    return endpoint(instance.address, instance.port)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
