"""Which commands make a server what it is to be, and how that looks when it is done.

Every order may be given again, after a crash between any two of its commands as well.
Source: HAProxy's management guide: `add server`, `enable health`, `set server`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from registrator_haproxy import whitelist
from registrator_haproxy.layout import NOWHERE, Server
from registrator_haproxy.runtime.console import Command
from registrator_haproxy.runtime.live import Admin, LiveServer

# What a server in the file has by itself. One that is added to 2.6.12 has zeros, and so
# would never use a connection twice (HAProxy 8a31783b6); the others take no harm.
_POOL: Final = {"pool-purge-delay": "5s", "pool-max-conn": "-1"}

# Added with this word, a server of 2.6 never gets traffic (haproxy#2497), and 3.0 does
# not take it; each is enabled by an order of its own.
_LEFT_OUT: Final = "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Commands for one server, and whether they have been followed."""

    commands: tuple[Command, ...]
    holds: Callable[[LiveServer], bool]


def add(backend: str, server: Server, found: LiveServer | None) -> Order:
    """Have it there, as it is in the layout, and in use unless it says `disabled`.

    One that is *found* there already, which must be at the same place, keeps its
    options.
    """
    where = _where(backend, server.name)
    commands: list[Command] = [] if found else [_addition(where, server)]
    if checked := "check" in server.options:
        commands.append(("enable", "health", where))
    if agent := "agent-check" in server.options:
        commands.append(("enable", "agent", where))
    if found and server.weight is not None:
        commands.append(("set", "server", where, "weight", str(server.weight)))
    if ready := "disabled" not in server.options:
        # Last: before its checks are on, it would get traffic without any.
        commands.append(("set", "server", where, "state", "ready"))

    def holds(live: LiveServer) -> bool:
        return (
            is_at_its_place(live, server)
            and live.weight == (live.weight if server.weight is None else server.weight)
            and live.checked >= checked
            and live.agent_checked >= agent
            and _is_released(live) >= ready
        )

    return Order(commands=tuple(commands), holds=holds)


def fill(backend: str, server: Server) -> Order:
    """Have a prepared place lead to where the layout has it."""
    where = _where(backend, server.name)
    address, port = whitelist.address(server.address), whitelist.port(server.port)
    weight = server.weight_in_force

    def holds(live: LiveServer) -> bool:
        right = is_at_its_place(live, server) and live.weight == weight
        return right and _is_released(live)

    return Order(
        commands=(
            # If it led elsewhere, idle connections to there are closed by this.
            ("set", "server", where, "state", "maint"),
            ("set", "server", where, "addr", address, "port", str(port)),
            ("set", "server", where, "weight", str(whitelist.weight(weight))),
            ("set", "server", where, "state", "ready"),
        ),
        holds=holds,
    )


def clear(backend: str, name: str) -> Order:
    """Have a prepared place that nobody is talked to at lead nowhere."""
    address, port = NOWHERE
    where = _where(backend, name)
    return Order(
        commands=(
            # Only one that enters maintenance lets go of all idle connections, and
            # whoever has the place next would be sent requests over them.
            ("set", "server", where, "state", "drain"),
            ("set", "server", where, "state", "maint"),
            ("set", "server", where, "addr", address, "port", str(port)),
        ),
        holds=lambda live: live.unused,
    )


def weigh(backend: str, name: str, weight: int) -> Order:
    """Give it this weight."""
    value = str(whitelist.weight(weight))
    command = "set", "server", _where(backend, name), "weight", value
    return Order(commands=(command,), holds=lambda live: live.weight == weight)


def ready(backend: str, name: str) -> Order:
    """Have it take traffic, if it is healthy."""
    return _state(backend, name, "ready", _is_released)


def drain(backend: str, name: str) -> Order:
    """Have it take nobody new, but those who have a cookie for it."""
    return _state(backend, name, "drain", _is_drained)


def maintain(backend: str, name: str) -> Order:
    """Have it take nobody at all; what it is at, it ends."""
    return _state(backend, name, "maint", is_maintained)


def deletion(backend: str, name: str) -> Command:
    """Say that one in maintenance is to go."""
    return "del", "server", _where(backend, name)


def removability(backend: str, name: str) -> Command:
    """Ask, for a moment, whether one in maintenance can be deleted; since 3.0."""
    return "wait", "10ms", "srv-removable", _where(backend, name)


def is_maintained(live: LiveServer) -> bool:
    """Whether it was itself put into maintenance, by whomever."""
    return Admin.FORCED_MAINT in live.admin


def is_at_its_place(live: LiveServer, server: Server) -> bool:
    """Whether what runs is reached where the layout has it."""
    return live.is_at(server.address, server.port)


def _is_released(live: LiveServer) -> bool:
    return not live.admin & (Admin.FORCED_MAINT | Admin.FORCED_DRAIN)


def _is_drained(live: LiveServer) -> bool:
    return Admin.FORCED_DRAIN in live.admin and not is_maintained(live)


def _addition(where: str, server: Server) -> Command:
    whitelist.address(server.address)
    whitelist.port(server.port)
    return "add", "server", where, server.place, *_words(server)


def _words(server: Server) -> Iterator[str]:
    if server.id:
        yield from ("id", str(server.id))
    if server.cookie:
        yield from ("cookie", server.cookie)
    if server.weight is not None:
        yield from ("weight", str(whitelist.weight(server.weight)))
    if server.backup:
        yield "backup"
    yield from _without(server.options, _LEFT_OUT)
    for option, value in _POOL.items():
        if option not in server.options:
            yield from (option, value)


def _without(words: Iterable[str], left_out: str) -> Iterator[str]:
    return (word for word in words if word != left_out)


def _state(
    backend: str, name: str, state: str, holds: Callable[[LiveServer], bool]
) -> Order:
    command = "set", "server", _where(backend, name), "state", state
    return Order(commands=(command,), holds=holds)


def _where(backend: str, name: str) -> str:
    return f"{whitelist.name(backend)}/{whitelist.name(name)}"
