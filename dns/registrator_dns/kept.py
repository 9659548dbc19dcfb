"""The replies that are kept, until the places change that they are from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from registrator_dns.reply import Reply
from registrator_dns.wire import NOERROR
from registrator_dns.zone import Key

Ready = bytearray | Callable[[bytes], bytes]
"""What answers a usual query: all orders as `ready.pack` has them, or a function."""

VARIANTS = 4
"""Of one question, so many usual queries have their answers ready: by flags and OPT."""

_ROOM = 1 << 26
"""The octets of all answers that are ready."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Answers to usual queries, for whoever can send them without asking further."""

    ready: dict[bytes, Ready] = field(default_factory=dict)
    """By all of a query but its id, in lower case; not to be changed."""
    counts: dict[int, int] = field(default_factory=lambda: {NOERROR: 0})
    """Where whoever sends them counts them, by rcode."""


class Kept:
    """Replies by their questions, and what is ready by usual queries but the id.

    Both in lower case. That lowers the type as well, but of the kept ones only
    HTTPS, for which there is no data.
    """

    def __init__(self, limit: int, room: int = _ROOM) -> None:
        """At most *limit* replies are kept, and *room* octets of ready answers."""
        self.ready: dict[bytes, Ready] = {}
        self._replies: dict[bytes, Reply] = {}
        self._questions: dict[Key, list[bytes]] = {}
        self._packets: dict[bytes, list[bytes]] = {}
        self._limit = limit
        self._room = room

    def find(self, question: bytes) -> Reply | None:
        """Find the reply to a question."""
        return self._replies.get(question)

    def keep(self, key: Key, question: bytes, reply: Reply) -> None:
        """Keep a reply until the place *key* changes."""
        while len(self._replies) >= self._limit:
            self._forget_newest()
        self._replies[question] = reply
        self._questions.setdefault(key, []).append(question)

    def prepare(self, question: bytes, packet: bytes, ready: Ready) -> None:
        """Have an answer ready, for as long as its question's reply is kept."""
        size = _size(packet, ready)
        while self._room < size and self._questions:
            self._forget_newest()
        if question not in self._replies:
            return
        packets = self._packets.setdefault(question, [])
        if len(packets) >= VARIANTS:
            self._unprepare(packets.pop(0))
        packets.append(packet)
        self.ready[packet] = ready
        self._room -= size

    def forget(self, changed: Iterable[Key]) -> None:
        """Forget what is from places that changed."""
        for key in changed:
            self._forget(self._questions.pop(key, ()))

    def _forget_newest(self) -> None:
        # Whoever asks for everything evicts mostly his own.
        self._forget(self._questions.popitem()[1])

    def _forget(self, questions: Iterable[bytes]) -> None:
        for question in questions:
            del self._replies[question]
            for packet in self._packets.pop(question, ()):
                self._unprepare(packet)

    def _unprepare(self, packet: bytes) -> None:
        self._room += _size(packet, self.ready.pop(packet))


def _size(packet: bytes, ready: Ready) -> int:
    """Say about how many octets of memory something ready takes."""
    return len(packet) + (len(ready) if isinstance(ready, bytearray) else 0) + 256
