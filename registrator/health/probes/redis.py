"""A Redis check: PING, which is answered by PONG."""

from asyncio import IncompleteReadError, LimitOverrunError
from typing import Final

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.conversation import conversation
from registrator.health.excerpt import excerpt
from registrator.health.probe import Failed, Outcome, Probe

_PING: Final = b"*1\r\n$4\r\nPING\r\n"
_PONG: Final = b"+PONG\r\n"
_LONGEST: Final = 512

_REFUSALS: Final = {
    "NOAUTH": "wants a password, so that nobody can say whether it is well: a tcp check"
    " does without",
    "LOADING": "is still loading its data",
    "DENIED": "is in protected mode, and talks to its own host alone",
    "MASTERDOWN": "has lost its master",
    "MISCONF": "cannot write its data to disk",
}
"""By the first word of an error, which Redis' clients go by as well."""


class RedisProbe(Probe):
    """Asks a server of Redis' protocol, and nothing of its data."""

    async def run(self, check: Check) -> Outcome:
        """Say PING, and read one line."""
        place = self.place(check.target)
        async with conversation(place, limit=_LONGEST) as (reader, writer):
            writer.write(_PING)
            try:
                answer = await reader.readuntil(b"\r\n")
            except IncompleteReadError as error:
                answer = error.partial
                if not answer:
                    raise Failed(f"{place}: closed without an answer") from error
            except LimitOverrunError:
                answer = await reader.read(_LONGEST)
        if answer != _PONG:
            raise Failed(f"{place}: {_refusal(answer)}")
        return Outcome(Status.PASSING, f"{place}: PONG")


def _refusal(answer: bytes) -> str:
    text = excerpt(answer)
    word = text.removeprefix("-").partition(" ")[0]
    if text.startswith("-") and (known := _REFUSALS.get(word)):
        return f"{known} ({word})"
    said = "an error" if text.startswith("-") else "no PONG"
    return f"answers PING with {said}: {text}"
