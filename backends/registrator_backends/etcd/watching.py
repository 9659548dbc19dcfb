"""Follows what stands under a prefix: a listing, then every change after it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from registrator.backend import Reading
from registrator.errors import Unavailable
from registrator.model import Instance
from registrator_backends.etcd import wire
from registrator_backends.etcd.client import EtcdClient
from registrator_backends.etcd.faults import Away
from registrator_backends.etcd.layout import Layout, range_end
from registrator_backends.etcd.listing import Listing, Moment, listing, moment
from registrator_backends.etcd.records import text

# Connections lost in a row without news, after which a reader shall hear of it.
_BREAKS: Final = 2


class View:
    """What a reader sees; kept up to date by listings and events."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._instances: dict[str, Instance] = {}
        self._junk: set[bytes] = set()

    def reading(self) -> Reading:
        """Say what stands there now; it does not change with what comes later."""
        return Reading(instances=dict(self._instances), skipped=len(self._junk))

    def begin(self, found: Listing) -> None:
        """Take in a listing in the place of everything."""
        self._instances.clear()
        self._junk.clear()
        for entry in found.entries:
            self._put(entry)

    def take(self, event: "Event") -> None:
        """Take in a change of one key."""
        key = text(event.entry.key)
        self._junk.discard(event.entry.key)
        self._instances.pop(key or "", None)
        if not event.deleted:
            self._put(event.entry)

    def _put(self, entry: wire.Entry) -> None:
        key = text(entry.key)
        instance = None if key is None else self._layout.read(key, entry.value)
        if key is None or instance is None:
            self._junk.add(entry.key)
        else:
            self._instances[key] = instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of one key."""

    revision: int
    entry: wire.Entry
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One answer of a watch; never a part of a revision."""

    moment: Moment
    """When it was sent: at or after the last of its events."""
    opened: bool
    """Whether it only says that the watch has begun."""
    lost: bool
    """Whether the cluster has forgotten some of what was asked for."""
    refused: str
    """Why the watch has ended otherwise, if it has."""
    events: Sequence[Event]


async def follow(
    client: EtcdClient, layout: Layout, name: str
) -> AsyncGenerator[Reading]:
    """Yield what stands there, then again after each change.

    Where the connection breaks, it goes on behind the last change that was seen, at
    another member if need be; where changes are lost, everything is listed again.
    """
    prefix = layout.readers_prefix(name).encode()
    view, last = View(layout), None
    while True:
        found = await listing(client, prefix)
        view.begin(found)
        if (reading := view.reading()) != last:
            yield reading
            last = reading
        async with aclosing(_changes(client, prefix, found.moment)) as changes:
            async for events in changes:
                for event in events:
                    view.take(event)
                if (reading := view.reading()) != last:
                    yield reading
                    last = reading


async def _changes(
    client: EtcdClient, prefix: bytes, since: Moment
) -> AsyncGenerator[Sequence[Event]]:
    """Yield all changes *since*, over broken connections; ends where some are lost."""
    breaks = 0
    while True:
        request = _request(prefix, since.revision + 1)
        async with client.stream("watch", request) as stream:
            while True:
                try:
                    news = await stream.answer(_news)
                except Away:
                    breaks += 1
                    if breaks > _BREAKS:
                        raise
                    break
                if news.refused:
                    raise Unavailable(f"{client.uri}: watch: {news.refused}")
                if news.lost or news.moment.is_before(since):
                    return
                if not news.opened:
                    since, breaks = _seen(news), 0
                if news.events:
                    yield news.events


def _seen(news: News) -> Moment:
    """Say up to where a watch has shown everything."""
    if not news.events:
        return news.moment
    return replace(news.moment, revision=max(each.revision for each in news.events))


def _request(prefix: bytes, revision: int) -> wire.Json:
    said = {
        "key": wire.encoded(prefix),
        "range_end": wire.encoded(range_end(prefix)),
        "start_revision": str(revision),
        "progress_notify": True,
    }
    return {"create_request": said}


def _news(answer: wire.Json) -> News:
    result = wire.part(answer, "result")
    lost = wire.number(result, "compact_revision") > 0
    ended = result.get("canceled") is True and not lost
    return News(
        moment=moment(result),
        opened=result.get("created") is True,
        lost=lost,
        refused=str(result.get("cancel_reason") or "it ended") if ended else "",
        events=[_event(each) for each in wire.parts(result, "events")],
    )


def _event(found: wire.Json) -> Event:
    there = wire.part(found, "kv")
    return Event(
        revision=wire.number(there, "mod_revision"),
        entry=wire.entry(there),
        deleted=found.get("type") == "DELETE",
    )
