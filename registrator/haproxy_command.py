"""How the HAProxy side of a daemon is started: its words, and its environment. Pure."""

from collections.abc import Mapping, Sequence

from registrator.haproxy_api import FROM
from registrator.registries import lasting
from registrator.settings import Settings


def wanted(settings: Settings) -> bool:
    """Whether there is to be one."""
    return bool(settings.haproxy) or settings.haproxy_auto


def title(settings: Settings) -> str:
    """Name for people what it follows."""
    if not settings.haproxy:
        return "-haproxy-auto"
    auto = " -haproxy-auto" if settings.haproxy_auto else ""
    return f"-haproxy {settings.haproxy}{auto}"


def words(settings: Settings) -> Sequence[str]:
    """Give the arguments; nothing in them is a secret."""
    file = (settings.haproxy,) if settings.haproxy else ()
    given = {
        "--node-name": settings.node_name,
        "--zone": settings.haproxy_zone,
        "--auto-listen": settings.haproxy_auto_listen,
        "--haproxy-settle": settings.haproxy_settle,
    }
    return (
        *file,
        "--child",
        *(word for name, value in given.items() if value for word in (name, value)),
        *("--state", settings.state, "--log-format", settings.log_format),
        *("--log-level", settings.log_level),
    )


def variables(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Give its environment: what the daemon writes into is what it reads from.

    Where the daemon writes into nothing that others read it follows the same engine.
    """
    found = {name: value for name, value in environment.items() if name != FROM}
    if settings.docker_host:
        found["DOCKER_HOST"] = settings.docker_host
    if settings.haproxy_auto:
        address = f"?address={settings.ip}" if settings.ip else ""
        found[FROM] = " ".join(lasting(settings) or (f"docker://{address}",))
    return found
