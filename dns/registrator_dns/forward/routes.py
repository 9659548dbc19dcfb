"""Which upstreams a name goes to."""

from collections.abc import Mapping, Sequence

from registrator.errors import ConfigError
from registrator.model import endpoint
from registrator_dns.forward.addresses import is_own
from registrator_dns.forward.options import Forwarding
from registrator_dns.forward.resolv_conf import ResolvConf
from registrator_dns.names import Endpoint, Labels

Places = tuple[Endpoint, ...]


class Routes:
    """The servers of the longest zone that a name is in, else those for all others."""

    def __init__(self, options: Forwarding, resolv_conf: ResolvConf) -> None:
        self._upstreams = options.upstreams
        self._zones: Mapping[Labels, Places] = options.zones
        self._resolv_conf = resolv_conf if options.resolv_conf else None
        self._listen: Sequence[Endpoint] = ()
        self._seen: Places = ()
        self._foreign: Places = ()

    def open(self, listen: Sequence[Endpoint]) -> None:
        """Learn where we answer; raise `ConfigError` for an upstream that is us."""
        self._listen = listen
        self._seen = self._foreign = ()
        places = {place for each in self._zones.values() for place in each}
        circles = [
            f"dns: upstream {endpoint(*place)} is this responder itself"
            for place in sorted(places.union(self._upstreams))
            if is_own(place, listen)
        ]
        if circles:
            raise ConfigError(*circles)

    def zone(self, labels: Labels) -> Places | None:
        """Find the servers of the zone that a name is in, if it has its own."""
        for start in range(len(labels)) if self._zones else ():
            places = self._zones.get(labels[start:])
            if places is not None:
                return places
        return None

    def others(self) -> Places | None:
        """Give the servers for all other names; None: these are not forwarded."""
        if self._resolv_conf is None:
            return self._upstreams or None
        places = self._resolv_conf.places()
        if places is not self._seen:
            self._seen = places
            self._foreign = tuple(it for it in places if not is_own(it, self._listen))
        return self._foreign
