"""What readers of Eureka see: whole snapshots, kept up by deltas.

The instances are read as a whole once, then only what changed. A delta holds all
changes of the last minutes, again and again; the digest that comes with it tells
whether they lead to what the server holds, else all is read anew.
"""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Mapping
from typing import Final, cast, get_args

from registrator.backend import Reading
from registrator.fitness import Status
from registrator.model import Instance, Transport
from registrator_backends.eureka.client import EurekaClient
from registrator_backends.eureka.entry import Entry, Listing, digest
from registrator_backends.eureka.record import (
    ID,
    OWNER,
    PRIORITY,
    RESERVED,
    TAGS,
    TRANSPORT,
    WEIGHT,
)
from registrator_backends.eureka.roster import Place

_ADDED_BY_US: Final = "management.port"


async def readings(
    client: EurekaClient, poll: float, name: str = ""
) -> AsyncIterator[Reading]:
    """Yield what the servers hold, whenever it has changed; look every *poll* s."""
    before: Reading | None = None
    known: Listing | None = None
    server = ""
    while True:
        if name:
            known = await client.application(name.upper())
        else:
            # What another server has to say does not go with what this one said.
            known = await _next(client, known if client.server == server else None)
        server = client.server
        reading = to_reading(known)
        if reading != before:
            yield reading
            before = reading
        await asyncio.sleep(poll)


async def _next(client: EurekaClient, known: Listing | None) -> Listing:
    """Read on from what is *known*, None for nothing.

    What is read as a whole may be older than the delta: both lie in caches.
    """
    delta = await client.delta()
    server = client.server
    if known is not None and delta is not None:
        now = changed(known, delta)
        if _agree(now, delta):
            return now
    whole = await client.everything()
    if delta is not None and client.server == server:
        now = changed(whole, delta)
        if _agree(now, delta):
            return now
    return whole


def changed(known: Listing, delta: Listing) -> Listing:
    """Apply a delta; what it says of an earlier time than is known changes nothing."""
    entries = {entry.place: entry for entry in known.entries}
    for entry in delta.entries:
        before = entries.get(entry.place)
        if before is not None and before.updated > entry.updated:
            continue
        if entry.action == "DELETED":
            entries.pop(entry.place, None)
        else:
            entries[entry.place] = entry
    return Listing(entries=tuple(entries.values()), skipped=known.skipped)


def _agree(now: Listing, delta: Listing) -> bool:
    return digest(entry.status for entry in now.entries) == delta.digest


def to_reading(listing: Listing) -> Reading:
    """Show instances as readers of any registry see them."""
    return Reading(
        instances={key(entry.place): to_instance(entry) for entry in listing.entries},
        skipped=listing.skipped,
    )


def key(place: Place) -> str:
    """Name an instance: its application, and its id there."""
    return "/".join(place)


def to_instance(entry: Entry) -> Instance:
    """Read an instance; what we noted in its metadata comes back as it was."""
    notes = entry.metadata
    transport = notes.get(TRANSPORT, "tcp")
    return Instance(
        id=notes.get(ID, entry.id),
        name=entry.vip if entry.vip.upper() == entry.app else entry.app.lower(),
        address=entry.address,
        port=entry.port or entry.secure_port,
        transport=cast(
            "Transport", transport if transport in get_args(Transport) else "tcp"
        ),
        tags=_tags(notes.get(TAGS, "[]")),
        metadata=_others(notes),
        status=Status.PASSING if entry.status == "UP" else Status.CRITICAL,
        priority=_number(notes.get(PRIORITY, "")),
        weight=_number(notes.get(WEIGHT, "")),
        node=notes.get(OWNER) or _host_name(entry.host),
    )


def _others(notes: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out what is ours: of what others wrote, nothing."""
    ours = {_ADDED_BY_US} if OWNER in notes else set()
    return {
        key: value
        for key, value in notes.items()
        if key not in ours and not key.startswith(RESERVED)
    }


def _tags(text: str) -> tuple[str, ...]:
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(tags, list):
        return ()
    return tuple(tag for tag in tags if isinstance(tag, str))


def _number(text: str) -> int:
    """Read a priority or weight; 1 where there is none."""
    sound = text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536
    return int(text) if sound else 1


def _host_name(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""
