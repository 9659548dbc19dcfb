"""Answers from other servers: for whom, for what, and from where."""

import resource
from collections.abc import Callable, Sequence

from registrator.model import endpoint
from registrator_dns import text, wire
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.forward.asked import Question
from registrator_dns.forward.cache import Cache
from registrator_dns.forward.chase import Found, complete
from registrator_dns.forward.clients import Clients
from registrator_dns.forward.counts import Counts
from registrator_dns.forward.delivery import Client, deliver, refuse
from registrator_dns.forward.flight import Patience
from registrator_dns.forward.lookups import Finish, Lookup, Lookups
from registrator_dns.forward.options import Forwarding
from registrator_dns.forward.resolv_conf import ResolvConf
from registrator_dns.forward.response import Response
from registrator_dns.forward.routes import Places, Routes
from registrator_dns.forward.special import special
from registrator_dns.forward.trail import is_circle, trail
from registrator_dns.names import Endpoint, Labels
from registrator_dns.query import Query

Limit = Callable[[bytes, bytes, str], bytes | None]
"""Says what is sent over UDP where a packet has a reply, for a client; or nothing."""

MOST_WAITING = 1000
"""Queries that wait for upstreams at once; one client has at most a quarter."""

# Types that are about messages and transfers, and mean nothing to whom we ask.
_META = {wire.OPT, 249, 250, wire.IXFR, wire.AXFR, 253, 254}


class Forwarder:
    """Answers what is elsewhere, between `open` and `close`.

    Everything happens in callbacks of the event loop, and none of them waits.
    """

    def __init__(
        self,
        options: Forwarding,
        *,
        resolv_conf: ResolvConf | None = None,
        most: int = MOST_WAITING,
        patience: Patience | None = None,
        limit: Limit | None = None,
    ) -> None:
        """*most* queries wait at once; what is beyond fails at once.

        What goes over UDP, whoever knew it, goes through *limit*.
        """
        self.counts = Counts()
        self._clients = Clients(options.allow)
        self._routes = Routes(options, resolv_conf or ResolvConf())
        self._most = most
        self._limit = limit
        self._lookups = Lookups(
            Cache(options.cache), patience or Patience(), self.counts
        )

    def open(self, listen: Sequence[Endpoint]) -> None:
        """Begin, answering on *listen*; raise `ConfigError` for an upstream there."""
        self._routes.open(listen)
        # Whoever waits has a socket; as many are left for everything else.
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        is_bounded = soft != resource.RLIM_INFINITY
        self._lookups.open(min(self._most, soft // 2) if is_bounded else self._most)

    def close(self) -> None:
        """End; who waits is not answered."""
        self._lookups.cancel()

    def ask(
        self,
        elsewhere: Elsewhere,
        packet: bytes,
        client: str,
        *,
        udp: bool,
        reply: Callable[[bytes], None],
    ) -> None:
        """Answer *packet* through *reply*, at once or later, as `Forward` promises."""
        if udp and self._limit is not None:
            reply = _limited(self._limit, packet, client, reply)
        asker = Client.of(elsewhere.query, packet, udp=udp)
        may_recurse = self._clients.may_recurse(client)
        query, octets = _wanted(elsewhere, packet)
        tokens = trail(packet, elsewhere.query)
        is_fit = bool(asker.flags & wire.RD) and query.kind not in _META
        source: Response | Places | None = None
        if may_recurse and is_fit and not is_circle(tokens, self._lookups.token):
            source = self._source(query)
        finish = _finish(elsewhere, asker, octets, reply)
        if source is None:
            self.counts.refused += not elsewhere.local
            refusal = refuse(asker, wire.REFUSED, recursive=may_recurse)
            reply(elsewhere.local or refusal)
        elif isinstance(source, Response):
            self.counts.special += 1
            finish(source, 0)
        else:
            cd = bool(asker.flags & wire.CD)
            question = Question(
                octets=octets, do=asker.do, cd=cd, udp=udp, trail=tokens
            )
            is_soon = bool(elsewhere.local)
            self._lookups.find(
                Lookup(question, source), client, finish, is_soon=is_soon
            )

    def outlook(self, query: Query) -> tuple[str, str]:
        """Say, as `Beyond` does, what becomes of a query of who may recurse."""
        source = None if query.kind in _META else self._source(query)
        if source is None:
            return "REFUSED", "the name is in no domain of this responder or upstream"
        if isinstance(source, Response):
            return text.rcode(source.rcode), "a special name, which is never forwarded"
        places = ", ".join(endpoint(*place) for place in source) or "no upstream"
        return "FORWARDED", f"for clients who may recurse, to {places}"

    def _source(self, query: Query) -> Response | Places | None:
        """Find what is said of a name, or who is asked; None: it is not forwarded."""
        places = self._routes.zone(query.labels)
        if places is not None:
            return places
        return special(query) or self._routes.others()


def _limited(
    limit: Limit, packet: bytes, client: str, reply: Callable[[bytes], None]
) -> Callable[[bytes], None]:
    def send(octets: bytes) -> None:
        allowed = limit(packet, octets, client)
        if allowed:
            reply(allowed)

    return send


def _wanted(elsewhere: Elsewhere, packet: bytes) -> tuple[Query, bytes]:
    """Give what is to be found out, also as the octets of a question."""
    query, target = elsewhere.query, elsewhere.target
    if not elsewhere.local:
        return query, packet[wire.HEADER_SIZE : query.end]
    octets = target + packet[query.end - 4 : query.end]
    labels = _labels(target)
    end = wire.HEADER_SIZE + len(octets)
    return Query(labels, query.kind, query.cls, end, query.edns), octets


def _labels(name: bytes) -> Labels:
    """Split a name of ours, which has no pointers, into its labels."""
    labels = []
    at = 0
    while size := name[at]:
        labels.append(name[at + 1 : at + 1 + size].lower())
        at += 1 + size
    return tuple(labels)


def _finish(
    elsewhere: Elsewhere, asker: Client, octets: bytes, reply: Callable[[bytes], None]
) -> Finish:
    """Say how a response to the question *octets* becomes the answer."""

    def finish(response: Response, age: int) -> None:
        if elsewhere.local:
            found = Found(octets, response, age)
            reply(complete(elsewhere.local, elsewhere.query.end, found, asker.size))
        else:
            reply(deliver(response, age, asker))

    return finish
