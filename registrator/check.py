"""A health check as its service asks for it."""

from dataclasses import dataclass

from registrator.fitness import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One health check that was asked for; times are seconds."""

    kind: str
    """http (also for https), tcp, tls, grpc, ttl, script, docker, udp, dns, redis, or
    the name of one that another package has."""
    target: str = ""
    """A URL for http, a container id for docker and script, else address:port."""
    chosen: bool = False
    """Whether its address is one that the container named, for which nobody vouches."""
    asked: str = ""
    """What is asked for: the service of a grpc check ("": the server as a whole), the
    name of a dns one, the datagram of a udp one."""
    command: tuple[str, ...] = ()
    """The argument list of script and docker checks."""
    interval: float | None = None
    timeout: float | None = None
    ttl: float | None = None
    method: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    tls: bool = False
    """Speak TLS to a grpc target; an http target says so in its URL."""
    tls_skip_verify: bool = False
    server_name: str = ""
    """The name that a certificate must have; "": that in the target."""
    statuses: tuple[tuple[int, int], ...] = ()
    """The HTTP statuses that pass, as ranges with both ends; (): Consul's rule, 200 to
    299 pass and 429 warns."""
    expect: str = ""
    """What the answer must have in it."""
    rise: int = 1
    """Successes in a row until it passes."""
    fall: int = 1
    """Failures in a row until it is critical."""
    delay: float = 0.0
    """How long after its container's start it is first run."""
    options: tuple[tuple[str, str], ...] = ()
    """What else was said of one that another package has."""
    initial_status: Status | None = None
    deregister_after: float | None = None
