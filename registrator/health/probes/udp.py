"""A UDP check: nobody says that nobody is there, or an answer is what it should be."""

import asyncio
from typing import Final

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.datagrams import ANSWERS, Datagrams, datagrams
from registrator.health.excerpt import excerpt
from registrator.health.probe import Failed, Outcome, Probe

DATAGRAM: Final = b"registrator\n"
"""What is sent where the check does not say what."""
SILENCE: Final = 1.0
"""Seconds for which a refusal is waited for."""


class UdpProbe(Probe):
    """Sends a datagram; silence is no failure, as with Consul.

    A refusal is one, and so is what is not the answer that was asked for.
    """

    async def run(self, check: Check) -> Outcome:
        """Send it, and wait for a refusal or for an answer."""
        place = self.place(check.target)
        with datagrams(place) as peer:
            await peer.send(check.asked.encode() or DATAGRAM)
            if check.expect:
                said = await _expected(check.expect, peer)
                return Outcome(Status.PASSING, f"{place}: answers {said}")
            # Silence passes only if the check's own deadline does not end it before.
            wait = min(SILENCE, check.timeout / 2 if check.timeout else SILENCE)
            try:
                async with asyncio.timeout(wait):
                    answer = await peer.answer()
            except TimeoutError:
                return Outcome(Status.PASSING, f"{place}: no answer, and no refusal")
        return Outcome(Status.PASSING, f"{place}: answers {excerpt(answer)!r}")


async def _expected(text: str, peer: Datagrams) -> str:
    last = ""
    for _ in range(ANSWERS):
        answer = await peer.answer()
        last = repr(excerpt(answer))
        if text.encode() in answer:
            return last
    raise Failed(
        f"{ANSWERS} answers without {excerpt(text)!r}, the last of them {last}"
    )
