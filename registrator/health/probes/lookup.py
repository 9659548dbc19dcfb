"""A DNS check: a name that is asked for has an answer."""

from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
from dns.message import Message

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.datagrams import ANSWERS, Datagrams, datagrams
from registrator.health.excerpt import excerpt
from registrator.health.probe import Failed, Outcome, Probe

_KIND: Final = "A"


class DnsProbe(Probe):
    """Asks a name server over UDP, for ``name`` or ``name TYPE``."""

    async def run(self, check: Check) -> Outcome:
        """Ask once, and look for what is expected among the answer's records."""
        place = self.place(check.target)
        query = _query(check.asked)
        with datagrams(place) as peer:
            await peer.send(query.to_wire())
            answer = await _answer(query, peer)
        return Outcome(Status.PASSING, f"{place}: {_judged(check, answer)}")


def _query(asked: str) -> Message:
    name, _, kind = asked.strip().partition(" ")
    if not name:
        raise Failed("there is no name to ask for")
    try:
        return dns.message.make_query(name, kind.strip().upper() or _KIND)
    except (dns.exception.DNSException, ValueError) as error:
        raise Failed(f"{excerpt(asked)!r} cannot be asked for") from error


async def _answer(query: Message, peer: Datagrams) -> Message:
    """Wait for the answer; what is not one to the question may be anybody's."""
    for _ in range(ANSWERS):
        try:
            message = dns.message.from_wire(await peer.answer())
        except (dns.exception.DNSException, ValueError):
            continue
        if query.is_response(message):
            return message
    raise Failed(f"{ANSWERS} answers, and none to the question")


def _judged(check: Check, answer: Message) -> str:
    if answer.rcode() != dns.rcode.NOERROR:
        raise Failed(f"answers {dns.rcode.to_text(answer.rcode())}")
    records = [
        f"{dns.rdatatype.to_text(each.rdtype)} {record.to_text()}"
        for each in answer.answer
        for record in each
    ]
    cut = ", and the answer is cut short" if answer.flags & dns.flags.TC else ""
    if not records:
        raise Failed(f"has no records for {excerpt(check.asked)!r}{cut}")
    said = excerpt(", ".join(records))
    if not any(check.expect in each for each in records):
        raise Failed(f"answers without {excerpt(check.expect)!r}{cut}: {said}")
    return said
