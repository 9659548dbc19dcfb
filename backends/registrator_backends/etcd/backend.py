"""``etcd://``: services as keys of an etcd cluster."""

from collections.abc import Mapping
from typing import ClassVar, Final, Self, cast, get_args

from registrator.backend import Site
from registrator.errors import ConfigError
from registrator_backends.etcd.services import ServicesLayout
from registrator_backends.etcd.store import EtcdStore
from registrator_backends.etcd.uri import EtcdAddress, read_address
from registrator_backends.values import Format

_FORMATS: Final = get_args(Format)


class EtcdBackend(EtcdStore):
    """Keeps services as ``/prefix/name/id``."""

    schemes: ClassVar[tuple[str, ...]] = ("etcd", "etcds")

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``etcd://host:port,host:port/prefix?options``."""
        address, layout = read(uri, site.environment, node=site.node)
        return cls(address, layout, site)


def read(
    uri: str, environment: Mapping[str, str], *, node: str
) -> tuple[EtcdAddress, ServicesLayout]:
    """Read where the cluster is and how services lie there."""
    address = read_address(uri, environment, options=("format",))
    said = address.options.get("format", "plain")
    problems = []
    if said not in _FORMATS:
        problems.append(f"{address.uri}: option format is {' or '.join(_FORMATS)}")
    if not address.path.isprintable():
        problems.append(f"{address.uri}: the prefix cannot be printed")
    if problems:
        raise ConfigError(*problems)
    format_ = cast("Format", said)
    return address, ServicesLayout(path=address.path, node=node, format=format_)
