"""The servers that a running HAProxy has, read out of its own listings.

Source: HAProxy's management guide, `show servers state`, `show servers conn` and `show
stat`; columns are found by their names, which stay where their places do not. A listing
that was cut off is `Garbled`, and never taken for one of fewer servers.
"""

import csv
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from operator import itemgetter
from typing import Final

from registrator_haproxy import whitelist
from registrator_haproxy.layout import NOWHERE

Key = tuple[str, str]
"""A backend's name and a server's: which server is meant."""


class Garbled(ValueError):
    """A listing that is not whole, or none of those that are known."""


class State(IntEnum):
    """How a server does, as checks and slow start have it."""

    STOPPED = 0
    STARTING = 1
    RUNNING = 2
    STOPPING = 3


class Admin(IntFlag):
    """What was decided about a server, whatever its checks say."""

    READY = 0
    FORCED_MAINT = 0x01
    INHERITED_MAINT = 0x02
    """The server it tracks is in maintenance."""
    CONFIGURED_MAINT = 0x04
    """The file says `disabled`: how it began, not how it is."""
    FORCED_DRAIN = 0x08
    INHERITED_DRAIN = 0x10
    UNRESOLVED_MAINT = 0x20
    HOST_NAME_MAINT = 0x40


_MAINT: Final = (
    Admin.FORCED_MAINT
    | Admin.INHERITED_MAINT
    | Admin.UNRESOLVED_MAINT
    | Admin.HOST_NAME_MAINT
)
_DRAIN: Final = Admin.FORCED_DRAIN | Admin.INHERITED_DRAIN
_CHECK_ENABLED: Final = 0x04
_A_SERVER: Final = "2"  # the statistics' type of line
_OUTLINE: Final = (
    *("be_name", "srv_name", "srv_addr", "srv_admin_state", "srv_uweight"),
    *("srv_fqdn", "srv_port"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is attached to a server."""

    connections: int
    """Those in use, by checks as well; idle ones are not among them."""
    sessions: int
    """Requests, or TCP sessions, that are at it."""
    queued: int
    """Requests that wait for it."""

    @property
    def nothing(self) -> bool:
        """Whether nobody would miss the server now."""
        return not (self.connections or self.sessions or self.queued)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveServer:
    """One server as HAProxy has it at this moment."""

    backend: str
    name: str
    id: int
    address: str
    """As HAProxy writes it; "" if a name was never resolved."""
    host: str
    """The name that the address was resolved from; "" if it was none."""
    port: int
    state: State
    admin: Admin
    weight: int
    """The one in force, without what slow start takes off."""
    checked: bool
    """Whether its health check is on."""
    agent_checked: bool
    load: Load | None = None
    """None: it was not asked for."""

    @property
    def in_maintenance(self) -> bool:
        """Whether it takes no traffic and is not checked either."""
        return bool(self.admin & _MAINT)

    @property
    def draining(self) -> bool:
        """Whether it takes nobody but those who have a cookie for it."""
        return bool(self.admin & _DRAIN) and not self.in_maintenance

    @property
    def place(self) -> str:
        """Where it is reached, as the file says it."""
        return f"{self.host or self.address}:{self.port}"

    @property
    def unused(self) -> bool:
        """Whether it is a prepared place that nobody has, or is talked to at."""
        return self.in_maintenance and (self.address, self.port) == NOWHERE

    def is_at(self, address: str, port: int) -> bool:
        """Whether it is reached there."""
        if self.port != port:
            return False
        if not whitelist.is_literal(address):
            return self.host == address
        there = ipaddress.ip_address(address)
        return bool(self.address) and ipaddress.ip_address(self.address) == there

    @property
    def ready(self) -> bool:
        """Whether it takes traffic as long as it is healthy."""
        return not self.admin & (_MAINT | _DRAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How one server does, as the statistics have it."""

    status: str
    """HAProxy's own word, such as `UP`, `DOWN 1/2`, `MAINT`, `no check`."""
    weight: int
    sessions: int
    queued: int
    since: int | None
    """For how many seconds it has been so; None: that is not told."""


def servers(listing: str) -> dict[Key, LiveServer]:
    """Read `show servers state`: every server, in the file's order."""
    found = (_server(row) for row in _rows(_table(listing)))
    return {(each.backend, each.name): each for each in found}


def outline(listing: str) -> str:
    """Say of every server where it is, what was decided about it, and its weight.

    Two listings with the same outline differ in what its checks say and in times alone.
    This takes an eighth of the time of reading all that a listing says.
    """
    title, *lines = _whole(_table(listing))
    columns = title.removeprefix("#").split()
    try:
        places = [columns.index(each) for each in _OUTLINE]
        of = itemgetter(*places)
        enough = max(places) + 1
        return "\n".join([" ".join(of(line.split(" ", enough))) for line in lines])
    except (ValueError, IndexError) as error:
        raise Garbled(f"a server's state: {error}") from error


def with_load(
    found: Mapping[Key, LiveServer], connections: str, statistics: str
) -> dict[Key, LiveServer]:
    """Add what `show servers conn` and `show stat <backend> 4 -1` know of load.

    A server that is not in both came or went in between; what is attached to it stays
    unknown.
    """
    used = {
        _key(row.get("bkname/svname", "")): _number(row, "used_cur")
        for row in _rows(connections)
    }
    sessions = {
        (row.get("pxname"), row.get("svname")): (
            _number(row, "scur"),
            _number(row, "qcur"),
        )
        for row in _statistics(statistics)
    }
    return {
        key: replace(
            each,
            load=Load(
                connections=used[key],
                sessions=sessions[key][0],
                queued=sessions[key][1],
            ),
        )
        if key in used and key in sessions
        else each
        for key, each in found.items()
    }


def figures(statistics: str) -> dict[Key, Figures]:
    """Read `show stat -1 4 -1`: every server of every backend."""
    return {
        (row.get("pxname", ""), row.get("svname", "")): Figures(
            status=row.get("status", ""),
            weight=_number(row, "weight"),
            sessions=_number(row, "scur"),
            queued=_number(row, "qcur"),
            since=_number(row, "lastchg") if row.get("lastchg") else None,
        )
        for row in _statistics(statistics)
    }


def _table(listing: str) -> str:
    version, _, table = listing.lstrip().partition("\n")
    if version.strip() != "1":
        raise Garbled(f"format {version.strip()[:60]!r} of the servers' states")
    return table


def _server(row: Mapping[str, str]) -> LiveServer:
    try:
        return LiveServer(
            backend=row["be_name"],
            name=row["srv_name"],
            id=int(row["srv_id"]),
            address=_unless_none(row["srv_addr"]),
            host=_unless_none(row["srv_fqdn"]),
            port=int(row["srv_port"]),
            state=State(int(row["srv_op_state"])),
            admin=Admin(int(row["srv_admin_state"])),
            weight=int(row["srv_uweight"]),
            checked=bool(int(row["srv_check_state"]) & _CHECK_ENABLED),
            agent_checked=bool(int(row["srv_agent_state"]) & _CHECK_ENABLED),
        )
    except (KeyError, ValueError) as error:
        raise Garbled(f"a server's state: {error}") from error


def _rows(table: str) -> Iterator[Mapping[str, str]]:
    """Read a table whose first line, after a `#`, names the columns."""
    title, *lines = _whole(table)
    columns = title.removeprefix("#").split()
    if columns[-1].endswith("]"):
        # A list, of idle connections by thread; without a pool it is empty.
        del columns[-1]
    for line in lines:
        values = line.split()
        if len(values) < len(columns):
            raise Garbled(f"{len(columns)} columns, and a line of {len(values)}")
        yield dict(zip(columns, values, strict=False))


def _statistics(table: str) -> Iterator[Mapping[str, str]]:
    title, *lines = _whole(table)
    columns = title.removeprefix("#").strip().split(",")
    for row in csv.DictReader(lines, columns):
        if row.get("type") == _A_SERVER:
            yield row


def _whole(table: str) -> list[str]:
    """Split a table into lines; an empty one ends it, and says that it is whole."""
    if not table.startswith("#") or not table.endswith("\n\n"):
        raise Garbled(f"no listing, or not all of it: {table[-60:]!r}")
    return table.rstrip("\n").split("\n")


def _key(joined: str) -> Key:
    backend, _, name = joined.partition("/")
    return backend, name


def _number(row: Mapping[str, str], column: str) -> int:
    try:
        return int(row[column])
    except (KeyError, ValueError) as error:
        raise Garbled(f"no number under {column}") from error


def _unless_none(text: str) -> str:
    return "" if text == "-" else text
