"""A check that asks a ZooKeeper whether it serves: ``SERVICE_CHECK_ZOOKEEPER=true``."""

import asyncio

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Outcome, Probe

LONGEST = 4096
"""Octets of an answer that are read; all of one has about 200."""


class ZooKeeperProbe(Probe):
    """Passes where a server is in touch with its ensemble, whatever its part there."""

    async def run(self, check: Check) -> Outcome:
        """Ask by the command ``srvr``, which is allowed unless somebody forbids it."""
        place = self.place(check.target)
        try:
            reader, writer = await asyncio.open_connection(
                place.host, place.port, limit=LONGEST
            )
            try:
                writer.write(b"srvr")
                answer = await reader.readexactly(LONGEST)
            except asyncio.IncompleteReadError as ended:
                answer = ended.partial
            finally:
                writer.transport.abort()
        except OSError as error:
            raise Failed(f"{place}: {error.strerror or error}") from error
        for line in answer.decode(errors="replace").splitlines():
            if line.startswith("Mode: ") and line.isprintable():
                return Outcome(Status.PASSING, f"{place}: {line[6:60]}")
        raise Failed(f"{place}: does not serve, or is no ZooKeeper")
