"""What the zone alone does not answer, and who is asked to answer it later."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from registrator_dns.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A query that other servers know the answer to, or the rest of it.

    False in a condition, as silence is: whoever sends answers looks for it only
    where there is nothing to send.
    """

    query: Query
    local: bytes = b""
    """Our part of the answer, complete as it stands: a CNAME that leads outside."""
    target: bytes = b""
    """The name that it leads to, as octets with the root."""

    def __bool__(self) -> Literal[False]:
        return False


class Forward(Protocol):
    """Answers later, by calling *reply* once; or never, after the end or by a limit."""

    def __call__(
        self,
        elsewhere: Elsewhere,
        packet: bytes,
        client: str,
        *,
        udp: bool,
        reply: Callable[[bytes], None],
    ) -> None:
        """Answer *packet*, which came from the address *client*; never wait."""
