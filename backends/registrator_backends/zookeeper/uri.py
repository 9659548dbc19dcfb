"""Where a ZooKeeper ensemble is, and how to speak to it."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from registrator.errors import ConfigError, Rejected
from registrator.model import Service
from registrator.tls import client_context
from registrator.uri import Location, attempt, is_host, read_location
from registrator_backends.secret import Secret
from registrator_backends.zookeeper.acl import Grant, needs_login, read_acl
from registrator_backends.zookeeper.formats import FORMATS
from registrator_backends.zookeeper.index import ROOT
from registrator_backends.zookeeper.paths import child, is_name
from registrator_backends.zookeeper.terms import Login
from registrator_backends.zookeeper.tree import HIDDEN
from registrator_backends.zookeeper.wire import Server

PORT: Final = 2181

_TLS: Final = ("ca", "cert", "key", "server_name")
_FILLED: Final = (*_TLS, "format", "chroot", "acl", "auth", "password_file", "instance")
_TRUE: Final = frozenset({"", "1", "t", "true"})
_FALSE: Final = frozenset({"0", "f", "false"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooKeeperAddress:
    """An ensemble, and where in it services are kept."""

    uri: str
    """For people: without user, password and options."""
    servers: tuple[Server, ...]
    chroot: str = ""
    """What everything of ours is below, the index too; "" for the root."""
    base: str = ""
    """The znode whose children are services, chroot included; "" for the root."""
    format: str = "registrator"
    instance: str = ""
    """What nerve's records call this host; "": by the node's name."""
    deep: bool = False
    """Whether each service says itself where it is, below `chroot`."""
    login: Login = field(default_factory=Login)
    acl: tuple[Grant, ...] = ()

    def directory(self, service: Service) -> str:
        """Say below which znode a service is; raise `Rejected` where it cannot be."""
        parts = service.path.split("/")[1:] if self.deep else [service.name]
        hidden = HIDDEN if self.deep or not self.base else frozenset()
        if not (parts and all(map(is_name, parts))) or parts[0] in hidden:
            what, said = ("path", service.path) if self.deep else ("name", service.name)
            raise Rejected(f"{what} {said[:64]!r} cannot be that of a znode here")
        return child(self.base, "/".join(parts))


def read_address(uri: str, environment: Mapping[str, str]) -> ZooKeeperAddress:
    """Read *uri* and *environment*; raise `ConfigError` with every mistake.

    Certificates and passwords are read here, so that one that cannot be read is
    found before the first connection.
    """
    problems: list[str] = []
    known = ("tls", "paths", *_FILLED)
    location = attempt(problems, lambda: read_location(uri, port=PORT, options=known))
    if location is None:
        raise ConfigError(*problems)
    shown, given = location.uri, location.options
    problems += [
        f"{shown}: option {name} is empty" for name in _FILLED if given.get(name) == ""
    ]
    login = attempt(problems, lambda: _read_login(location, environment))
    encrypted = attempt(problems, lambda: _is_encrypted(location, environment))
    tls = (
        attempt(problems, lambda: _read_tls(given, environment)) if encrypted else None
    )
    chroot = _read_path(problems, f"{shown}: option chroot", given.get("chroot", ""))
    path = _read_path(problems, f"{shown}: the path", location.path)
    if path.startswith((f"/{ROOT}", "/zookeeper/")) or path == "/zookeeper":
        problems.append(f"{shown}: {path} holds something else")
    chosen = given.get("format") or "registrator"
    problems += _odd(location, chosen)
    acl = _read_acl(problems, location, login)
    if problems or login is None:
        raise ConfigError(*problems)
    return ZooKeeperAddress(
        uri=shown,
        servers=tuple(
            Server(
                host=host, port=port, tls=tls, server_name=given.get("server_name", "")
            )
            for host, port in location.servers
        ),
        chroot=chroot,
        base=chroot + path,
        format=chosen,
        instance=given.get("instance", ""),
        deep="paths" in given,
        login=login,
        acl=acl,
    )


def _odd(location: Location, chosen: str) -> Iterator[str]:
    given, known = location.options, ", ".join(FORMATS)
    if chosen not in FORMATS:
        yield f"{location.uri}: unknown format {chosen!r} (known: {known})"
    if "instance" in given and chosen != "nerve":
        yield f"{location.uri}: option instance is for format=nerve"
    if "paths" in given and (given["paths"] or location.path):
        yield f"{location.uri}: option paths has no value, and stands for any path"


def _read_path(problems: list[str], what: str, path: str) -> str:
    """Read a path, with a slash in front and none behind; "" for the root."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    if not all(map(is_name, parts)):
        problems.append(f"{what}: {path!r} cannot be the path of a znode")
    return "".join(f"/{part}" for part in parts)


def _read_acl(
    problems: list[str], location: Location, login: Login | None
) -> tuple[Grant, ...]:
    text = location.options.get("acl")
    if not text:
        return ()
    try:
        acl = read_acl(text)
    except ConfigError as error:
        problems += [f"{location.uri}: option acl: {each}" for each in error.problems]
        return ()
    if needs_login(acl) and login is not None and not login.user:
        problems.append(
            f"{location.uri}: option acl: it gives a right to nobody's user"
        )
    return acl


def _is_encrypted(location: Location, environment: Mapping[str, str]) -> bool:
    said = location.options.get("tls", environment.get("ZOOKEEPER_TLS") or "false")
    if said.lower() not in _TRUE | _FALSE:
        raise ConfigError(f"{location.uri}: tls is neither true nor false")
    encrypted = said.lower() in _TRUE
    needless = [name for name in _TLS if name in location.options and not encrypted]
    if needless:
        raise ConfigError(
            *(f"{location.uri}: option {name} needs TLS: ?tls" for name in needless)
        )
    name = location.options.get("server_name")
    if name and not is_host(name):
        raise ConfigError(f"{location.uri}: option server_name: not a host name")
    return encrypted


def _read_tls(
    options: Mapping[str, str], environment: Mapping[str, str]
) -> ssl.SSLContext:
    problems: list[str] = []
    context = client_context(
        problems,
        ca=options.get("ca") or environment.get("ZOOKEEPER_CA", ""),
        cert=options.get("cert") or environment.get("ZOOKEEPER_CERT", ""),
        key=options.get("key") or environment.get("ZOOKEEPER_KEY", ""),
    )
    if problems:
        raise ConfigError(*problems)
    return context


def _read_login(location: Location, environment: Mapping[str, str]) -> Login:
    """Find user and password; what the URI says comes first."""
    problems: list[str] = []
    user, password = location.user, location.password
    path = location.options.get("password_file")
    if not user:
        user, _, password = environment.get("ZOOKEEPER_AUTH", "").partition(":")
        password = "" if path else password
    by = location.options.get("auth") or "digest"
    if by not in {"digest", "sasl"}:
        problems.append(f"{location.uri}: unknown auth {by!r} (known: digest, sasl)")
    if path and location.password:
        problems.append(f"{location.uri}: the password stands there and in a file")
    if not user and (path or "auth" in location.options):
        problems.append(f"{location.uri}: a way to say who we are, but no user")
    secret = Secret()
    try:
        secret = Secret(password, Path(path) if path else None, free_text=True)
    except OSError as error:
        problems.append(f"the password in {path}: {error.strerror}")
    except ValueError as error:
        problems.append(f"the password in {path}: {error}")
    if problems:
        raise ConfigError(*problems)
    return Login(user=user, password=secret, by="sasl" if by == "sasl" else "digest")
