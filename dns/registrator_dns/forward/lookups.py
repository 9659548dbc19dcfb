"""Questions for upstreams: each asked once at a time, kept, and bounded in number."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial

from registrator_dns.forward.asked import Question
from registrator_dns.forward.cache import Cache
from registrator_dns.forward.counts import Counts
from registrator_dns.forward.flight import Flight, Patience
from registrator_dns.forward.response import FAILURE, Response
from registrator_dns.forward.routes import Places
from registrator_dns.forward.trail import TOKEN_SIZE
from registrator_dns.forward.upstreams import Upstreams

_FAILURE_KEPT = 1.0  # seconds: RFC 9520 section 3.2 wants one at least
_SHARE = 4  # one client may have every fourth place

Finish = Callable[[Response, int], None]
"""Takes a response and its age in seconds."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question, and the upstreams that it is for."""

    question: Question
    places: Places

    def kept_as(self) -> Hashable:
        """Say what the answer depends on; the case of the name is nothing."""
        asked = self.question
        name, rest = asked.octets[:-4].lower(), asked.octets[-4:]
        return name + rest, asked.do, asked.cd, self.places

    def asked_as(self) -> Hashable:
        """Say what one query can find out for several.

        Not for those that came another way: two forwarders would wait for each other.
        """
        return self.kept_as(), self.question.udp, self.question.trail


@dataclass(slots=True)
class _Waiter:
    client: str
    finish: Finish | None
    timer: asyncio.TimerHandle | None = None

    def end(self, response: Response) -> None:
        """Finish, if that was not done before."""
        if self.timer is not None:
            self.timer.cancel()
        if self.finish is not None:
            finish, self.finish = self.finish, None
            finish(response, 0)


@dataclass(slots=True)
class _Flying:
    flight: Flight
    waiting: list[_Waiter] = field(default_factory=list)


class Lookups:
    """Finds answers in the cache, or has them fetched.

    It holds no more than *most* queries, and of one client no more than a quarter;
    what is beyond that fails at once.
    """

    def __init__(self, cache: Cache, patience: Patience, counts: Counts) -> None:
        self.token = secrets.token_bytes(TOKEN_SIZE)
        """Marks the queries of this process."""
        self._cache = cache
        self._patience = patience
        self._counts = counts
        self._upstreams = Upstreams()
        self._flying: dict[Hashable, _Flying] = {}
        self._clients: Counter[str] = Counter()

    def open(self, most: int) -> None:
        """Begin to hold queries, at most so many, in the loop that runs."""
        self._most = most
        self._loop = asyncio.get_running_loop()

    def find(
        self, lookup: Lookup, client: str, finish: Finish, *, is_soon: bool = False
    ) -> None:
        """Call *finish* once: with a response that is kept, else when one comes.

        It is `FAILURE` where none can be had. *is_soon*: wait less for it, and not
        at all where all upstreams failed before.
        """
        kept = self._cache.get(lookup.kept_as(), self._loop.time())
        if kept is not None:
            self._counts.cached += 1
            finish(*kept)
        elif not lookup.places or self._is_one_too_many(client):
            finish(FAILURE, 0)
        else:
            works = self._upstreams.some_work(lookup.places)
            waiter = _Waiter(client, finish)
            self._fetch(lookup, waiter)
            if is_soon:
                seconds = self._patience.local if works else 0
                waiter.timer = self._loop.call_later(seconds, waiter.end, FAILURE)

    def cancel(self) -> None:
        """Fetch nothing more, and tell nobody."""
        for flying in self._flying.values():
            flying.flight.cancel()
            for waiter in flying.waiting:
                waiter.finish = None
                waiter.end(FAILURE)
        self._flying.clear()
        self._clients.clear()

    def _fetch(self, lookup: Lookup, waiter: _Waiter) -> None:
        key = lookup.asked_as()
        flying = self._flying.get(key)
        if flying is None:
            self._counts.asked += 1
            flying = self._flying[key] = _Flying(self._start(lookup))
        else:
            self._counts.joined += 1
        flying.waiting.append(waiter)
        self._clients[waiter.client] += 1

    def _is_one_too_many(self, client: str) -> bool:
        mine = self._clients.get(client, 0)
        if self._clients.total() < self._most and mine < max(self._most // _SHARE, 1):
            return False
        self._counts.overload += 1
        return True

    def _start(self, lookup: Lookup) -> Flight:
        return Flight(
            lookup.question,
            lookup.places,
            token=self.token,
            upstreams=self._upstreams,
            patience=self._patience,
            done=partial(self._landed, lookup),
        )

    def _landed(self, lookup: Lookup, response: Response) -> None:
        if response is FAILURE:
            self._counts.failed += 1
        seconds = _FAILURE_KEPT if response is FAILURE else response.lifetime
        self._cache.put(lookup.kept_as(), response, self._loop.time(), seconds)
        flying = self._flying.pop(lookup.asked_as())
        self._clients.subtract(waiter.client for waiter in flying.waiting)
        self._clients += Counter()  # forget those at zero
        for waiter in flying.waiting:
            waiter.end(response)
