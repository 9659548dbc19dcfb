"""What is said of one check, each value as the type it must have or refused."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from registrator.labels import whitelist
from registrator.labels.addresses import Location
from registrator.labels.durations import seconds
from registrator.labels.tags import split_tags
from registrator.labels.whitelist import Refused, shown
from registrator.model import ContainerId, endpoint

MOST_IN_A_ROW = 100
"""For SERVICE_CHECK_RISE and _FALL."""

_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}): *([ -~]{0,1024})")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_STATUS = re.compile(r"([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?")
_MOST_STATUSES = 32

Asked = Mapping[str, str]
"""What was asked for one check, without `check_` and its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is checked."""

    address: str
    port: int
    container: ContainerId
    places: Mapping[str, Location] = field(default_factory=dict)
    """Where else that is reached, by the words of SERVICE_CHECK_ADDRESS."""
    chosen: bool = False
    """Whether it is an address that the container itself names."""

    def __str__(self) -> str:
        return endpoint(self.address, self.port)


def place(asked: Asked, target: Target) -> Target:
    """Move *target* to where SERVICE_CHECK_ADDRESS wants it."""
    wanted = asked.get("address", "")
    if not wanted:
        return target
    if found := target.places.get(wanted.lower()):
        if not found.address:
            raise Refused(f"check_address is {wanted.lower()}: {found.reason}")
        address = whitelist.address(found.address)
        return replace(target, address=address, port=found.port)
    try:
        address = whitelist.address(wanted)
    except Refused as refused:
        raise Refused(
            f"check_address is published, container or an address: {refused}"
        ) from None
    known = {target.address, *(each.address for each in target.places.values())}
    return replace(target, address=address, chosen=address not in known)


def duration(asked: Asked, key: str) -> float | None:
    """The seconds that *key* asks for; None for nothing and for zero."""
    value = asked.get(key, "").strip()
    try:
        return (seconds(value) or None) if value else None
    except ValueError:
        raise Refused(
            f"check_{key} is no duration such as 10s, 1m30s or 0.5: {shown(value)}"
        ) from None


def in_a_row(asked: Asked, key: str) -> int:
    """How many results of one kind decide; 1 where nothing is said."""
    value = asked.get(key, "").strip() or "1"
    if re.fullmatch(r"[0-9]{1,3}", value) and 1 <= int(value) <= MOST_IN_A_ROW:
        return int(value)
    raise Refused(f"check_{key} is no number from 1 to {MOST_IN_A_ROW}: {shown(value)}")


def text(key: str, value: str, longest: int, also: str = "") -> str:
    """Pass *value* where it is printable, *also* with those, and not too long."""
    sound = all(char.isprintable() or char in also for char in value)
    if len(value) > longest or not sound:
        raise Refused(f"check_{key} is not printable or too long: {shown(value)}")
    return value


def host(key: str, value: str) -> str:
    """Pass the name of a host."""
    if not value or _HOST.fullmatch(value):
        return value
    raise Refused(f"check_{key} is no name of a host: {shown(value)}")


def statuses(value: str) -> tuple[tuple[int, int], ...]:
    """Read `200` and `200-299,401`."""
    ranges = []
    parts = value.split(",", _MOST_STATUSES) if value.strip() else ()
    for part in parts:
        found = _STATUS.fullmatch(part.strip())
        first, last = (found[1], found[2] or found[1]) if found else ("", "")
        if found is None or first > last or len(parts) > _MOST_STATUSES:
            raise Refused(
                "check_status is no list of HTTP statuses such as 200-299,401: "
                f"{shown(value)}"
            )
        ranges.append((int(first), int(last)))
    return tuple(ranges)


def headers(value: str) -> tuple[tuple[str, str], ...]:
    """Read `Name: value,Other: value`, with commas escaped as in tags."""
    found = []
    for part in split_tags(value):
        pair = _HEADER.fullmatch(part.strip())
        if pair is None:
            raise Refused(f"check_header is no `Name: value`: {shown(part)}")
        found.append((pair.group(1), pair.group(2)))
    return tuple(found)


def command(value: str, target: Target) -> tuple[str, ...]:
    """Cut *value* into arguments as a shell would; no shell is ever asked."""
    try:
        arguments = shlex.split(value)
    except ValueError as error:
        problem = str(error).lower()
        raise Refused(f"the check's command {shown(value)}: {problem}") from None
    if not arguments or len(value) > 4096 or not all(map(str.isprintable, arguments)):
        raise Refused(f"the check's command cannot be run: {shown(value)}")
    return tuple(
        argument.replace("$SERVICE_IP", target.address).replace(
            "$SERVICE_PORT", str(target.port)
        )
        for argument in arguments
    )
