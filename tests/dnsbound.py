"""A responder on sockets of its own, in the test's process."""

from collections.abc import Sequence
from typing import Any

from registrator_dns.answers import Answer
from registrator_dns.names import Endpoint
from registrator_dns.server import Server
from registrator_dns.sockets import bind


class Bound(Server):
    """A server on sockets that are bound for it."""

    def __init__(self, listen: Sequence[Endpoint], answer: Answer, **limits: Any):
        bound = [bind(each) for each in listen]
        self.endpoints = [
            (address, udp.getsockname()[1])
            for (address, _), (udp, _) in zip(listen, bound, strict=True)
        ]
        super().__init__(bound, answer, **limits)
