"""What the operator's own configuration has, which no service gets by asking. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from registrator_haproxy.configuration.bind import Bind
from registrator_haproxy.configuration.model import Configuration

FRONTEND: Final = "auto"
"""The shared frontend that routes are of; the operator may have one of that name."""

_LISTENS: Final = re.compile(r"(bind|dgram-bind|peer|stats\s+socket)\s")
_PORTS: Final = re.compile(r":([0-9]{1,5})(?:-([0-9]{1,5}))?(?![0-9])", re.ASCII)
_PROXIES: Final = ("backend", "frontend", "listen")


def held(base: Configuration) -> Iterator[tuple[str, str]]:
    """Say what there is, and whose it is."""
    yield frontend_name(FRONTEND), f"frontend {FRONTEND}"
    for name, frontend in base.frontends.items():
        who = f"frontend {name}"
        yield frontend_name(name), who
        yield from ((place(each), who) for each in frontend.listen)
        yield from _said(frontend.lines, who)
    for name, service in base.services.items():
        who = f"service {name}"
        yield backend_name(service.backend_name or name), who
        yield frontend_name(name), who
        if service.listen is not None:
            yield place(service.listen), who
        yield from (
            (route(r.host or "", r.path), who)
            for r in service.routes
            if r.frontend == FRONTEND
        )
        yield from _said(service.frontend, who)
    yield from _said(base.global_, "the section global")
    for title, lines in base.extra.items():
        yield from _section(title)
        yield from _said(lines, f"the section {title}")
    yield from _files(base)


def place(bind: Bind) -> str:
    """Say where something listens; as HAProxy has it, a port is one on any address."""
    return port(bind.port) if bind.port else str(bind)


def port(number: int) -> str:
    """Say which port."""
    return f"port {number}"


def frontend_name(name: str) -> str:
    """Say which frontend."""
    return f"the frontend's name {name}"


def backend_name(name: str) -> str:
    """Say which backend."""
    return f"the backend's name {name}"


def route(host: str, path: str) -> str:
    """Say which requests of the shared frontend."""
    return f"the route {host or 'any host'}{path or '/'}"


def _said(lines: Iterable[str], who: str) -> Iterator[tuple[str, str]]:
    """Find the ports in lines of the operator's: HAProxy would share them."""
    for line in filter(_LISTENS.match, map(str.strip, lines)):
        for first, last in _PORTS.findall(line):
            for number in range(int(first), min(int(last or first), 65535) + 1):
                yield port(number), who


def _section(title: str) -> Iterator[tuple[str, str]]:
    match title.split():
        case [kind, name] if kind in _PROXIES:
            yield backend_name(name), f"the section {title}"
            # As the frontend of a service is called in HAProxy's file.
            yield frontend_name(name.removesuffix("-in")), f"the section {title}"


def _files(base: Configuration) -> Iterator[tuple[str, str]]:
    """Find files beside those of services: a name would make a service's that one."""
    directories = {each.directory for each in base.outputs if each.directory}
    files = {path for each in base.outputs for path in (each.file, each.template)}
    for path in filter(None, files):
        directory, _, name = path.rpartition("/")
        if directory in directories and name.endswith(".json"):
            yield backend_name(name.removesuffix(".json")), f"the file {path}"
