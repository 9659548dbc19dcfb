"""What answers, from what a daemon says of it."""

import secrets
import time
from dataclasses import dataclass

from registrator_dns.answers import Answer, Answers
from registrator_dns.clients.cookies import Cookies
from registrator_dns.clients.rate import Limited
from registrator_dns.forward.forwarder import Forwarder
from registrator_dns.host import read_host
from registrator_dns.kept import Usual
from registrator_dns.names import MAX_NAME
from registrator_dns.options import Options, read_options
from registrator_dns.process.frames import Message
from registrator_dns.replies import Manner
from registrator_dns.zone import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What answers of itself, and whom it asks for the rest."""

    options: Options
    answers: Answers
    forwarder: Forwarder | None
    answer: Answer
    """What is asked: the answers, maybe within limits."""
    usual: Usual
    """What need not be asked."""


def show_of(said: Message) -> Show:
    """Make what a responder needs, which shows nothing yet."""
    options = read_options(said["uri"])
    forwards, rate = options.forwarding.is_on, options.limits.rate
    cookies = Cookies(options.limits.secret or secrets.token_bytes(16), time.time)
    manner = Manner(
        ttl=options.ttls.default,
        negative_ttl=options.negative_ttl,
        limit=options.limit,
        order=options.order,
        udp_size=options.limits.udp_size,
    )
    zone = _zone(said, options)
    answers = Answers(zone, options.domains, manner, forwards=forwards, cookies=cookies)
    answer: Answer = answers.answer
    usual = answers.usual
    limit = None
    if rate:
        limited = Limited(answer, rate, time.monotonic, answers.counters, cookies)
        # Usual answers would pass by the limit.
        answer, limit, usual = limited.answer, limited.limit, Usual()
    forwarder = Forwarder(options.forwarding, limit=limit) if forwards else None
    if forwarder is not None:
        answers.authority.beyond = forwarder.outlook
    return Show(
        options=options,
        answers=answers,
        forwarder=forwarder,
        answer=answer,
        usual=usual,
    )


def _zone(said: Message, options: Options) -> Zone:
    return Zone(
        read_host(said["node"], said["address"], options),
        # As in Consul, the serial begins with the time: it grows over restarts.
        serial=int(time.time()),
        ttls=options.ttls,
        short=options.short,
        room=MAX_NAME - options.suffix,
    )
