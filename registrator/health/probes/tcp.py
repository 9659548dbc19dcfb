"""A TCP check: whether somebody takes connections there."""

import asyncio
import socket

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Outcome, Probe
from registrator.health.reasons import reason


class TcpProbe(Probe):
    """Connects, and closes at once; nothing is sent."""

    async def run(self, check: Check) -> Outcome:
        """Connect to the target, over IPv4 or IPv6."""
        place = self.place(check.target)
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(
                    connection, (place.host, place.port)
                )
            except OSError as error:
                raise Failed(f"{place}: {reason(error)}") from error
            # Where nobody listens at a port that the system gives to clients, it may
            # give this client that very port, and connect it to itself.
            if connection.getsockname() == connection.getpeername():
                raise Failed(f"{place}: connection refused")
        return Outcome(Status.PASSING, f"{place}: connected")
