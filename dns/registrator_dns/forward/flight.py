"""One question on its way: asked of one upstream after another until one answers."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from registrator.model import endpoint
from registrator_dns import wire
from registrator_dns.forward.asked import Question, asked
from registrator_dns.forward.exchange import Exchange, Failure, TcpExchange, UdpExchange
from registrator_dns.forward.response import FAILURE, Response
from registrator_dns.forward.upstreams import Upstreams
from registrator_dns.names import Endpoint

log = logging.getLogger(__name__)

_ANSWERS = {wire.NOERROR, wire.NXDOMAIN}
_NO_EDNS = {wire.FORMERR, wire.NOTIMP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds."""

    one: float = 2.0
    """For one upstream."""
    all: float = 5.0
    """For all of them together."""
    local: float = 1.0
    """Before our part of an answer is sent without the rest."""


class Flight:
    """Calls *done* once, with the response or `FAILURE`; not after `cancel`."""

    def __init__(
        self,
        question: Question,
        places: Sequence[Endpoint],
        *,
        token: bytes,
        upstreams: Upstreams,
        patience: Patience,
        done: Callable[[Response], None],
    ) -> None:
        self._question = question
        self._token = token
        self._upstreams = upstreams
        self._patience = patience
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + patience.all
        self._left = deque(upstreams.order(places, self._loop.time()))
        self._again = list(self._left)
        self._exchange: Exchange | None = None
        self._next()

    def cancel(self) -> None:
        """Ask no more, and tell nobody."""
        if self._exchange is not None:
            self._exchange.cancel()

    def _next(self) -> None:
        if self._left:
            self._ask(self._left.popleft(), edns=True)
        else:
            self._done(FAILURE)

    def _ask(self, place: Endpoint, *, edns: bool) -> None:
        began = self._loop.time()
        seconds = min(self._patience.one, self._deadline - began)
        if seconds <= 0:
            self._done(FAILURE)
            return

        def hear(outcome: Response | Failure) -> None:
            if isinstance(outcome, Failure):
                self._failed(place, began, outcome)
                self._next()
                return
            if self._upstreams.worked(place):
                log.info("dns upstream %s answers again", endpoint(*place))
            if outcome.rcode in _ANSWERS:
                self._done(outcome)
            elif edns and outcome.rcode in _NO_EDNS:
                self._ask(place, edns=False)
            else:
                self._next()

        kind = UdpExchange if self._question.udp else TcpExchange
        self._exchange = kind(
            place,
            asked(self._question, self._token, edns=edns),
            self._question.octets,
            seconds=seconds,
            heard=hear,
        )

    def _failed(self, place: Endpoint, began: float, failure: Failure) -> None:
        now = self._loop.time()
        if failure is Failure.SILENT:
            if place in self._again:
                # A packet may have been lost: once more, after the others.
                self._again.remove(place)
                self._left.append(place)
            if now - began < self._patience.one:
                return  # it was given less time than others
        if self._upstreams.failed(place, began, now):
            log.warning("dns upstream %s: %s", endpoint(*place), failure.value)
