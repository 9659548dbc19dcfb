"""Where in which Consul the keys are, and what they hold: the URI's prefix, options."""

from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from registrator.backend import Site
from registrator.errors import ConfigError
from registrator.uri import attempt, without_secrets
from registrator_backends.consul.uri import ConsulAddress, read_address
from registrator_backends.consulkv.layout import Layout, is_path
from registrator_backends.values import Format

SHORTEST: Final = 10.0
"""Seconds that a session of Consul's lasts at least (HTTP API, "Create Session")."""
LONGEST: Final = 86400.0

_INDEX: Final = "registrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class KvAddress:
    """A part of one Consul's keys, with all that is needed to speak of them."""

    agent: ConsulAddress
    layout: Layout
    format: Format


def read_kv_address(uri: str, site: Site) -> KvAddress:
    """Read *uri* and what *site* says; raise `ConfigError` with every mistake."""
    problems: list[str] = []
    shown = without_secrets(uri)
    agent = attempt(
        problems,
        lambda: read_address(uri, site.environment, options=("format", "index")),
    )
    options = agent.options if agent else {}
    format_ = options.get("format", "plain")
    if format_ not in get_args(Format):
        problems.append(f"{shown}: format {format_!r} is neither plain nor json")
    problems += _ttl_problems(site)
    prefix = agent.path.strip("/") if agent else ""
    index = options.get("index", _INDEX).strip("/")
    problems += _place_problems(shown, prefix, index)
    if problems or agent is None:
        raise ConfigError(*problems)
    return KvAddress(
        agent=_showing(agent, prefix),
        layout=Layout(prefix=prefix, index=index, node=site.node),
        format=cast("Format", format_),
    )


def _ttl_problems(site: Site) -> list[str]:
    if not site.ttl or SHORTEST <= site.ttl <= LONGEST:
        return []
    limits = f"{SHORTEST:g} to {LONGEST:g} seconds"
    return [f"-ttl {site.ttl:g}: Consul's sessions last {limits}; 0 does without"]


def _place_problems(shown: str, prefix: str, index: str) -> list[str]:
    problems = []
    if prefix and not is_path(prefix):
        problems.append(f"{shown}: prefix {prefix!r} holds parts that no URL can")
    if not is_path(index):
        problems.append(f"{shown}: index {index!r} cannot stand in a URL")
    elif f"{prefix}/".startswith(f"{index}/"):
        problems.append(f"{shown}: prefix {prefix!r} lies in the index {index!r}")
    return problems


def _showing(agent: ConsulAddress, prefix: str) -> ConsulAddress:
    """Have every message name the prefix too."""
    place = agent.place
    colon = ":" if place.socket else ""
    uri = f"{place.uri}{colon}/{prefix}" if prefix else place.uri
    return replace(agent, place=replace(place, uri=uri))
