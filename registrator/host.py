"""What only the engine can tell of this host: its name, and whether we are apart."""

import asyncio
import logging
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registrator.backoff import delays
from registrator.engine import Engine
from registrator.errors import Gone, SourceError
from registrator.model import Container, ContainerId

log = logging.getLogger(__name__)

_MOUNTS: Final = Path("/proc/self/mountinfo")
_GIVEN: Final = frozenset({"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"})
"""Files that an engine makes for each container, in a directory of its id."""
_OWNED: Final = re.compile(r"containers/([0-9a-f]{64})/")
_ID: Final = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The host that this daemon speaks for."""

    node: str
    apart: bool
    """Whether the daemon is a container that does not share the host's network: its
    own address is then not the host's, and must not be registered as such."""


async def ask(engine: Engine, *, node: str, ip: str) -> Host:
    """Ask what *node* and *ip* leave open; raise `SourceError` while nobody knows."""
    name = node or (await engine.info()).name
    candidates = () if ip else own_ids(_mounts(), socket.gethostname())
    apart = await is_apart(engine, candidates)
    if apart:
        log.warning(
            "this container has a network of its own, so the host's address is"
            " unknown: start it with --net host, or give -ip"
        )
    return Host(node=name, apart=apart)


def contained() -> bool:
    """Whether this process is in a container of an engine that we know of."""
    return bool(own_ids(_mounts(), ""))


def guess(node: str, *, contained: bool) -> Host | None:
    """Say what is known without the engine; None where not even *node* is given.

    A container's own name is another each time, and its address may not be the host's.
    """
    if contained and not node:
        return None
    return Host(node=node or socket.gethostname(), apart=contained)


async def wait(
    engine: Engine, *, node: str, ip: str, tell: Callable[[str], None]
) -> Host:
    """Ask for as long as it takes; *tell* is told what is in the way."""
    told = ""
    waits = delays(first=0.2, cap=5.0)
    while True:
        try:
            return await ask(engine, node=node, ip=ip)
        except SourceError as error:
            if str(error) != told:
                log.warning("%s; waiting for the engine", error)
            told = str(error)
        tell(told)
        await asyncio.sleep(next(waits))


def own_ids(mounts: str, hostname: str) -> tuple[ContainerId, ...]:
    """Say which containers this process may be in; none is certain.

    *mounts* is a mountinfo (man 5 proc). The host name is a container's short id
    unless its user gave another one, and may be that of another engine's.
    """
    found: dict[str, None] = {}
    for line in mounts.splitlines():
        root, point = [*line.split(" "), *[""] * 5][3:5]
        if point in _GIVEN and (owner := _OWNED.search(root)):
            found[owner[1]] = None
    if _ID.fullmatch(hostname) and not any(each.startswith(hostname) for each in found):
        found[hostname] = None
    return tuple(map(ContainerId, found))


async def is_apart(engine: Engine, candidates: tuple[ContainerId, ...]) -> bool:
    """Whether the first of *candidates* that the engine knows has its own network.

    Raise `SourceError` unless it says so of one, or knows none of them.
    """
    for candidate in candidates:
        with suppress(Gone):
            own = await engine.inspect(candidate)
            if own.id.startswith(candidate):  # and is not just called so
                return (await _home(engine, own)).network_mode != "host"
    return False


def _mounts() -> str:
    with suppress(OSError):
        return _MOUNTS.read_text(errors="replace")
    return ""


async def _home(engine: Engine, own: Container) -> Container:
    """Return the container whose network *own* lives in: mostly its own."""
    kind, _, other = own.network_mode.partition(":")
    if kind == "container" and other:
        with suppress(Gone):
            return await engine.inspect(ContainerId(other))
    return own
