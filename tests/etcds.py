"""Backends that speak to an etcd, or to what stands in front of it."""

from typing import Final, Protocol

from registrator.backend import Site
from registrator_backends.etcd import EtcdBackend
from registrator_backends.etcd.backend import read

HERE: Final = Site(node="here")
THERE: Final = Site(node="there")
PREFIX: Final = "/services/"


class Listening(Protocol):
    """An etcd, or a proxy."""

    port: int


def at(server: Listening, options: str = "") -> str:
    """Say the URI of a registry there."""
    return f"etcd://127.0.0.1:{server.port}{PREFIX}{options}"


def opening(uri: str, site: Site = HERE, **limits: float) -> EtcdBackend:
    """Make a backend that waits no longer than *limits* say."""
    address, layout = read(uri, site.environment, node=site.node)
    return EtcdBackend(address, layout, site, **limits)
