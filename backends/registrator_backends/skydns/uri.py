"""Where SkyDNS's tree is, and which part of it is ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registrator.backend import Site
from registrator.errors import ConfigError, Rejected
from registrator_backends.etcd.uri import EtcdAddress, read_address
from registrator_backends.skydns.labels import labels_of
from registrator_backends.skydns.layout import SkydnsLayout

_OPTIONS: Final = ("path", "zone", "record_ttl", "reverse")
_PATH: Final = re.compile(r"[!-.0-~]+(?:/[!-.0-~]+)*")
_LONGEST_DOMAIN: Final = 180  # so that a name and an id have their labels below it
_LONGEST_TTL: Final = 2**31 - 1  # RFC 2181 section 8
_WORDS: Final[Mapping[str, bool]] = {"": True, "true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class SkydnsAddress:
    """A cluster, and how services lie there."""

    address: EtcdAddress
    layout: SkydnsLayout
    reverse: bool
    """Whether pointers from addresses to names are wanted."""


def read_uri(uri: str, site: Site) -> SkydnsAddress:
    """Read ``skydns2://host:port,host:port/domain``; raise `ConfigError`."""
    address = read_address(uri, site.environment, options=_OPTIONS)
    problems: list[str] = []
    domain, path = _tree(address, problems)
    layout = SkydnsLayout(
        domain=_domain(domain, problems),
        path=path,
        record_ttl=_record_ttl(address.options.get("record_ttl", "5"), problems),
        node=site.node,
        address=site.address,
        adopting=site.cleanup,
    )
    reverse = _WORDS.get(address.options.get("reverse", "true").lower())
    if reverse is None:
        problems.append("option reverse is neither true nor false")
    if problems or reverse is None:
        raise ConfigError(*(f"{address.uri}: {problem}" for problem in problems))
    return SkydnsAddress(address=address, layout=layout, reverse=reverse)


def _tree(address: EtcdAddress, problems: list[str]) -> tuple[str, str]:
    """Tell the domain and the path of the tree.

    With ``?zone=domain`` what stands behind the hosts is the path, as the coredns
    backend of fayrus/registrator has it.
    """
    options = address.options
    domain, path = address.path, options.get("path", "/skydns")
    if "zone" in options:
        if "path" in options:
            problems.append("with the option zone, the path stands behind the hosts")
        domain, path = options["zone"], address.path or "/skydns"
    path = path.strip("/")
    if not _PATH.fullmatch(path):
        problems.append(f"option path: {path[:80]!r} is no path")
    return domain, path


def _domain(text: str, problems: list[str]) -> str:
    domain = text.lower().removesuffix(".")
    if not domain:
        problems.append("a domain is needed, as in skydns2://host:port/domain")
        return domain
    try:
        labels_of(domain)
    except Rejected as error:
        problems.append(str(error).replace("name", "domain", 1))
    if domain.rpartition(".")[2] == "arpa":
        problems.append(f"domain {domain[:80]!r} belongs to the names of addresses")
    if len(domain) > _LONGEST_DOMAIN:
        problems.append(f"the domain is longer than {_LONGEST_DOMAIN} octets")
    return domain


def _record_ttl(text: str, problems: list[str]) -> int:
    if re.fullmatch("[0-9]{1,10}", text) and int(text) <= _LONGEST_TTL:
        return int(text)
    problems.append(
        f"option record_ttl: {text[:80]!r} is not a number of seconds to {_LONGEST_TTL}"
    )
    return 0
